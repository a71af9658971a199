/* What the admin endpoints show of the configuration, copied out of a root: the copy is made on the
 * control thread, which owns the root, and is short; text is made of it on the server's thread.
 *
 *     config root --config_view_copy (control thread)--> config_view --> /clusters, /listeners */
#ifndef DATAPLANE_ADMIN_CONFIG_VIEW_H
#define DATAPLANE_ADMIN_CONFIG_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "stack/base/compiler.h"

struct config_arena;

struct config_view_host {
	struct ip_addr addr;
	uint16_t port;
	const char *pipe;     /* NULL = none: path of a Unix socket */
	enum config_health health;
	uint32_t weight;
	uint32_t stat_slot;
	const char *hostname; /* "" = none */
};

struct config_view_cluster {
	const char *name;
	const char *stat_name;
	enum config_discovery discovery;
	struct config_breakers breakers;
	struct config_view_host *hosts;
	uint32_t host_count;
};

struct config_view_listener {
	const char *name;
	struct config_listen_address *addresses; /* addr, port and pipe */
	uint32_t address_count;
};

struct config_view {
	struct config_arena *arena; /* owns all of it */
	struct config_view_cluster *clusters; /* by name */
	uint32_t cluster_count;
	struct config_view_listener *listeners;
	uint32_t listener_count;
};

/* False when there is no memory (nothing is to be freed then). */
MUST_USE bool config_view_copy(struct config_view *out, const struct config *config);
void config_view_free(struct config_view *view);

#endif
