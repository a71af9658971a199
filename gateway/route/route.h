/* From a request head to a route (Envoy's order: host exact, longest suffix, "*", then the first
 * route whose match holds). */
#ifndef GATEWAY_ROUTE_ROUTE_H
#define GATEWAY_ROUTE_ROUTE_H

#include <stdbool.h>

#include "gateway/config/config.h"
#include "gateway/exchange/message.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* Builds the index of a table (control thread; malloc).  False for duplicate domains and the like,
 * named in *why. */
MUST_USE bool route_index_build(struct config_route_table *table, struct why *why);
void route_index_free(struct route_index *index); /* NULL is allowed */

struct route_choice {
	const struct config_virtual_host *virtual_host;
	const struct config_route *route;
};

/* False when no virtual host or no route matches (choice->virtual_host tells which). */
MUST_USE bool route_find(const struct config_route_table *table, const struct message_head *request,
			 struct route_choice *choice);
/* The weighted choice; `random` is any 64-bit value. */
uint32_t route_choose_cluster(const struct config_route *route, uint64_t random);
/* Path after prefix_rewrite, in the arena; data NULL when there is no room. */
struct str route_rewrite_path(const struct config_route *route, struct str path, struct arena *arena);
/* The Location of a redirect route, in the arena; data NULL when there is no room.  A request
 * without scheme counts as "http". */
struct str route_redirect_location(const struct config_route *route,
				   const struct message_head *request, struct arena *arena);

#endif
