/* Connections to upstream hosts, kept per host and worker.
 *
 *     pool_acquire ──> idle connection (last in, first out) ──────────────> ready at once
 *                └──> waiter queued ──> connection opened, or another freed ──> waiter->ready
 *                     └─ fresh ───────> connection opened ────────────────────> waiter->ready
 *
 * Bounded by the cluster's breakers: connections_max, pending_max, requests_max. */
#ifndef GATEWAY_CLUSTER_POOL_H
#define GATEWAY_CLUSTER_POOL_H

#include "gateway/cluster/cluster.h"
#include "gateway/exchange/exchange.h"
#include "gateway/http1/h1_body.h"

struct upstream;

enum upstream_state {
	UPSTREAM_CONNECTING,
	UPSTREAM_IDLE,
	UPSTREAM_BUSY,
	UPSTREAM_AWAY, /* on its way to another worker (pool_travel.c); nothing happens here */
	UPSTREAM_CLOSED
};

/* The protocol spoken on a connection (h1_client.h). */
struct upstream_codec {
	/* The exchange's request goes out here: sets exchange->up and up_ops. */
	void (*start)(struct upstream *upstream, struct exchange *exchange);
	/* The stream's events while the connection is busy. */
	void (*ready)(struct upstream *upstream, uint32_t events, uint64_t now_ns);
};

/* One connection.  Its memory goes in gateway_run after it was closed, so that the callers of a
 * call that closed it may still look at its state. */
struct upstream {
	struct gateway *gateway;
	const struct upstream_codec *codec;
	struct stream *stream;        /* NULL once closed */
	struct host *host;
	struct exchange *exchange;    /* NULL unless busy */
	struct list in_gateway;
	struct list in_idle;
	struct gateway_timer timer;
	struct work work;
	uint64_t deadline_ns;         /* connect or idle timeout */
	uint64_t opened_ns;
	uint64_t idle_timeout_ns;
	uint32_t requests;
	uint32_t requests_max;
	uint32_t rx_counted_bytes;    /* count_received */
	uint8_t state;
	bool peer_ended;
	bool rested;                  /* was idle in the pool, where its end may not be known yet */
	/* h1_client, for the exchange in progress */
	bool head_seen;               /* a byte of the answer has come */
	bool answer_ended;
	bool request_ended;
	bool in_body;
	bool starved;                 /* the answer needs bytes that have not come */
	bool keep_alive;
	struct h1_reader reader;
	struct h1_writer writer;
};

struct upstream_waiter {
	struct list in_host;
	struct host *host;            /* NULL = not waiting */
	uint32_t trace;               /* of the request (stack/base/trace.h) */
	bool fresh;                   /* only a connection that has carried no request will do */
	enum stream_failure failure;  /* of the connection, when `failed` is called because of it */
	void (*ready)(struct upstream_waiter *waiter, struct upstream *upstream, uint64_t now_ns);
	void (*failed)(struct upstream_waiter *waiter, enum exchange_reset why, uint64_t now_ns);
};

enum pool_result {
	POOL_READY,     /* *upstream is the caller's: it calls codec->start */
	POOL_WAITING,   /* ready or failed will be called, later */
	POOL_OVERFLOW,  /* a breaker is open */
	POOL_FAILED,    /* no connection can be started */
};

enum pool_result pool_acquire(struct gateway *gateway, const struct config_cluster *cluster,
			      const struct config_endpoint *endpoint,
			      struct upstream_waiter *waiter, struct upstream **upstream,
			      uint64_t now_ns);
void pool_cancel(struct gateway *gateway, struct upstream_waiter *waiter);
/* The connection is clean: it serves who waits, or becomes idle. */
void pool_release(struct upstream *upstream, uint64_t now_ns);
/* Closes; abort: with a reset.  The exchange, if any, has been told. */
void pool_close(struct upstream *upstream, bool abort, bool remote, uint64_t now_ns);
/* --- pool_travel.c: gateway/travel.h for these connections --- */
struct gateway_traveller;
bool pool_owns(const struct stream *stream);
bool pool_may_travel(const struct upstream *upstream);
void pool_suspend(struct upstream *upstream, struct gateway_traveller *out);
MUST_USE bool pool_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
			  struct stream *stream, uint64_t now_ns);
void pool_resume(struct upstream *upstream, uint64_t now_ns);

/* --- pool.c, for pool_travel.c --- */
extern const struct stream_owner_ops pool_owner_ops;
/* Fills a block that has its host. */
void pool_adopt(struct upstream *upstream, struct gateway *gateway,
		const struct config_cluster *cluster, struct stream *stream);
/* It lives here no longer: gives its block back, and serves who waits by another one. */
void pool_forget(struct upstream *upstream, uint64_t now_ns);

/* Counts what has arrived since the last time. */
void pool_count_received(struct upstream *upstream);
void pool_close_idle(struct gateway *gateway, struct host *host, uint64_t now_ns);

/* The connection carries this request now (the breakers count it) … */
void pool_request_begin(struct upstream *upstream);
/* … and no longer. */
void pool_request_end(struct upstream *upstream);

#endif
