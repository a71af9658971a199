/* Admin endpoints that look into the workers: how they are called, and what foilctl
 * neigh shows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/admin/http_server.h"
#include "dataplane/logger.h"
#include "dataplane/server_private.h"
#include "stack/ip/ip_layer.h"

/* How long the admin thread waits for a worker before it says so. */
#define CALL_STEPS 500
#define CALL_STEP_US 2000

#define NEIGHBOURS_MAX 1024 /* of one worker in one answer */

bool server_call_worker(struct server *server, uint16_t index, struct worker_call *call,
			struct why *why)
{
	struct mail mail = {.kind = MAIL_CALL, .call = call};

	if (!mailbox_post(worker_mailbox(server->assembly.workers[index].worker), &mail))
		return why_set(why, "worker %u is too busy to answer; try again", index);
	/* A call that does not end in time would go on using the context: it is waited for. */
	for (int step = 0; !__atomic_load_n(&call->done, __ATOMIC_ACQUIRE); step++) {
		usleep(CALL_STEP_US);
		if (step == CALL_STEPS)
			log_warning("admin", "worker %u takes long to answer", index);
	}
	return true;
}

bool server_call_workers(struct server *server,
			 void (*run)(void *context, struct worker *worker, uint64_t now_ns),
			 void *contexts, size_t size, struct why *why)
{
	for (uint16_t i = 0; i < server->assembly.workers_made; i++) {
		struct worker_call call = {.run = run, .context = (char *)contexts + i * size};

		if (!server_call_worker(server, i, &call, why))
			return false;
	}
	return true;
}

/* --- neighbours -------------------------------------------------------------------------- */

struct neighbour_sight {
	uint16_t netif;
	uint8_t state;
	uint8_t waiting;
	uint8_t mac[6];
	struct ip_addr addr;
};

struct neighbours_sight {
	uint32_t count;
	uint32_t total;
	struct neighbour_sight items[NEIGHBOURS_MAX];
};

static void copy_neighbours(void *context, struct worker *worker, uint64_t now_ns)
{
	const struct neighbour_table *table = &stack_ip(worker_stack(worker))->neighbours;
	struct neighbours_sight *to = context;

	for (uint32_t i = 0; i < table->slots; i++) {
		const struct neighbour *from = &table->entries[i];

		if (from->state == NEIGHBOUR_FREE)
			continue;
		to->total++;
		if (to->count == NEIGHBOURS_MAX)
			continue;
		struct neighbour_sight *made = &to->items[to->count++];

		made->netif = from->netif;
		made->state = from->state;
		made->waiting = from->waiting_count;
		made->addr = from->addr;
		memcpy(made->mac, from->eth_header, sizeof(made->mac)); /* destination comes first */
	}
}

static void write_neighbour(const struct server *server, uint16_t worker,
			    const struct neighbour_sight *n, struct text *out)
{
	bool known = n->state != NEIGHBOUR_INCOMPLETE && n->state != NEIGHBOUR_FAILED;
	char address[IP_ADDR_TEXT_BYTES];

	text_printf(out, "{\"worker\":%u,\"port\":", worker);
	text_add_json(out, server->assembly.settings.ports[n->netif].name);
	text_printf(out, ",\"address\":\"%s\",\"mac\":",
		    ip_addr_format(&n->addr, address, sizeof(address)));
	if (known)
		text_printf(out, "\"%02x:%02x:%02x:%02x:%02x:%02x\"", n->mac[0], n->mac[1], n->mac[2],
			    n->mac[3], n->mac[4], n->mac[5]);
	else
		text_add(out, "null");
	text_printf(out, ",\"state\":\"%s\",\"waiting\":%u}", neighbour_state_name(n->state),
		    n->waiting);
}

static void serve_neighbours(void *context, const struct http_request *request,
			     struct http_response *response)
{
	struct server *server = context;
	uint16_t workers = server->assembly.workers_made;
	struct neighbours_sight *sights = calloc(workers, sizeof(*sights));
	const char *comma = "\n";
	struct why why;

	if (!sights) {
		http_response_error(response, 503, "no memory for the answer");
		return;
	}
	if (!server_call_workers(server, copy_neighbours, sights, sizeof(*sights), &why)) {
		http_response_error(response, 503, why.text);
		free(sights);
		return;
	}
	uint64_t total = 0;

	response->content_type = "application/json";
	text_add(&response->body, "{\"neighbours\":[");
	for (uint16_t w = 0; w < workers; w++) {
		total += sights[w].total;
		for (uint32_t i = 0; i < sights[w].count; i++, comma = ",\n") {
			text_add(&response->body, comma);
			write_neighbour(server, w, &sights[w].items[i], &response->body);
		}
	}
	text_printf(&response->body, "\n],\"total\":%" PRIu64 "}\n", total);
	free(sights);
}

/* --- the table --------------------------------------------------------------------------- */

static const struct admin_extra sights[] = {
	{"/hydrofoil/neigh", false, serve_neighbours, "neighbours (ARP, ND) of all workers as JSON"},
};
_Static_assert(ARRAY_LEN(sights) + SERVER_ROUTE_EXTRAS + SERVER_CAPTURE_EXTRAS +
			       SERVER_REQUEST_EXTRAS + SERVER_TRACE_EXTRAS <= SERVER_SIGHTS_MAX, "room for all");

static uint32_t add(struct admin_extra *out, uint32_t at, const struct admin_extra *from, uint32_t count)
{
	memcpy(&out[at], from, count * sizeof(*from));
	return at + count;
}

uint32_t server_sights(struct admin_extra out[SERVER_SIGHTS_MAX])
{
	uint32_t count = add(out, 0, sights, ARRAY_LEN(sights));

	count = add(out, count, server_route_extras, SERVER_ROUTE_EXTRAS);
	count = add(out, count, server_capture_extras, SERVER_CAPTURE_EXTRAS);
	count = add(out, count, server_request_extras, SERVER_REQUEST_EXTRAS);
	return add(out, count, server_trace_extras, SERVER_TRACE_EXTRAS);
}
