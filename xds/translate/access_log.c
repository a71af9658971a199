/* envoy.config.accesslog.v3.AccessLog with a file, stdout or stderr behind it. */
#include "gateway/log/format.h"

#include "xds/translate/internal.h"

#define FORMAT_BYTES_MAX 65536

static const char *format_text(struct translation *t, const Core__SubstitutionFormatString *format)
{
	struct str text;

	if (!format)
		return log_format_default;
	if (format->format_case == CORE__SUBSTITUTION_FORMAT_STRING__FORMAT_TEXT_FORMAT)
		return format->text_format;
	if (format->format_case == CORE__SUBSTITUTION_FORMAT_STRING__FORMAT_TEXT_FORMAT_SOURCE)
		return translate_data_source(t, format->text_format_source, FORMAT_BYTES_MAX, &text) ?
			text.data : NULL;
	if (format->format_case == CORE__SUBSTITUTION_FORMAT_STRING__FORMAT__NOT_SET)
		FAULT(t, format, NULL, "one of text_format and text_format_source is required");
	return NULL;
}

static void compile(struct translation *t, const void *owner, const char *field, const char *path,
		    const char *format, struct config_access_log *to)
{
	to->path = translate_text(t, path);
	if (!format)
		return;
	to->format = translate_format(t, owner, field, format);
	if (t->env->log_sink)
		to->sink = t->env->log_sink(t->env->log_context, to->path.data);
}

static void translate_file(struct translation *t, const FileLog__FileAccessLog *from,
			   struct config_access_log *to)
{
	const char *format = log_format_default;
	const char *field = "log_format";

	if (!from->path[0]) {
		FAULT(t, from, "path", "required");
		return;
	}
	if (from->access_log_format_case == FILE_LOG__FILE_ACCESS_LOG__ACCESS_LOG_FORMAT_FORMAT) {
		field = "format";
		format = from->format[0] ? from->format : log_format_default;
	} else if (from->access_log_format_case ==
		   FILE_LOG__FILE_ACCESS_LOG__ACCESS_LOG_FORMAT_LOG_FORMAT) {
		format = format_text(t, from->log_format);
	}
	compile(t, from, field, from->path, format, to);
}

static void translate_log(struct translation *t, const Accesslog__AccessLog *from,
			  struct config_access_log *to)
{
	const ProtobufCMessage *config = translate_any_content(
		t, from, "typed_config",
		from->config_type_case == ACCESSLOG__ACCESS_LOG__CONFIG_TYPE_TYPED_CONFIG ?
			from->typed_config : NULL);

	if (!config)
		return;
	if (config->descriptor == &file_log__file_access_log__descriptor)
		translate_file(t, (const FileLog__FileAccessLog *)config, to);
	else if (config->descriptor == &stream_log__stdout_access_log__descriptor)
		compile(t, config, "log_format", "/dev/stdout",
			format_text(t, ((const StreamLog__StdoutAccessLog *)config)->log_format), to);
	else if (config->descriptor == &stream_log__stderr_access_log__descriptor)
		compile(t, config, "log_format", "/dev/stderr",
			format_text(t, ((const StreamLog__StderrAccessLog *)config)->log_format), to);
	else
		FAULT(t, from->typed_config, "@type", "%s is not an access log",
		      config->descriptor->name);
}

void translate_access_logs(struct translation *t, Accesslog__AccessLog *const *logs, size_t count,
			   struct config_access_log **out, uint32_t *out_count)
{
	struct config_access_log *list = config_arena_array(t->arena, count, sizeof(*list));

	*out = list;
	*out_count = list ? (uint32_t)count : 0;
	for (uint32_t i = 0; i < *out_count; i++)
		translate_log(t, logs[i], &list[i]);
}
