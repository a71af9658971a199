/* Bytes from a client to a host of a cluster and back, without looking at them.
 *
 *     client rx ── take while the upstream has room ──> upstream
 *     client    <── take while the client has room ──── upstream rx
 *
 * Each side's end of stream is passed on when its last byte is; after both the connection is over.
 * What has no room stays in the other stream's rx: that is the back-pressure. */
#ifndef GATEWAY_TCP_PROXY_TCP_PROXY_H
#define GATEWAY_TCP_PROXY_TCP_PROXY_H

#include "gateway/cluster/cluster.h"

struct tcp_proxy {
	struct list in_gateway;
	struct gateway_timer timer;
	struct work work;
	struct gateway *gateway;
	struct stream *down;
	struct stream *up;                       /* NULL until a connect is under way */
	const struct config_listener *listener;  /* held */
	const struct config_tcp_proxy *config;   /* the listener's */
	const struct config_cluster *cluster;    /* held; NULL = none */
	struct host *host;                       /* of `up` */
	uint64_t opened_ns;
	uint64_t dialled_ns;          /* of the upstream connection */
	uint64_t activity_ns;
	uint64_t connect_deadline_ns;            /* DEADLINE_NEVER_NS once connected */
	uint64_t response_flags;
	uint64_t received_bytes;                 /* from the client */
	uint64_t sent_bytes;
	uint32_t attempts;
	bool connected;
	bool down_ended;
	bool up_ended;
	bool down_shut;                          /* end of stream passed on to the client */
	bool up_shut;
	bool closed;
};

/* False = no memory. */
MUST_USE bool tcp_proxy_accept(struct gateway *gateway, const struct config_listener *listener,
			       const struct config_tcp_proxy *config, struct stream *stream,
			       uint64_t now_ns);
void tcp_proxy_abort(struct tcp_proxy *proxy, uint64_t now_ns);

#endif
