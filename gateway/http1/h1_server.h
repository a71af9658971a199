/* HTTP/1.x towards a client, on one stream (RFC 9112).
 *
 *              first byte            head complete            answer complete
 *     IDLE ───────────────> HEAD ───────────────> EXCHANGE ───────────────────> IDLE
 *       │ idle timeout        │ 400 408 431 501 505   │ reset                 └─> LINGER (close, but
 *       └─────────> CLOSED <──┴───────────────────────┘                          read what still comes)
 *
 * Pipelined requests wait in the stream.  One timer, moved only when it would fire too late. */
#ifndef GATEWAY_HTTP1_H1_SERVER_H
#define GATEWAY_HTTP1_H1_SERVER_H

#include "gateway/exchange/exchange.h"
#include "gateway/http1/h1_body.h"
#include "gateway/travel.h"

enum h1_server_state {
	H1_SERVER_IDLE,
	H1_SERVER_HEAD,
	H1_SERVER_EXCHANGE,
	H1_SERVER_LINGER,
	H1_SERVER_AWAY, /* on its way to another worker (h1_server_travel.c); nothing happens here */
	H1_SERVER_CLOSED
};

/* What only a request in progress needs; in its arena. */
struct h1_server_codec {
	struct h1_reader reader;
	struct h1_writer writer;
	bool body_suppressed; /* HEAD, 204, 304: framing is told, bytes are not sent */
};

/* Links and timer apart, what is HTTP here is 80 bytes. */
struct h1_server {
	struct list in_gateway;
	struct gateway_timer timer;
	struct work work;
	struct gateway *gateway;
	struct stream *stream;
	const struct config_listener *listener; /* held */
	const struct config_hcm *hcm;           /* the listener's */
	struct exchange *exchange;
	struct h1_server_codec *codec;          /* NULL when idle */
	uint64_t deadline_ns;
	uint64_t opened_ns;
	uint32_t requests;
	uint32_t rx_counted_bytes;              /* count_received */
	uint8_t state;
	bool keep_alive;
	bool request_done;   /* the request has been read to its end */
	bool peer_ended;
	bool starved;        /* the request's body needs bytes that have not come */
};

/* The listener's hold passes to the connection.  False = no memory. */
MUST_USE bool h1_server_accept(struct gateway *gateway, const struct config_listener *listener,
			       const struct config_hcm *hcm, struct stream *stream, uint64_t now_ns);
/* Idle: closes after a moment without a request.  Busy: says Connection: close in its answer (gateway.draining). */
void h1_server_drain(struct h1_server *server, uint64_t now_ns);
/* Resets at once. */
void h1_server_abort(struct h1_server *server, uint64_t now_ns);

/* --- h1_server_write.c: the codec's side of downstream_ops --- */
extern const struct downstream_ops h1_server_ops;

static inline struct http_stats *h1_server_stats(const struct h1_server *server)
{
	return stats_http(server->gateway, server->hcm->stat_slot);
}

/* --- h1_server_head.c: heads that are complete, and what is refused --- */
void h1_server_request(struct h1_server *server, uint64_t now_ns);
void h1_server_bad_head(struct h1_server *server, enum h1_result result, uint64_t now_ns);
/* A request that cannot be served as it stands: answered, counted and logged like any other. */
void h1_server_refuse(struct h1_server *server, uint16_t status, struct str details,
		      uint64_t flags, uint64_t now_ns);

/* --- h1_server_travel.c: gateway/travel.h for these connections --- */
bool h1_server_owns(const struct stream *stream);
bool h1_server_may_travel(const struct h1_server *server);
void h1_server_suspend(struct h1_server *server, struct gateway_traveller *out);
MUST_USE bool h1_server_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
			       struct stream *stream, uint64_t now_ns);
void h1_server_resume(struct h1_server *server, uint64_t now_ns);
void h1_server_forget(struct h1_server *server);

/* --- h1_server.c, for the others --- */
extern const struct stream_owner_ops h1_server_owner_ops;
/* A block without a listener's count: links, owner, timer.  NULL = no memory. */
struct h1_server *h1_server_make(struct gateway *gateway, const struct config_listener *listener,
				 const struct config_hcm *hcm, struct stream *stream);
void h1_server_deadline(struct h1_server *server, uint64_t deadline_ns);
void h1_server_close(struct h1_server *server, bool abort, uint64_t now_ns);
void h1_server_exchange_ended(struct h1_server *server, bool complete, uint64_t now_ns);
void h1_server_read_later(struct h1_server *server);

#endif
