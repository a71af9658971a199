/* Admin endpoints of the requests that workers remember: what foilctl requests shows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/http_server.h"
#include "dataplane/server_private.h"
#include "gateway/exchange/request_memory.h"
#include "gateway/log/format.h"

#define COUNT_DEFAULT 100
#define MICROSECOND_NS 1000

struct remembered {
	uint16_t worker;
	struct request_note note;
};

static uint64_t end_ns(const struct remembered *r)
{
	return r->note.start_wall_ns + r->note.duration_ns;
}

static int latest_first(const void *a, const void *b)
{
	uint64_t x = end_ns(a), y = end_ns(b);

	return x == y ? 0 : x < y ? 1 : -1;
}

static void add_string(struct text *out, const char *name, const char *value)
{
	text_printf(out, ",\"%s\":", name);
	text_add_json(out, value);
}

static void write_request(struct text *out, const struct remembered *r)
{
	const struct request_note *n = &r->note;
	char flags[256], address[IP_ADDR_TEXT_BYTES];
	uint32_t length = log_response_flags_write(n->response_flags, flags, sizeof(flags) - 1);

	flags[length < sizeof(flags) ? length : sizeof(flags) - 1] = '\0';
	text_printf(out,
		    "{\"worker\":%u,\"start_unix_us\":%" PRIu64 ",\"duration_us\":%" PRIu64
		    ",\"request_us\":%" PRIu64 ",\"first_byte_us\":%" PRIu64
		    ",\"status\":%u,\"attempts\":%u,\"bytes_received\":%" PRIu64
		    ",\"bytes_sent\":%" PRIu64,
		    r->worker, n->start_wall_ns / MICROSECOND_NS, n->duration_ns / MICROSECOND_NS,
		    n->request_duration_ns / MICROSECOND_NS, n->response_duration_ns / MICROSECOND_NS,
		    n->status, n->attempts, n->bytes_received, n->bytes_sent);
	add_string(out, "flags", flags);
	add_string(out, "client", ip_endpoint_format(&n->client, n->client_port, address,
						     sizeof(address)));
	add_string(out, "method", n->method);
	add_string(out, "authority", n->authority);
	add_string(out, "path", n->path);
	add_string(out, "route", n->route);
	add_string(out, "cluster", n->cluster);
	add_string(out, "upstream", n->upstream);
	add_string(out, "details", n->details);
	add_string(out, "request_id", n->request_id);
	text_add(out, "}");
}

static uint32_t collect(struct server *server, enum request_kind kind, struct remembered *out)
{
	uint32_t count = 0;

	for (uint16_t w = 0; w < server->assembly.workers_made; w++) {
		const struct request_memory *memory =
			gateway_requests(worker_gateway(server->assembly.workers[w].worker));

		for (uint32_t age = 0; age < REQUEST_MEMORY_SLOTS; age++) {
			if (!request_memory_read(memory, kind, age, &out[count].note))
				continue;
			out[count++].worker = w;
		}
	}
	qsort(out, count, sizeof(*out), latest_first);
	return count;
}

static void serve_requests(void *context, const struct http_request *request,
			   struct http_response *response)
{
	struct server *server = context;
	const char *kind = http_request_argument(request, "kind");
	const char *wanted = http_request_argument(request, "count");
	unsigned long most = wanted ? strtoul(wanted, NULL, 10) : COUNT_DEFAULT;
	bool slow = kind && strcmp(kind, "slow") == 0;

	if (kind && !slow && strcmp(kind, "failed") != 0) {
		http_response_error(response, 400, "kind is failed or slow");
		return;
	}
	struct remembered *found =
		calloc((size_t)server->assembly.workers_made * REQUEST_MEMORY_SLOTS, sizeof(*found));

	if (!found) {
		http_response_error(response, 503, "no memory for the answer");
		return;
	}
	uint32_t count = collect(server, slow ? REQUEST_SLOW : REQUEST_FAILED, found);

	response->content_type = "application/json";
	text_printf(&response->body, "{\"total\":%u,\"requests\":[", count);
	for (uint32_t i = 0; i < count && i < most; i++) {
		text_add(&response->body, i ? ",\n" : "\n");
		write_request(&response->body, &found[i]);
	}
	text_add(&response->body, "\n]}\n");
	free(found);
}

static void serve_slow(void *context, const struct http_request *request,
		       struct http_response *response)
{
	struct server *server = context;
	const char *text = http_request_argument(request, "us");
	char *end = NULL;
	unsigned long long us = text ? strtoull(text, &end, 10) : 0;

	if (!text || end == text || *end != '\0' || us == 0 || us > UINT64_MAX / MICROSECOND_NS) {
		http_response_error(response, 400, "us is the time in microseconds from which on a "
						   "request is slow");
		return;
	}
	for (uint16_t w = 0; w < server->assembly.workers_made; w++)
		request_memory_set_slow(
			gateway_requests(worker_gateway(server->assembly.workers[w].worker)),
			us * MICROSECOND_NS);
	text_add(&response->body, "OK\n");
}

const struct admin_extra server_request_extras[SERVER_REQUEST_EXTRAS] = {
	{"/hydrofoil/requests", false, serve_requests,
	 "the last requests that failed or were slow (?kind=failed|slow ?count=) as JSON"},
	{"/hydrofoil/requests/slow", true, serve_slow, "from when on a request is slow (?us=) (POST)"},
};
