/* Header mutations of routes, virtual hosts and route tables, on a message head. */
#ifndef GATEWAY_ROUTE_MUTATE_H
#define GATEWAY_ROUTE_MUTATE_H

#include "gateway/config/config.h"
#include "gateway/exchange/message.h"
#include "gateway/log/format.h"
#include "gateway/route/route.h"

/* Applies one list in its order (translate puts removals first, as Envoy applies them).  Values
 * with a format are written from *context into the arena (cut at HEADER_VALUE_BYTES_MAX, control
 * bytes replaced by a space); an empty value adds nothing unless keep_empty_value.  Host is not in
 * the list and not touched.  False when the arena is exhausted. */
#define HEADER_VALUE_BYTES_MAX 2048
MUST_USE bool mutate_apply(const struct config_header_mutations *mutations,
			   struct header_list *headers, struct arena *arena,
			   const struct log_context *context);

/* All levels in Envoy's order: route, virtual host, route table, so that the least specific wins;
 * the other way round with the table's most_specific_header_mutations_wins.  choice->route or
 * choice->virtual_host may be NULL. */
MUST_USE bool mutate_request(const struct config_route_table *table,
			     const struct route_choice *choice, struct message_head *request,
			     struct arena *arena, const struct log_context *context);
MUST_USE bool mutate_response(const struct config_route_table *table,
			      const struct route_choice *choice, struct message_head *response,
			      struct arena *arena, const struct log_context *context);

#endif
