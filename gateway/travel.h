/* Idle connections, of clients and to hosts, that go from one worker's gateway to another's, while their streams do the same
 * (stack/tcp/tcp_export.h).  Idle: no exchange, an empty codec, nothing put off.
 *
 *     gateway_may_travel ─> gateway_suspend ─┬─> there: gateway_arrive ─> here: gateway_forget
 *                                            └─> refused there ────────> here: gateway_resume
 *
 * What is passed is plain data.  A client's listener, and so its filter chain, is the same object on both
 * sides: held here until the other side has taken its own hold.  A connection to a host is put into the
 * pool of the same host there.  Gauges move, totals are counted where they happened: a connection is
 * opened once and ended once, over all workers. */
#ifndef GATEWAY_TRAVEL_H
#define GATEWAY_TRAVEL_H

#include "gateway/gateway.h"

struct gateway_traveller {
	const struct config_listener *listener; /* NULL: it is a connection to a host */
	const struct config_hcm *hcm;          /* the listener's */
	uint32_t cluster_id;                   /* of the host */
	struct ip_addr addr;
	uint16_t port;
	uint64_t config_version;               /* in use where it comes from */
	uint64_t opened_ns;
	uint64_t deadline_ns;                  /* of its rest */
	uint32_t requests;
	uint32_t rx_counted_bytes;             /* count_received */
};

/* Whether somebody of the gateway's owns the stream and could leave it at this moment.  Between polls, as
 * all of these. */
bool gateway_may_travel(const struct stream *stream);
/* Nothing happens to it here from now on; no event may be delivered. */
void gateway_suspend(struct stream *stream, struct gateway_traveller *out);
/* The other side has it; the stream is the caller's again, without an owner. */
void gateway_forget(struct stream *stream, uint64_t now_ns);
/* It stays.  The stream works again. */
void gateway_resume(struct stream *stream, uint64_t now_ns);
/* Takes the stream over.  False: no memory, the config here is older than there, or the host is not
 * among its endpoints, or has enough connections. */
MUST_USE bool gateway_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
			     struct stream *stream, uint64_t now_ns);
/* watch hears of every connection that becomes idle, in the middle of other work; NULL = nobody does. */
void gateway_watch_idle(struct gateway *gateway,
			void (*watch)(void *context, struct stream *stream), void *context);

#endif
