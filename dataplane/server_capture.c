/* Admin endpoints of a capture: one at a time, begun, read again and again, and ended by its client;
 * a client that reads no more has gone, and the tick ends its capture. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/http_server.h"
#include "dataplane/capture/capture_tap.h"
#include "dataplane/capture/pcapng.h"
#include "dataplane/clock.h"
#include "dataplane/logger.h"
#include "dataplane/server.h"
#include "dataplane/server_private.h"
#include "stack/base/counter.h"
#include "stack/base/time.h"

#define RING_BYTES (UINT64_C(4) << 20) /* of each worker */
#define READ_BYTES_MAX (8u << 20)
#define GONE_NS (5 * NS_PER_SECOND)

static struct {
	pthread_mutex_t lock;     /* admin thread and control loop */
	uint64_t id;              /* of the capture that runs; the last one's when none does */
	bool running;
	bool header_due;
	uint64_t read_ns;         /* when its client last came */
	uint32_t snap_bytes;
	uint16_t count;           /* of taps: one a worker */
	struct capture_tap *taps; /* NULL when none was ever made */
	uint8_t *rings;
} capture = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void set_tap(void *context, struct worker *worker, uint64_t now_ns)
{
	struct capture_tap *const *tap = context;

	worker_set_tap(worker, *tap);
}

/* All workers get their taps, or none keeps one. */
static bool set_taps(struct server *server, bool on, struct why *why)
{
	struct capture_tap *taps[SETTINGS_WORKERS_MAX] = {0};

	for (uint16_t i = 0; on && i < capture.count; i++)
		taps[i] = &capture.taps[i];
	return server_call_workers(server, set_tap, taps, sizeof(taps[0]), why);
}

static void free_taps(void)
{
	free(capture.taps);
	free(capture.rings);
	capture.taps = NULL;
	capture.rings = NULL;
	capture.count = 0;
}

/* False: some worker could not be told; its tap stays, and it is tried again. */
static bool end_capture(struct server *server, struct why *why)
{
	if (!capture.running)
		return true;
	if (!set_taps(server, false, why))
		return false;
	free_taps();
	capture.running = false;
	return true;
}

static bool make_taps(struct server *server, const struct capture_filter *filter, uint64_t rate,
		      struct why *why)
{
	uint16_t count = server->assembly.workers_made;

	capture.taps = aligned_alloc(CACHE_LINE_BYTES, count * sizeof(*capture.taps));
	capture.rings = malloc(count * RING_BYTES);
	capture.count = count;
	if (!capture.taps || !capture.rings) {
		free_taps();
		return why_set(why, "no memory for the capture's buffers");
	}
	for (uint16_t i = 0; i < count; i++)
		capture_tap_init(&capture.taps[i], filter, capture.snap_bytes,
				 rate ? (rate + count - 1) / count : 0,
				 capture.rings + i * RING_BYTES, RING_BYTES);
	return true;
}

static bool add_port(const struct server *server, const char *name, size_t length,
		     struct capture_filter *filter, struct why *why)
{
	const struct dataplane_settings *settings = &server->assembly.settings;

	for (unsigned i = 0; i < settings->port_count; i++) {
		if (strlen(settings->ports[i].name) != length ||
		    memcmp(settings->ports[i].name, name, length) != 0)
			continue;
		filter->port_mask |= 1u << i;
		return true;
	}
	return why_set(why, "there is no port %.*s", (int)(length < 80 ? length : 80), name);
}

static bool read_number(const struct http_request *request, const char *name, uint64_t absent,
			uint64_t most, uint64_t *out, struct why *why)
{
	const char *text = http_request_argument(request, name);
	char *end;

	*out = absent;
	if (!text)
		return true;
	*out = strtoull(text, &end, 10);
	return (end != text && *end == '\0' && *text != '-' && *out <= most) ||
	       why_set(why, "%s: a number up to %" PRIu64 " is wanted", name, most);
}

static bool read_filter(const struct server *server, const struct http_request *request,
			struct capture_filter *out, struct why *why)
{
	static const char *const words[] = {"address", "src", "dst", "port", "sport", "dport",
					    "proto", "flags", "direction", "dropped"};
	const char *ports = http_request_argument(request, "on");

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *value = http_request_argument(request, words[i]);

		if (value && !capture_filter_set(out, words[i], value, why))
			return false;
	}
	while (ports && *ports) {
		size_t length = strcspn(ports, ",");

		if (!add_port(server, ports, length, out, why))
			return false;
		ports += length + (ports[length] == ',');
	}
	return true;
}

static bool begin(struct server *server, const struct http_request *request, unsigned *status,
		  struct why *why)
{
	struct capture_filter filter;
	uint64_t snap, rate;

	*status = 400;
	if (!read_filter(server, request, &filter, why) ||
	    !read_number(request, "snap", CAPTURE_SNAP_MAX, CAPTURE_SNAP_MAX, &snap, why) ||
	    !read_number(request, "rate", 0, NS_PER_SECOND, &rate, why))
		return false;
	*status = 409;
	if (capture.running && clock_now_ns() - capture.read_ns < GONE_NS)
		return why_set(why, "another capture runs; there can be one at a time");
	*status = 503;
	if (!end_capture(server, why))
		return false;
	capture.snap_bytes = snap ? (uint32_t)snap : CAPTURE_SNAP_MAX;
	if (!make_taps(server, &filter, rate, why))
		return false;
	capture.id++;
	capture.running = true;
	capture.header_due = true;
	capture.read_ns = clock_now_ns();
	if (set_taps(server, true, why))
		return true;
	struct why ignored;

	if (!end_capture(server, &ignored))
		capture.read_ns = 0; /* the tick goes on trying */
	return false;
}

static void serve_start(void *context, const struct http_request *request,
			struct http_response *response)
{
	struct server *server = context;
	unsigned status;
	struct why why;

	pthread_mutex_lock(&capture.lock);
	if (begin(server, request, &status, &why)) {
		response->content_type = "application/json";
		text_printf(&response->body, "{\"id\":%" PRIu64 "}\n", capture.id);
		log_info("admin", "capture %" PRIu64 " begins", capture.id);
	} else {
		http_response_error(response, status, why.text);
	}
	pthread_mutex_unlock(&capture.lock);
}

/* --- reading --------------------------------------------------------------------------------- */

static void write_header(const struct server *server, struct text *out)
{
	const struct assembly *a = &server->assembly;
	char application[96];

	snprintf(application, sizeof(application), "hydrofoil %.64s", server_version);
	pcapng_section(out, application);
	for (unsigned i = 0; i < a->settings.port_count; i++)
		pcapng_interface(out, a->settings.ports[i].name, a->ports[i].netif.mac,
				 capture.snap_bytes);
}

/* The worker whose next record is the oldest; NULL when there is none at all. */
static const struct capture_record *oldest(uint16_t *worker)
{
	const struct capture_record *best = NULL;

	for (uint16_t i = 0; i < capture.count; i++) {
		uint32_t bytes;
		const struct capture_record *record =
			capture_ring_peek(&capture.taps[i].ring, &bytes);

		if (record && (!best || record->at_ns < best->at_ns)) {
			best = record;
			*worker = i;
		}
	}
	return best;
}

static void write_packets(struct text *out)
{
	int64_t offset_ns = clock_wall_offset_ns();
	const struct capture_record *record;
	uint16_t worker = 0;

	while (out->length < READ_BYTES_MAX && !out->failed && (record = oldest(&worker))) {
		struct capture_tap *tap = &capture.taps[worker];

		if (!tap->filter.dropped_only || record->drop_reason != DROP_NONE)
			pcapng_packet(out, record, (const uint8_t *)(record + 1), worker,
				      record->at_ns + (uint64_t)offset_ns);
		capture_ring_pop(&tap->ring);
	}
}

static bool is_ours(const struct http_request *request, struct http_response *response)
{
	const char *id = http_request_argument(request, "id");

	if (capture.running && id && strtoull(id, NULL, 10) == capture.id)
		return true;
	http_response_error(response, 404, "there is no such capture (any more)");
	return false;
}

static void serve_read(void *context, const struct http_request *request,
		       struct http_response *response)
{
	pthread_mutex_lock(&capture.lock);
	if (is_ours(request, response)) {
		response->content_type = "application/x-pcapng";
		capture.read_ns = clock_now_ns();
		if (capture.header_due)
			write_header(context, &response->body);
		capture.header_due = false;
		write_packets(&response->body);
	}
	pthread_mutex_unlock(&capture.lock);
}

static void write_totals(struct text *out)
{
	uint64_t captured = 0, missed = 0, limited = 0;

	for (uint16_t i = 0; i < capture.count; i++) {
		captured += counter_read(&capture.taps[i].captured);
		missed += counter_read(&capture.taps[i].missed);
		limited += counter_read(&capture.taps[i].limited);
	}
	text_printf(out, "{\"captured\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"limited\":%" PRIu64 "}\n",
		    captured, missed, limited);
}

static void serve_stop(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct why why;

	pthread_mutex_lock(&capture.lock);
	if (is_ours(request, response)) {
		write_totals(&response->body);
		if (end_capture(context, &why)) {
			response->content_type = "application/json";
			log_info("admin", "capture %" PRIu64 " ended", capture.id);
		} else {
			text_free(&response->body);
			http_response_error(response, 503, why.text);
		}
	}
	pthread_mutex_unlock(&capture.lock);
}

const struct admin_extra server_capture_extras[SERVER_CAPTURE_EXTRAS] = {
	{"/hydrofoil/capture/start", true, serve_start, "begin to copy frames (foilctl capture)"},
	{"/hydrofoil/capture/read", false, serve_read, "what was copied since, as pcapng"},
	{"/hydrofoil/capture/stop", true, serve_stop, "end the capture"},
};

void server_capture_tick(struct server *server)
{
	struct why why;

	/* An endpoint that is being served looks after it. */
	if (pthread_mutex_trylock(&capture.lock) != 0)
		return;
	if (capture.running && clock_now_ns() - capture.read_ns >= GONE_NS) {
		if (end_capture(server, &why))
			log_info("admin", "capture %" PRIu64 " ended: nobody reads it any more",
				 capture.id);
	}
	pthread_mutex_unlock(&capture.lock);
}

void server_capture_free(void)
{
	free_taps();
	capture.running = false;
}
