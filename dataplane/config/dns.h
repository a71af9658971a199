/* STRICT_DNS clusters: names in, config_endpoints out, again and again.
 *
 *     dns_watch --> query every name (c-ares) --all answered--> config_endpoints --> publish()
 *                        ^                                           only when they differ
 *                        +---- after the refresh time or the least TTL ----+
 *
 * As in Envoy: an answer without addresses (NXDOMAIN, or no record of the family) is an answer, and
 * takes the hosts away; a failure (no answer, SERVFAIL, refused) keeps the last good addresses.  Both
 * are counted in the cluster's slot.  A cluster's first round always publishes, even an empty set,
 * so that nothing waits for ever.  Runs on the control
 * loop; the kernel's resolver configuration (resolv.conf, hosts) is what counts. */
#ifndef DATAPLANE_CONFIG_DNS_H
#define DATAPLANE_CONFIG_DNS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "gateway/config/config.h"
#include "gateway/stats/stats.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define DNS_ADDRESSES_MAX 64 /* of one name */

struct cluster_stats;

/* One host of a cluster. */
struct dns_target {
	const char *hostname;
	uint16_t port;
	uint32_t weight;
	enum config_health health;
};

struct dns_counts {
	uint64_t queries;
	uint64_t failures;
};

struct dns_params {
	uv_loop_t *loop;
	struct stat_registry *stats;
	/* By slot; of these only update_* is written, by nobody else.
	 * NULL: not counted. */
	struct cluster_stats *clusters;
	/* Takes the object.  May watch and unwatch, may not close. */
	void (*publish)(void *context, uint32_t cluster_id, struct config_endpoints *endpoints);
	void *context;
	const char *servers; /* NULL = the system's; "address:port,…" in tests */
};

struct dns;

MUST_USE bool dns_open(struct dns **out, const struct dns_params *params, struct why *why);
/* Ends all watches; the loop has to run on until its handles are closed. */
void dns_close(struct dns *dns);

/* Copies what it needs.  A watch of the same cluster is replaced. */
MUST_USE bool dns_watch(struct dns *dns, const struct config_cluster *cluster,
			const struct dns_target *targets, uint32_t target_count, struct why *why);
void dns_unwatch(struct dns *dns, uint32_t cluster_id);
struct dns_counts dns_counts(const struct dns *dns);

#endif
