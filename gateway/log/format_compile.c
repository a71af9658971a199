#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/exchange/str.h"
#include "gateway/log/format_ops.h"

const char log_format_default[] =
	"[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
	"%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
	"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
	"\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n";

enum argument { NO_ARGUMENT, HEADERS, TIME, ANY_ARGUMENT };
enum type { TEXT, NUMBER };

static const struct command {
	const char *name;
	enum argument argument;
	enum type type;
} commands[LOG_COMMAND_COUNT] = {
	[LOG_LITERAL] = {"", NO_ARGUMENT, TEXT},
#define COMMAND(name, argument, type) [LOG_##name] = {#name, argument, type},
#include "gateway/log/commands.def"
#undef COMMAND
};

#define ARGUMENT_BYTES_MAX 256

static bool no_memory(struct why *why)
{
	return why_set(why, "no memory for a log format");
}

static bool copy_text(struct str *to, const char *data, size_t length, bool lower)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return false;
	for (size_t i = 0; i < length; i++)
		copy[i] = lower ? str_lower1(data[i]) : data[i];
	copy[length] = '\0';
	*to = (struct str){copy, (uint32_t)length};
	return true;
}

static struct log_op *add_op(struct log_format *format, enum log_command command)
{
	if (format->count == format->capacity) {
		uint32_t capacity = format->capacity ? format->capacity * 2 : 16;
		struct log_op *grown = realloc(format->ops, capacity * sizeof(*grown));

		if (!grown)
			return NULL;
		format->ops = grown;
		format->capacity = capacity;
	}
	struct log_op *op = &format->ops[format->count++];

	*op = (struct log_op){.command = command};
	return op;
}

static bool add_literal(struct log_format *format, const char *data, size_t length, bool escaped)
{
	if (length == 0)
		return true;
	struct log_op *op = add_op(format, LOG_LITERAL);

	if (op && escaped)
		op->quoting = LOG_JSON_INSIDE;
	return op && copy_text(&op->text, data, length, false);
}

/* Header names: "NAME" or "NAME?OTHER". */
static bool take_headers(struct log_op *op, const char *data, size_t length)
{
	const char *mark = memchr(data, '?', length);
	size_t first = mark ? (size_t)(mark - data) : length;

	if (!copy_text(&op->text, data, first, true))
		return false;
	op->text_id = header_id_find(op->text);
	if (!mark)
		return true;
	if (!copy_text(&op->other, mark + 1, length - first - 1, true))
		return false;
	op->other_id = header_id_find(op->other);
	return true;
}

static bool take_argument(struct log_op *op, const char *data, size_t length, size_t position,
			  struct why *why)
{
	const struct command *command = &commands[op->command];

	if (length > ARGUMENT_BYTES_MAX)
		return why_set(why, "position %zu: the argument of %%%s%% is too long", position,
			       command->name);
	switch (command->argument) {
	case HEADERS:
		if (length == 0 || data[0] == '?')
			return why_set(why, "position %zu: %%%s(…)%% needs a header name", position,
				       command->name);
		return take_headers(op, data, length) ? true : no_memory(why);
	case TIME:
		if (!copy_text(&op->text, data, length, false))
			return no_memory(why);
		if (log_time_check(op->text) != UINT32_MAX)
			return why_set(why, "position %zu: unknown time conversion in %%%s(%.*s)%%",
				       position + log_time_check(op->text), command->name,
				       (int)length, data);
		return true;
	case ANY_ARGUMENT:
		return true;
	default:
		return why_set(why, "position %zu: %%%s%% takes no argument", position,
			       command->name);
	}
}

static bool without_argument(struct log_op *op, size_t position, struct why *why)
{
	char name[256];

	switch (op->command) {
	case LOG_REQ:
	case LOG_RESP:
	case LOG_TRAILER:
		return why_set(why, "position %zu: %%%s%% needs a header name in brackets", position,
			       commands[op->command].name);
	case LOG_START_TIME:
		return copy_text(&op->text, log_time_default, strlen(log_time_default), false)
			       ? true
			       : no_memory(why);
	case LOG_HOSTNAME:
		if (gethostname(name, sizeof(name)) != 0)
			name[0] = '\0';
		name[sizeof(name) - 1] = '\0';
		return copy_text(&op->text, name, strlen(name), false) ? true : no_memory(why);
	default:
		return true;
	}
}

static enum log_command find_command(const char *name, size_t length)
{
	for (uint32_t i = LOG_LITERAL + 1; i < LOG_COMMAND_COUNT; i++) {
		if (strlen(commands[i].name) == length &&
		    memcmp(commands[i].name, name, length) == 0)
			return (enum log_command)i;
	}
	return LOG_LITERAL;
}

/* ":12%" at p; NULL when it is not that. */
static const char *take_length(struct log_op *op, const char *p)
{
	if (*p == ':') {
		const char *digits = ++p;

		while (*p >= '0' && *p <= '9' && op->length_max < 1000000)
			op->length_max = op->length_max * 10 + (uint32_t)(*p++ - '0');
		if (p == digits || op->length_max == 0)
			return NULL;
	}
	return *p == '%' ? p + 1 : NULL;
}

/* The ")" that ends an argument: the first one before "%" or ":". */
static const char *argument_end(const char *p)
{
	for (p = strchr(p, ')'); p && p[1] != '%' && p[1] != ':';)
		p = strchr(p + 1, ')');
	return p;
}

/* One command; *cursor is behind its "%". */
static bool take_command(struct log_format *format, const char *text, const char **cursor,
			 struct why *why)
{
	const char *name = *cursor, *p = name;
	size_t position = (size_t)(name - text) - 1;

	while ((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_')
		p++;
	enum log_command command = find_command(name, (size_t)(p - name));

	if (command == LOG_LITERAL && (*p == '%' || *p == '(' || *p == ':') && p > name)
		return why_set(why, "position %zu: unknown command %%%.*s%%", position,
			       (int)(p - name), name);
	if (command == LOG_LITERAL)
		return why_set(why, "position %zu: \"%%\" begins no command (write \"%%%%\" for a "
				    "percent sign)", position);
	struct log_op *op = add_op(format, command);

	if (!op)
		return no_memory(why);
	if (*p == '(') {
		const char *end = argument_end(p);

		if (!end)
			return why_set(why, "position %zu: %%%s( is not closed by \")%%\"", position,
				       commands[command].name);
		if (!take_argument(op, p + 1, (size_t)(end - p - 1), (size_t)(p + 1 - text), why))
			return false;
		p = end + 1;
	} else if (!without_argument(op, position, why)) {
		return false;
	}
	*cursor = take_length(op, p);
	return *cursor ? true
		       : why_set(why, "position %zu: %%%s is not ended by \"%%\" or \":LENGTH%%\"",
				 position, commands[command].name);
}

static bool compile_text(struct log_format *format, const char *text, bool json, struct why *why)
{
	uint32_t first = format->count;

	for (const char *p = text; *p;) {
		size_t literal = strcspn(p, "%");

		if (!add_literal(format, p, literal, json))
			return no_memory(why);
		p += literal;
		if (*p == '\0')
			break;
		if (p[1] == '%') {
			if (!add_literal(format, "%", 1, json))
				return no_memory(why);
			p += 2;
			continue;
		}
		p++;
		if (!take_command(format, text, &p, why))
			return false;
	}
	for (uint32_t i = first; json && i < format->count; i++)
		format->ops[i].quoting = LOG_JSON_INSIDE;
	return true;
}

struct log_format *log_format_compile(const char *text, struct why *why)
{
	struct log_format *format = calloc(1, sizeof(*format));

	if (!format) {
		no_memory(why);
		return NULL;
	}
	if (!compile_text(format, text, false, why)) {
		log_format_free(format);
		return NULL;
	}
	return format;
}

static bool compile_member(struct log_format *format, const struct log_json_member *member,
			   bool first, struct why *why)
{
	struct why inner;

	if (!add_literal(format, first ? "{\"" : ",\"", 2, false) ||
	    !add_literal(format, member->key, strlen(member->key), true) ||
	    !add_literal(format, "\":", 2, false))
		return no_memory(why);
	uint32_t start = format->count;

	if (!compile_text(format, member->format, true, &inner))
		return why_set(why, "key \"%s\": %s", member->key, inner.text);
	if (format->count == start + 1 && format->ops[start].command != LOG_LITERAL) {
		struct log_op *op = &format->ops[start];

		op->quoting = commands[op->command].type == NUMBER ? LOG_JSON_NUMBER
								   : LOG_JSON_STRING;
		return true;
	}
	/* The quotes go around what was just compiled: the opening one moves before it. */
	if (!add_literal(format, "\"", 1, false))
		return no_memory(why);
	struct log_op quote = format->ops[format->count - 1];

	memmove(&format->ops[start + 1], &format->ops[start],
		(format->count - 1 - start) * sizeof(quote));
	format->ops[start] = quote;
	return add_literal(format, "\"", 1, false) ? true : no_memory(why);
}

struct log_format *log_format_compile_json(const struct log_json_member *members, uint32_t count,
					   struct why *why)
{
	struct log_format *format = calloc(1, sizeof(*format));
	bool done = format != NULL;

	for (uint32_t i = 0; done && i < count; i++)
		done = compile_member(format, &members[i], i == 0, why);
	if (!format || (done && !add_literal(format, count ? "}\n" : "{}\n", count ? 2 : 3, false)))
		done = no_memory(why);
	if (!done) {
		log_format_free(format);
		return NULL;
	}
	return format;
}

void log_format_free(struct log_format *format)
{
	if (!format)
		return;
	for (uint32_t i = 0; i < format->count; i++) {
		free((char *)format->ops[i].text.data);
		free((char *)format->ops[i].other.data);
	}
	free(format->ops);
	free(format);
}
