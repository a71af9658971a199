/* What one worker counts for the gateway, by kind and slot.
 *
 * A slot belongs to a name (stat prefix, cluster, cluster + host) and not to a config object: an
 * update of the config finds the same slot again and never resets it.  Slots are given out by
 * control threads through struct stat_registry; slot 0 of each kind is shared by all names for
 * which there was no room (their counts are still exact in sum). */
#ifndef GATEWAY_STATS_STATS_H
#define GATEWAY_STATS_STATS_H

#include <stdint.h>

#define STAT_STRUCT_MEMBER(name, help) uint64_t name;
#define COUNTER STAT_STRUCT_MEMBER
#define GAUGE STAT_STRUCT_MEMBER
struct listener_stats {
#include "gateway/stats/listener.def"
};
struct http_stats {
#include "gateway/stats/http.def"
};
struct cluster_stats {
#include "gateway/stats/cluster.def"
};
struct endpoint_stats {
#include "gateway/stats/endpoint.def"
};
struct route_stats {
#include "gateway/stats/route.def"
};
struct tcp_proxy_stats {
#include "gateway/stats/tcp_proxy.def"
};
#undef COUNTER
#undef GAUGE

enum stat_kind {
	STAT_LISTENER,
	STAT_HTTP,
	STAT_CLUSTER,
	STAT_ENDPOINT,
	STAT_ROUTE,
	STAT_TCP_PROXY,
	STAT_KIND_COUNT
};

#define STAT_SLOT_OVERFLOW 0

/* Latency distributions, made when first used. */
enum stat_histogram {
	HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME,    /* by STAT_HTTP slot */
	HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME,   /* by STAT_CLUSTER slot */
	HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT,
	HISTOGRAM_CLUSTER_UPSTREAM_CX_LENGTH,
	HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX, /* a count, kept as that many milliseconds */
	HISTOGRAM_HTTP_DOWNSTREAM_CX_LENGTH,
	HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH, /* by STAT_LISTENER slot */
	HISTOGRAM_ROUTE_UPSTREAM_RQ_TIME,        /* by STAT_ROUTE slot */
	STAT_HISTOGRAM_COUNT
};

/* One worker's arrays; the worker is their only writer. */
struct gateway_stats {
	struct listener_stats *listeners;
	struct http_stats *https;
	struct cluster_stats *clusters;
	struct endpoint_stats *endpoints;
	struct route_stats *routes;
	struct tcp_proxy_stats *tcp_proxies;
	/* Records one value in ns; does nothing where there is no memory for one more histogram. */
	void (*record)(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		       uint64_t value_ns);
};

/* Control threads only. */
struct stat_registry {
	/* Finds or makes the slot of `name` and takes a reference; STAT_SLOT_OVERFLOW when the kind is
	 * full.  For endpoints the name is "CLUSTER_NAME\nADDRESS:PORT", for routes
	 * "VIRTUAL_HOST\nSTAT_PREFIX". */
	uint32_t (*slot)(struct stat_registry *self, enum stat_kind kind, const char *name);
	/* Gives one reference back, when the config object that held it is destroyed: no worker holds
	 * it then, so none writes there any more.  (Endpoints, whose sets come and go with DNS; the
	 * other kinds keep their objects, and slots, until the end.)  The counts stay, and are found again under the same name, until
	 * the kind is full and another name needs the slot.  May be NULL: nothing is ever reused. */
	void (*release)(struct stat_registry *self, enum stat_kind kind, uint32_t slot);
};

#endif
