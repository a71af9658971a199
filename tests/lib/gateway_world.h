/* A gateway between scripted clients and a scripted origin, over pipes, with a virtual clock.
 *
 *     client ──pipe──> gateway ──pipe──> origin      (bytes in and out are plain text buffers)
 */
#ifndef TESTS_LIB_GATEWAY_WORLD_H
#define TESTS_LIB_GATEWAY_WORLD_H

#include "gateway/gateway.h"
#include "tests/lib/pipe.h"

#define WORLD_CLUSTERS 4
#define WORLD_ENDPOINTS 4
#define WORLD_PEERS 32
#define WORLD_TEXT_BYTES 262144

/* A client, or the origin's side of one upstream connection. */
struct peer {
	struct world *world;
	struct pipe_end *end;       /* NULL once it is over */
	char *got;                  /* everything received, NUL-ended */
	uint32_t got_bytes;
	uint32_t answered;          /* origin: requests answered so far */
	uint32_t read_max;          /* bytes taken at each event; UINT32_MAX = all */
	uint16_t port;              /* origin: of which endpoint */
	bool ended;                 /* the other side has half-closed */
	bool broken;                /* … or reset */
};

struct world {
	struct rte_mempool *mbufs;
	unsigned mbufs_total;
	struct slice_pool slices;
	struct pipes pipes;
	struct gateway *gateway;
	struct gateway_params params;
	struct gateway_stats stats;
	struct http_stats https[4];
	struct cluster_stats clusters_stats[8];
	struct endpoint_stats endpoint_stats[32];
	struct listener_stats listener_stats[4];
	struct route_stats route_stats[4];
	struct tcp_proxy_stats tcp_stats[4];
	uint32_t hold_counts[64];
	struct config_holds holds;
	struct config config;
	struct config_listener listener;
	struct config_listener *listeners[1];
	struct config_filter_chain chain;
	struct config_hcm hcm;
	struct config_tcp_proxy tcp_proxy;
	struct config_weighted_cluster tcp_cluster;
	struct config_http_filter filters[8];
	struct config_route_table table;
	struct config_route_table *tables[1];
	struct config_virtual_host host;
	struct str domain;
	struct config_route routes[4];
	struct config_weighted_cluster route_clusters[4];
	struct config_cluster clusters[WORLD_CLUSTERS];
	struct config_cluster *cluster_pointers[WORLD_CLUSTERS];
	struct config_endpoints endpoints[WORLD_CLUSTERS];
	struct config_endpoint endpoint[WORLD_CLUSTERS][WORLD_ENDPOINTS];
	struct config_endpoints *endpoint_pointers[WORLD_CLUSTERS];
	struct stream_opener opener;
	struct log_sink log;
	char log_text[4096];
	struct peer clients[WORLD_PEERS];
	unsigned client_count;
	struct peer origins[WORLD_PEERS]; /* in order of opening */
	unsigned origin_count;
	uint64_t now_ns;
	/* What the origin does with a connection and with what has come; NULL = nothing. */
	enum { ORIGIN_ACCEPTS, ORIGIN_REFUSES, ORIGIN_HANGS } origin_mode;
	void (*origin_readable)(struct peer *origin);
};

/* Route "/" to cluster 0 with one endpoint, router only, sane limits; change before world_start. */
void world_init(struct world *world);
void world_start(struct world *world);
/* Closes everything and asserts that nothing is left over. */
void world_end(struct world *world);

struct peer *world_client(struct world *world);
void peer_send(struct peer *peer, const char *text);
void peer_send_bytes(struct peer *peer, const char *data, uint32_t length);
void peer_finish(struct peer *peer);
void peer_cut(struct peer *peer);
/* Until nothing moves any more, at the same moment. */
void world_settle(struct world *world);
/* Jumps the clock by this much, firing what comes due on the way. */
void world_wait(struct world *world, uint64_t ns);

/* origin_readable: answers each complete request without body with "200 ok". */
void origin_answers_ok(struct peer *origin);

#endif
