/* Messages of the xDS API as immutable objects of gateway/config, one file a message.
 *
 *     Listener ──> config_listener ──> config_filter_chain ──> config_hcm | config_tcp_proxy
 *     RouteConfiguration ──> config_route_table     (also the one that stands inside of an HCM)
 *     Cluster ──> config_cluster, and its load_assignment ──> config_endpoints or DNS targets
 *
 * Envoy's defaults are put in here, and what Envoy refuses is refused here.  Every function adds
 * faults to the document, with the field, and goes on as far as it can, so that one run finds all;
 * the result counts only if no fault was added.  Each shared object has an arena of its own, which
 * object.destroy gives back. */
#ifndef XDS_TRANSLATE_TRANSLATE_H
#define XDS_TRANSLATE_TRANSLATE_H

#include <stdbool.h>

#include "gateway/config/config.h"
#include "gateway/config/names.h"
#include "gateway/stats/stats.h"
#include "xds/reflect/document.h"

/* What the composition root, the simulator or a test lends; outlives every object made with it. */
struct translate_env {
	struct stat_registry *stats;  /* NULL: every slot is STAT_SLOT_OVERFLOW */
	struct config_names *names;
	/* Index of the log sink for a path; NULL: 0.  Opening the file is left to the owner. */
	uint32_t (*log_sink)(void *context, const char *path);
	void *log_context;
};

/* A host of a STRICT_DNS cluster: the resolver makes config_endpoints of what it finds. */
struct config_dns_target {
	uint32_t cluster_id;
	const char *hostname;
	uint16_t port;
	uint32_t weight;
	enum config_health health;
};

/* What one source of configuration says; pointers to the objects, owned until they are published. */
struct config_resources {
	struct config_listener **listeners;
	uint32_t listener_count;
	struct config_route_table **route_tables;
	uint32_t route_table_count;
	struct config_cluster **clusters;
	struct config_endpoints **endpoints; /* beside clusters; empty for STRICT_DNS */
	uint32_t cluster_count;
	struct config_dns_target *dns_targets;
	uint32_t dns_target_count;
};

/* Destroys the objects that are still in the lists (set those that were published to NULL). */
void config_resources_destroy(struct config_resources *resources);

/* A root over the resources, indexed by id; the objects stay where they are.  malloc'ed as one
 * block, freed by free().  NULL when there is no memory. */
struct config *config_root_create(const struct config_resources *resources,
				  const struct translate_env *env, uint64_t version);

#endif
