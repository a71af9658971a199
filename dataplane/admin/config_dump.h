/* /config_dump: a bootstrap that is JSON already, arranged as envoy.admin.v3.ConfigDump.
 *
 *     configs: BootstrapConfigDump {bootstrap}
 *              ClustersConfigDump  {static_clusters: [{cluster}]}
 *              ListenersConfigDump {static_listeners: [{listener}]}
 *              RoutesConfigDump    {static_route_configs: [{route_config}]}
 *
 *              EndpointsConfigDump {static_endpoint_configs: [{endpoint_config}]} where ?include_eds
 *              asks for it: the hosts in force
 *
 * ?resource=static_clusters gives the entries of that list alone, ?name_regex= those whose whole
 * name matches; ?mask= is applied to every entry of the list, or to every dump (json_mask.h). */
#ifndef DATAPLANE_ADMIN_CONFIG_DUMP_H
#define DATAPLANE_ADMIN_CONFIG_DUMP_H

#include <jansson.h>

#include "dataplane/admin/admin.h"

struct config_view;

/* view: the hosts, NULL unless query->include_eds.  bootstrap: envoy.config.bootstrap.v3.Bootstrap as JSON with snake_case names; not changed. */
MUST_USE bool config_dump_write(const json_t *bootstrap, const struct config_view *view,
				const struct admin_config_query *query, struct text *out,
				struct why *why);

/* Whether ?resource= may ask for it. */
bool config_dump_knows(const char *resource);

#endif
