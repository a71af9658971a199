#include <stdlib.h>

#include "dataplane/logger.h"
#include "dataplane/server_private.h"
#include "stack/base/counter.h"

static void want_places(struct server *server, const struct config_listener *listener,
			uint32_t removed)
{
	struct why why;

	if (!listener || (removed & (1u << listener->direction)))
		return;
	for (uint32_t i = 0; i < listener->address_count; i++) {
		int socket = listener->addresses[i].kernel_socket;

		if (socket >= 0 && !kernel_places_want(server->places, &listener->addresses[i],
						       listener->backlog, &socket, &why))
			log_error("listener", "%s", why.text);
	}
}

/* Kernel sockets of listeners that are gone close when no worker can be about to use them. */
static void release_places(struct server *server, const struct config *config, uint32_t removed)
{
	const struct config_resources *waiting = &server->bootstrap.resources;

	kernel_places_begin(server->places);
	for (uint32_t i = 0; i < config->listener_count; i++)
		want_places(server, config->listeners[i], removed);
	for (uint32_t i = 0; i < waiting->listener_count; i++)
		want_places(server, waiting->listeners[i], removed);
	server->places_leave = true;
}

/* Removed from the configuration: workers take no new connections there, and HTTP connections of a
 * listener that is gone are told to go with their next answer. */
static bool remove_listeners(struct server *server, uint32_t directions, struct why *why)
{
	const struct config *config = publisher_config(server->assembly.publisher);
	struct config_change *changes = calloc(config->listener_count + 1, sizeof(*changes));
	uint32_t count = 0;

	if (!changes)
		return why_set(why, "no memory to close the listeners");
	for (uint32_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *listener = config->listeners[i];

		if (directions & (1u << listener->direction))
			changes[count++] =
				(struct config_change){CONFIG_LISTENER, listener->object.id, NULL};
	}
	release_places(server, config, directions | server->closed_directions);
	bool done = count == 0 || publisher_apply(server->assembly.publisher, changes, count, why);

	free(changes);
	if (!done) {
		server->places_leave = false;
		return false;
	}
	server->closed_directions |= directions;
	counter_add(&segment_process(server->assembly.segment)->listener_stopped, count);
	log_info("listener", "%u listeners closed by request", count);
	return true;
}

static void close_listeners(uv_timer_t *timer)
{
	struct server *server = timer->data;
	struct why why;

	if (!remove_listeners(server, server->close_directions, &why))
		log_error("listener", "%s", why.text);
}

bool server_drain_listeners(struct server *server, const struct admin_drain *how, struct why *why)
{
	uint32_t directions = how->inbound_only ? 1u << DIRECTION_INBOUND : GATEWAY_DRAIN_ALL;
	struct mail mail = {.kind = MAIL_ASK_TO_GO, .directions = directions};

	if (!how->graceful && !how->skip_exit)
		return remove_listeners(server, directions, why);
	if (!assembly_tell(&server->assembly, &mail))
		return why_set(why, "a worker is too busy to be told; try again");
	if (how->skip_exit)
		return true;
	server->close_directions |= directions;
	uv_timer_start(&server->close_listeners, close_listeners,
		       server->drain_seconds * UINT64_C(1000), 0);
	log_info("listener", "listeners close in %u s by request", server->drain_seconds);
	return true;
}
