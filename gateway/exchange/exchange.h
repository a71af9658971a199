/* One request and its answer, independent of the codecs at both ends.
 *
 *   downstream codec                        exchange                          upstream codec
 *   (h1_server, a callout)                                                    (h1_client)
 *   exchange_request        ─ head ──> [decode filters ──────────── router] ─ ops->head ──>
 *   exchange_request_body   ─ bytes ─> [ 0 → 1 → … ]                        ─ ops->body ──>
 *   exchange_request_reset  ─ gone ──>                                      ─ ops->reset ─>
 *            <── ops->resume                        <── exchange_request_resume (has room)
 *
 *            <── ops->informational ──────────────────────── exchange_answer_informational
 *            <── ops->head ── [ 0 ← 1 ← … encode filters] <─ head ── exchange_answer
 *            <── ops->body                                <─ bytes ─ exchange_answer_body
 *            <── ops->reset                               <─ gone ── exchange_answer_reset
 *   exchange_answer_resume (has room) ──────────────────────────────> ops->resume
 *
 * Back-pressure: a codec asks exchange_*_room before it takes bytes out of its stream and delivers
 * no more than that; 0 = leave them in the stream and wait for ops->resume.  The answer is what the
 * other end wants, or what a buffering filter may still hold; so an exchange never holds more than
 * the listener's buffer limit per direction.
 *
 * Any number of exchanges may share one connection (HTTP/2); HTTP/1 has one at a time.  CONNECT and
 * upgrades are an exchange whose bodies end with their connections.
 *
 * Ownership: the exchange owns its arena, both heads, and a reference on the buffers that they
 * point into.  The downstream codec owns the exchange's start; it ends (exchange_end) when the
 * answer is out or either side is gone, and its memory goes when the outermost call into it
 * returns.  `over` says that it has ended: nobody may touch down or up any more. */
#ifndef GATEWAY_EXCHANGE_EXCHANGE_H
#define GATEWAY_EXCHANGE_EXCHANGE_H

#include "gateway/core.h"
#include "gateway/exchange/head_bytes.h"
#include "gateway/filters/filter.h"
#include "gateway/log/format.h"
#include "gateway/route/route.h"

struct router;

/* Why one side has gone. */
enum exchange_reset {
	RESET_NONE,
	RESET_CONNECT_FAILURE,  /* "remote connection failure" */
	RESET_CONNECT_TIMEOUT,  /* "connection timeout" */
	RESET_TERMINATION,      /* closed without a whole message */
	RESET_REMOTE,           /* reset by the peer */
	RESET_LOCAL,
	RESET_OVERFLOW,         /* circuit breaker */
	RESET_PROTOCOL_ERROR,
	RESET_REFUSED_STREAM,   /* HTTP/2: certainly not processed */
};
const char *exchange_reset_name(enum exchange_reset why);

/* What the exchange asks of the codec towards the client.  `bytes` are moved, never copied. */
struct downstream_ops {
	void (*informational)(struct exchange *exchange, const struct message_head *head,
			      uint64_t now_ns);
	/* exchange->response; false = no memory, the codec has reset its side. */
	bool (*head)(struct exchange *exchange, bool ended, uint64_t now_ns);
	/* ended: with exchange->response_trailers. */
	void (*body)(struct exchange *exchange, struct slice_queue *bytes, bool ended,
		     uint64_t now_ns);
	void (*reset)(struct exchange *exchange, uint64_t now_ns);
	uint32_t (*room)(const struct exchange *exchange);
	/* The request's consumer has room again. */
	void (*resume)(struct exchange *exchange, uint64_t now_ns);
	/* exchange_expire is to be called at this time or before. */
	void (*arm)(struct exchange *exchange, uint64_t deadline_ns);
	void (*info)(const struct exchange *exchange, struct stream_info *out);
	/* The exchange has ended and takes its leave; asks the codec to forget it. */
	void (*ended)(struct exchange *exchange, uint64_t now_ns);
};

/* What the exchange asks of the codec towards the upstream host. */
struct upstream_ops {
	bool (*head)(struct exchange *exchange, bool ended, uint64_t now_ns);
	void (*body)(struct exchange *exchange, struct slice_queue *bytes, bool ended,
		     uint64_t now_ns);
	/* The exchange lets go of it, whether the answer is complete or not: forgets the exchange. */
	void (*reset)(struct exchange *exchange, uint64_t now_ns);
	uint32_t (*room)(const struct exchange *exchange);
	/* The answer's consumer has room again. */
	void (*resume)(struct exchange *exchange, uint64_t now_ns);
	void (*info)(const struct exchange *exchange, struct stream_info *out);
};

struct exchange {
	struct gateway *gateway;
	const struct config_hcm *hcm;        /* NULL for a callout; held through the connection */
	const struct downstream_ops *down_ops;
	void *down;
	const struct upstream_ops *up_ops;   /* NULL = no upstream connection */
	void *up;
	struct arena arena;
	struct message_head request;
	struct message_head response;
	struct header_list request_trailers;
	struct header_list response_trailers;
	struct head_bytes request_bytes;
	struct head_bytes response_bytes;
	struct filter_chain chain;
	struct router *router;               /* the terminal filter's state */
	const struct config_route_table *table; /* held */
	struct route_choice route;
	uint32_t fixed_cluster_id;           /* callout: instead of a route */
	uint32_t buffer_limit_bytes;
	uint64_t start_ns;
	uint64_t request_end_ns;
	uint64_t response_start_ns;
	uint64_t activity_ns;                /* something moved, for the idle timeout */
	uint64_t idle_timeout_ns;            /* 0 = none */
	uint64_t request_deadline_ns;        /* whole request received */
	uint64_t route_deadline_ns;
	uint64_t try_deadline_ns;
	uint64_t response_flags;
	struct str details;                  /* response_code_details */
	struct str request_id;
	struct str original_path;
	struct str cluster_name;
	struct str upstream_host;
	struct str upstream_failure;         /* why its connection could not be had; static */
	uint64_t bytes_received;             /* body bytes */
	uint64_t bytes_sent;
	uint32_t attempts;
	uint32_t trace;                      /* word of stack/base/trace.h; 0 = not traced */
	uint8_t depth;                       /* calls into it that have not returned */
	bool counted;                        /* in the statistics: a request head was complete */
	bool route_looked_up;
	bool request_head_done;              /* passed all decode filters */
	bool request_ended;                  /* the client has sent all */
	bool request_discarded;              /* answered: what still comes is dropped */
	bool response_started;               /* the head has entered the encode filters */
	bool response_head_done;             /* … and was given to the codec */
	bool response_ended;                 /* the last byte was given to the codec */
	bool local_reply;
	bool over;
};

/* NULL when exchanges or arena chunks are exhausted. */
struct exchange *exchange_create(struct gateway *gateway, const struct config_hcm *hcm,
				 const struct downstream_ops *ops, void *down, uint64_t now_ns);
/* Gives up on an exchange whose head was never complete. */
void exchange_abandon(struct exchange *exchange, uint64_t now_ns);

/* --- from the downstream codec --- */
void exchange_request(struct exchange *exchange, bool ended, uint64_t now_ns);
uint32_t exchange_request_room(const struct exchange *exchange);
/* Moves all of bytes; with ended, exchange->request_trailers are complete. */
void exchange_request_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			   uint64_t now_ns);
void exchange_request_reset(struct exchange *exchange, enum exchange_reset why, uint64_t now_ns);
void exchange_answer_resume(struct exchange *exchange, uint64_t now_ns);
/* Looks at the deadlines; returns the next one. */
uint64_t exchange_expire(struct exchange *exchange, uint64_t now_ns);
uint64_t exchange_deadline_ns(const struct exchange *exchange);

/* --- from the upstream codec --- */
void exchange_answer_informational(struct exchange *exchange, const struct message_head *head,
				   uint64_t now_ns);
void exchange_answer(struct exchange *exchange, bool ended, uint64_t now_ns);
uint32_t exchange_answer_room(const struct exchange *exchange);
void exchange_answer_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			  uint64_t now_ns);
/* The upstream side is gone and has forgotten the exchange.  stale: nothing of an answer had come,
 * on a connection that had served before. */
void exchange_answer_reset(struct exchange *exchange, enum exchange_reset why, bool stale,
			   uint64_t now_ns);
void exchange_request_resume(struct exchange *exchange, uint64_t now_ns);

/* --- from filters and codecs --- */
/* Answers locally; resets where an answer has already begun.  Strings last as long as the exchange. */
void exchange_reply(struct exchange *exchange, uint16_t status, struct str body, struct str details,
		    uint64_t flags, uint64_t now_ns);
/* As exchange_reply, with headers that the caller has already put into exchange->response. */
void exchange_reply_with_headers(struct exchange *exchange, uint16_t status, struct str body,
				 struct str details, uint64_t flags, uint64_t now_ns);
/* The route of the request, looked up when first asked for; route.route NULL = none. */
const struct route_choice *exchange_route(struct exchange *exchange);
/* A filter has changed what the route depends on: looked up again when next asked for. */
void exchange_clear_route(struct exchange *exchange);
/* Ends with a reset towards the client. */
void exchange_reset(struct exchange *exchange, uint64_t flags, struct str details, uint64_t now_ns);

/* --- inside gateway/exchange --- */
void exchange_enter(struct exchange *exchange);
void exchange_leave(struct exchange *exchange);
/* The one end of every exchange: counts, logs, detaches both sides. */
void exchange_end(struct exchange *exchange, uint64_t now_ns);
void exchange_log(struct exchange *exchange, uint64_t now_ns);
/* Notes a request that failed, was slow, or both, for those who ask later (request_memory.h). */
void exchange_remember(struct exchange *exchange, bool failed, bool slow, uint64_t now_ns);
/* What is known of the exchange so far; the infos are the caller's and outlive the context. */
void exchange_log_context(struct exchange *exchange, struct log_context *context,
			  struct stream_info *downstream, struct stream_info *upstream,
			  uint64_t now_ns);

/* Copies bytes that were made here (heads, chunk framing, local bodies) into mbufs of header_pool;
 * false = no memory (nothing queued). */
MUST_USE bool gateway_push_bytes(struct gateway *gateway, struct slice_queue *to, const char *data,
				 uint32_t length);

#endif
