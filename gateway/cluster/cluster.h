/* One worker's state of a cluster, outside of the config and longer-lived.
 *
 *     cluster_state (by cluster id) ──> hosts with connections or waiters (by cluster, addr, port)
 *       counts for the breakers            idle connections (last in, first out)
 *       what the balancer remembers        requests that wait for a connection
 *
 * The config only says which endpoints there are; it may change while all of this goes on.  The
 * breakers are exact on one worker; over workers they are each worker's own. */
#ifndef GATEWAY_CLUSTER_CLUSTER_H
#define GATEWAY_CLUSTER_CLUSTER_H

#include "gateway/core.h"

/* What is worth knowing about an endpoint set, looked through once per version. */
struct cluster_members {
	uint64_t version;
	const struct config_endpoints *seen; /* compared only, never followed */
	uint32_t weight_max;
	bool any;
	bool weighted;
	bool panic;       /* too few are healthy: health is not looked at */
	bool all_usable;  /* no need to look at health */
	bool degraded;    /* only degraded ones are left: they are taken */
};

struct cluster_state {
	struct list hosts;
	struct cluster_members members;
	uint32_t cursor;          /* balancers */
	uint32_t cursor_weight;
	uint32_t connections;
	uint32_t pending;
	uint32_t requests;
	uint32_t requests_max;    /* of the latest config that was asked for a connection */
	uint32_t retries;
};

/* A host that has connections or waiters here; gone when it has neither. */
struct host {
	struct list in_cluster;
	struct cluster_state *cluster;
	uint32_t cluster_id;
	uint32_t hash_next;       /* pool index */
	struct ip_addr addr;
	uint16_t port;
	const char *pipe;         /* path of a Unix socket; NULL = none; in the held object */
	/* Held: the endpoints that this one stands, or stood last, among.  Their counter slots and
	 * texts are given up with the object. */
	const struct config_endpoints *endpoints;
	bool removed;             /* no longer an endpoint: nothing stays idle */
	uint32_t stat_slot;
	uint32_t cluster_slot;
	uint32_t connections;
	uint32_t connecting;
	uint32_t requests;
	uint32_t waiter_count;
	struct list idle;         /* of struct upstream */
	struct list waiters;      /* of struct upstream_waiter */
	struct list fresh_waiters; /* of those that need a new connection */
};

MUST_USE bool clusters_create(struct gateway *gateway);
void clusters_destroy(struct gateway *gateway);
/* Endpoints may have come or gone: idle connections of those that went are closed. */
void clusters_config_changed(struct gateway *gateway, uint64_t now_ns);

/* NULL for an id beyond clusters_max. */
struct cluster_state *cluster_state(struct gateway *gateway, uint32_t cluster_id);
/* NULL when there is none yet. */
struct host *host_find(struct gateway *gateway, uint32_t cluster_id, const struct ip_addr *addr,
		       uint16_t port);
/* Finds or makes; NULL when hosts are exhausted. */
struct host *host_get(struct gateway *gateway, const struct config_cluster *cluster,
		      const struct config_endpoint *endpoint);
#define HOST_TEXT_BYTES 112
_Static_assert(HOST_TEXT_BYTES >= IP_ADDR_TEXT_BYTES, "a path or an address with its port");
/* "10.0.0.1:80", or the path. */
const char *host_text(const struct host *host, char text[HOST_TEXT_BYTES]);
/* Frees it where nothing hangs on it any more. */
void host_put(struct gateway *gateway, struct host *host);

/* --- balancers: one file each ------------------------------------------------------------------ */

struct balance {
	struct gateway *gateway;
	struct cluster_state *state;
	const struct config_cluster *cluster;
	const struct config_endpoints *endpoints;
	uint64_t hash;            /* of the request, for ring hash and Maglev */
};

struct balancer {
	/* endpoint_count > 0 and at least one is usable. */
	uint32_t (*choose)(struct balance *balance);
};

extern const struct balancer balancer_round_robin;
extern const struct balancer balancer_least_request;
extern const struct balancer balancer_random;

/* Whether the balancer may take this one, by health and panic. */
bool balance_usable(const struct balance *balance, uint32_t index);
/* The first usable one at or after index, around the end; UINT32_MAX = none. */
uint32_t balance_usable_from(const struct balance *balance, uint32_t index);

/* The endpoint for the next request; NULL = no healthy upstream.  Valid within this poll. */
const struct config_endpoint *cluster_choose(struct gateway *gateway,
					     const struct config_cluster *cluster, uint64_t hash);

#endif
