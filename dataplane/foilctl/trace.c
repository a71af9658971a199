/* foilctl trace: what connections do, event by event. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "stack/base/time.h"

#define READ_EVERY_NS (50 * NS_PER_MS)
/* What comes behind the end of the last connection: its last frames. */
#define READS_AFTER_END 6
#define WIDE_COLUMNS 120
#define TEXT_COLUMNS_MIN 30

struct view {
	const struct foilctl_options *options;
	const struct foilctl_io *io;
	bool begun;
	uint64_t first_ns;
	uint64_t shown_ns;   /* the time that was printed last */
	uint32_t begun_count;
	uint64_t lost;
	bool done;
};

static const char *string(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text ? text : "?";
}

static uint64_t number(const json_t *event, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(event, name));
}

/* Words from column `indent` on; what does not fit goes on there in the next line. */
static void print_wrapped(const struct foilctl_io *io, unsigned indent, const char *text)
{
	unsigned room = io->width > indent + TEXT_COLUMNS_MIN ? io->width - indent : TEXT_COLUMNS_MIN;

	while (io->width > 0 && strlen(text) > room) {
		size_t bytes = room;

		while (bytes > 0 && text[bytes] != ' ')
			bytes--;
		if (bytes == 0)
			bytes = room;
		fprintf(io->out, "%.*s\n%*s", (int)bytes, text, (int)indent, "");
		text += bytes + (text[bytes] == ' ');
	}
	fprintf(io->out, "%s\n", text);
}

static void print_title(const struct view *view)
{
	fprintf(view->io->out, "%9s  %s%2s   %-7s  EVENT\n", "MS",
		view->options->count > 1 ? "CONN     " : "", "W", "LAYER");
}

/* "    0.412  0 > tcp       SYN-SENT -> ESTABLISHED" */
static void print_event(struct view *view, const json_t *event)
{
	bool wide = view->io->width == 0 || view->io->width >= WIDE_COLUMNS;
	unsigned depth = (unsigned)number(event, "depth") * (wide ? 2 : 1), indent = 27 + depth;
	uint64_t at_ns = number(event, "unix_ns");
	char time[32] = "";

	if (!view->begun) {
		view->first_ns = at_ns;
		print_title(view);
	}
	/* A worker may be behind the one that saw the connection first. */
	if (!view->begun || at_ns != view->shown_ns)
		snprintf(time, sizeof(time), "%.3f",
			 (double)(int64_t)(at_ns - view->first_ns) / (double)NS_PER_MS);
	view->begun = true;
	view->shown_ns = at_ns;
	fprintf(view->io->out, "%9s  ", time);
	if (view->options->count > 1) {
		fprintf(view->io->out, "%-7s  ", string(event, "conn"));
		indent += 9;
	}
	fprintf(view->io->out, "%2" PRIu64 " %c %-7s  %*s", number(event, "worker"),
		strcmp(string(event, "side"), "upstream") == 0 ? '>' : ' ', string(event, "layer"),
		(int)depth, "");
	print_wrapped(view->io, indent, string(event, "text"));
}

static bool print_json(const struct view *view, const json_t *event)
{
	bool done = json_dumpf(event, view->io->out, JSON_COMPACT) == 0;

	fputc('\n', view->io->out);
	return done;
}

static bool show(struct view *view, const char *body, struct why *why)
{
	json_t *root = json_loads(body ? body : "", 0, NULL), *event;
	json_t *events = json_object_get(root, "events");
	bool done = json_is_array(events) || why_set(why, "the answer is not understood");
	size_t i;

	json_array_foreach(events, i, event) {
		if (!view->options->json)
			print_event(view, event);
		else if (!print_json(view, event))
			done = why_set(why, "it cannot be written");
	}
	view->begun_count = (uint32_t)number(root, "begun");
	view->lost = number(root, "lost");
	view->done = json_is_true(json_object_get(root, "done"));
	json_decref(root);
	return done && (fflush(view->io->out) == 0 || why_set(why, "it cannot be written"));
}

static bool read_once(struct view *view, const char *admin, uint64_t id, struct why *why)
{
	struct text body = {0};
	char path[80];

	snprintf(path, sizeof(path), "/hydrofoil/trace/read?id=%" PRIu64, id);
	bool done = admin_client_ask(admin, path, false, &body, why) && show(view, body.data, why);

	text_free(&body);
	return done;
}

static void make_start(const struct foilctl_options *o, struct text *path)
{
	char count[24];

	text_add(path, "/hydrofoil/trace/start");
	admin_client_argument(path, "address", o->address);
	admin_client_argument(path, "src", o->source);
	admin_client_argument(path, "dst", o->destination);
	admin_client_argument(path, "port", o->port);
	admin_client_argument(path, "sport", o->source_port);
	admin_client_argument(path, "dport", o->destination_port);
	admin_client_argument(path, "listener", o->listener);
	admin_client_argument(path, "path", o->path);
	admin_client_argument(path, "conn", o->connection);
	snprintf(count, sizeof(count), "%" PRIu64, o->count);
	admin_client_argument(path, "count", o->count ? count : NULL);
}

static bool begin(const struct foilctl_options *options, const char *admin, uint64_t *id,
		  struct why *why)
{
	struct text path = {0};

	make_start(options, &path);
	return admin_client_begin(admin, &path, id, why);
}

static bool run(struct view *view, const char *admin, uint64_t id, struct why *why)
{
	const struct foilctl_io *io = view->io;
	uint64_t end_ns = view->options->duration_ns ? io->now_ns() + view->options->duration_ns
						     : UINT64_MAX;
	unsigned after_end = 0;

	do {
		if (!read_once(view, admin, id, why))
			return false;
		after_end += view->done;
	} while (after_end < READS_AFTER_END && io->now_ns() < end_ns && io->sleep_ns(READ_EVERY_NS));
	return after_end == READS_AFTER_END || read_once(view, admin, id, why);
}

static void stop_and_sum_up(const struct view *view, const char *admin, uint64_t id)
{
	struct text body = {0};
	struct why why;
	char path[80];

	snprintf(path, sizeof(path), "/hydrofoil/trace/stop?id=%" PRIu64, id);
	if (!admin_client_ask(admin, path, true, &body, &why))
		fprintf(view->io->err, "foilctl trace: %s\n", why.text);
	text_free(&body);
	if (view->begun_count == 0)
		fprintf(view->io->err, "No %s came.\n", view->options->path ? "request that fits"
									    : "connection that fits");
	if (view->lost > 0)
		fprintf(view->io->err, "%" PRIu64 " events were lost: they came faster than they were "
				       "read\n", view->lost);
}

int foilctl_trace(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct view view = {.options = options, .io = io};
	char admin[160];
	uint64_t id;
	struct why why;

	if (!admin_client_find(options, io, admin, sizeof(admin)))
		return FOILCTL_FAILED;
	bool done = begin(options, admin, &id, &why);

	if (done) {
		done = run(&view, admin, id, &why);
		stop_and_sum_up(&view, admin, id);
	}
	if (!done)
		fprintf(io->err, "foilctl trace: %s\n", why.text);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
