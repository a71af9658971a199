/* Admin endpoints of traces: a few at a time, each begun, read again and again, and ended by its
 * client; a client that reads no more has gone, and the tick ends its trace. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/config_view.h"
#include "dataplane/admin/http_server.h"
#include "dataplane/clock.h"
#include "dataplane/logger.h"
#include "dataplane/server_private.h"
#include "dataplane/trace/trace_reader.h"
#include "stack/base/time.h"

#define EVENTS 4096u /* of each worker: 1 MiB */
#define GONE_NS (5 * NS_PER_SECOND)
/* Events of different workers come in the order of time when they are at least so old. */
#define SETTLED_NS (10 * NS_PER_MS)

struct server_trace {
	uint64_t id;      /* 0 = this place is free */
	uint64_t read_ns; /* when its client last came */
	struct trace_reader reader;
	struct trace_wish *wishes; /* one a worker */
	struct trace_event *events;
};

static struct {
	pthread_mutex_t lock; /* admin thread and control loop */
	uint64_t last_id;
	struct server_trace places[TRACE_SINKS_MAX];
} traces = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- begin and end --------------------------------------------------------------------------- */

struct setting {
	unsigned place;
	struct trace_sink *sink;
};

static void set_sink(void *context, struct worker *worker, uint64_t now_ns)
{
	const struct setting *setting = context;

	worker_set_trace(worker, setting->place, setting->sink, now_ns);
}

static bool set_sinks(struct server *server, struct server_trace *trace, bool on, struct why *why)
{
	struct setting settings[SETTINGS_WORKERS_MAX];

	for (uint16_t i = 0; i < server->assembly.workers_made; i++)
		settings[i] = (struct setting){(unsigned)(trace - traces.places),
					       on ? &trace->wishes[i].sink : NULL};
	return server_call_workers(server, set_sink, settings, sizeof(settings[0]), why);
}

static void free_trace(struct server_trace *trace)
{
	free(trace->wishes);
	free(trace->events);
	*trace = (struct server_trace){0};
}

/* False: some worker could not be told; it is tried again. */
static bool end_trace(struct server *server, struct server_trace *trace, struct why *why)
{
	if (!set_sinks(server, trace, false, why))
		return false;
	log_info("admin", "trace %" PRIu64 " ended", trace->id);
	free_trace(trace);
	return true;
}

static bool make_wishes(struct server *server, struct server_trace *trace,
			const struct trace_wish *like, struct why *why)
{
	uint16_t count = server->assembly.workers_made;

	trace->wishes = aligned_alloc(CACHE_LINE_BYTES, count * sizeof(*trace->wishes));
	trace->events = calloc((size_t)count * EVENTS, sizeof(*trace->events));
	if (!trace->wishes || !trace->events) {
		free_trace(trace);
		return why_set(why, "no memory for the trace's buffers");
	}
	for (uint16_t i = 0; i < count; i++)
		trace_wish_init(&trace->wishes[i], like, trace->events + (size_t)i * EVENTS, EVENTS);
	return true;
}

/* --- what is wanted -------------------------------------------------------------------------- */

static bool add_places(const struct config_view_listener *listener, struct trace_wish *wish,
		       struct why *why)
{
	for (uint32_t i = 0; i < listener->address_count && wish->place_count < TRACE_PLACES_MAX; i++)
		if (!listener->addresses[i].pipe)
			wish->places[wish->place_count++] = (struct trace_place){
				listener->addresses[i].addr, listener->addresses[i].port};
	return wish->place_count > 0 ||
	       why_set(why, "%.100s listens at a Unix socket: name a path of requests instead",
		       listener->name);
}

static bool read_listener(struct server *server, const char *name, struct trace_wish *wish,
			  struct why *why)
{
	struct config_view view;
	bool found = false, good;

	if (!name)
		return true;
	if (!server_view(server, &view, why))
		return false;
	good = why_set(why, "there is no listener %.100s", name);
	for (uint32_t i = 0; i < view.listener_count && !found; i++) {
		found = strcmp(view.listeners[i].name, name) == 0;
		if (found)
			good = add_places(&view.listeners[i], wish, why);
	}
	config_view_free(&view);
	return good;
}

static bool read_words(const struct http_request *request, struct trace_wish *wish, struct why *why)
{
	static const char *const words[] = {"address", "src", "dst", "port", "sport", "dport"};
	const char *path = http_request_argument(request, "path");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *value = http_request_argument(request, words[i]);

		if (value && !capture_filter_set(&wish->filter, words[i], value, why))
			return false;
	}
	if (!path)
		return true;
	if (path[0] != '/' || strlen(path) > sizeof(wish->sink.path))
		return why_set(why, "a path begins with / and has at most %zu bytes",
			       sizeof(wish->sink.path));
	wish->sink.path_bytes = (uint32_t)strlen(path);
	memcpy(wish->sink.path, path, wish->sink.path_bytes);
	return true;
}

static bool read_count(const struct http_request *request, struct trace_wish *wish, struct why *why)
{
	const char *count = http_request_argument(request, "count");
	const char *conn = http_request_argument(request, "conn");
	char *end = NULL;

	wish->sink.left = 1;
	if (count) {
		unsigned long number = strtoul(count, &end, 10);

		if (end == count || *end || number == 0 || number > TRACE_CONNECTIONS_MAX)
			return why_set(why, "count is from 1 to %u", TRACE_CONNECTIONS_MAX);
		wish->sink.left = (uint32_t)number;
	}
	if (!conn)
		return true;
	unsigned long id = strtoul(conn, &end, 16);

	if (end == conn || *end || id == 0 || id > UINT32_MAX >> TRACE_ID_SHIFT)
		return why_set(why, "%.40s is no ID of a connection; foilctl conns shows them", conn);
	wish->sink.id = (uint32_t)id;
	return true;
}

static struct server_trace *free_place(struct server *server, struct why *why)
{
	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++) {
		struct server_trace *trace = &traces.places[i];

		if (trace->id && clock_now_ns() - trace->read_ns >= GONE_NS &&
		    !end_trace(server, trace, why))
			return NULL;
		if (!trace->id)
			return trace;
	}
	why_set(why, "%u traces run already; there can be no more at a time", TRACE_SINKS_MAX);
	return NULL;
}

static struct server_trace *begin(struct server *server, const struct http_request *request,
				  unsigned *status, struct why *why)
{
	struct trace_wish like = {0};
	struct server_trace *trace;
	struct why ignored;

	*status = 400;
	if (!read_words(request, &like, why) || !read_count(request, &like, why) ||
	    !read_listener(server, http_request_argument(request, "listener"), &like, why))
		return NULL;
	*status = 409;
	trace = free_place(server, why);
	if (!trace)
		return NULL;
	*status = 503;
	if (!make_wishes(server, trace, &like, why))
		return NULL;
	trace_reader_init(&trace->reader, trace->wishes, server->assembly.workers_made,
			  like.sink.left, like.sink.path_bytes > 0);
	trace->id = ++traces.last_id;
	trace->read_ns = clock_now_ns();
	if (set_sinks(server, trace, true, why))
		return trace;
	if (!end_trace(server, trace, &ignored))
		trace->read_ns = 0; /* the tick goes on trying */
	return NULL;
}

/* --- endpoints ------------------------------------------------------------------------------- */

static void serve_start(void *context, const struct http_request *request,
			struct http_response *response)
{
	unsigned status;
	struct why why;

	pthread_mutex_lock(&traces.lock);
	const struct server_trace *trace = begin(context, request, &status, &why);

	if (trace) {
		response->content_type = "application/json";
		text_printf(&response->body, "{\"id\":%" PRIu64 "}\n", trace->id);
		log_info("admin", "trace %" PRIu64 " begins", trace->id);
	} else {
		http_response_error(response, status, why.text);
	}
	pthread_mutex_unlock(&traces.lock);
}

static struct server_trace *find(const struct http_request *request, struct http_response *response)
{
	const char *id = http_request_argument(request, "id");
	uint64_t number = id ? strtoull(id, NULL, 10) : 0;

	for (unsigned i = 0; i < TRACE_SINKS_MAX && number; i++)
		if (traces.places[i].id == number)
			return &traces.places[i];
	http_response_error(response, 404, "there is no such trace (any more)");
	return NULL;
}

static void serve_read(void *context, const struct http_request *request,
		       struct http_response *response)
{
	pthread_mutex_lock(&traces.lock);
	struct server_trace *trace = find(request, response);

	if (trace) {
		response->content_type = "application/json";
		trace->read_ns = clock_now_ns();
		trace->reader.wall_offset_ns = clock_wall_offset_ns();
		trace_reader_write(&trace->reader, trace->read_ns - SETTLED_NS, &response->body);
	}
	pthread_mutex_unlock(&traces.lock);
}

static void serve_stop(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct why why;

	pthread_mutex_lock(&traces.lock);
	struct server_trace *trace = find(request, response);

	if (trace && end_trace(context, trace, &why))
		text_add(&response->body, "OK\n");
	else if (trace)
		http_response_error(response, 503, why.text);
	pthread_mutex_unlock(&traces.lock);
}

const struct admin_extra server_trace_extras[SERVER_TRACE_EXTRAS] = {
	{"/hydrofoil/trace/start", true, serve_start, "begin to trace connections (foilctl trace)"},
	{"/hydrofoil/trace/read", false, serve_read, "what they did since, as JSON"},
	{"/hydrofoil/trace/stop", true, serve_stop, "end the trace"},
};

void server_trace_tick(struct server *server)
{
	struct why why;

	/* An endpoint that is being served looks after it. */
	if (pthread_mutex_trylock(&traces.lock) != 0)
		return;
	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++) {
		struct server_trace *trace = &traces.places[i];

		/* One that cannot be ended now is tried again. */
		if (trace->id && clock_now_ns() - trace->read_ns >= GONE_NS &&
		    !end_trace(server, trace, &why))
			continue;
	}
	pthread_mutex_unlock(&traces.lock);
}

void server_trace_free(void)
{
	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++)
		free_trace(&traces.places[i]);
}
