/* A worker's side of traces: which connections begin to be traced, and what happens to their frames
 * before and after the stack.
 *
 *     rx burst --trace_tap_rx--> SYN that is wanted: begin --> other worker? --trace_tap_handed-->
 *     ring of another worker ----trace_tap_taken--> begin there too, by the same flow and filter
 *     stack: dropped? (drop watch)                        tx burst <--trace_tap_tx--
 *
 * Each worker decides by itself; because the id is made of the flow they agree, and the reader puts
 * their events together. */
#ifndef DATAPLANE_TRACE_TRACE_TAP_H
#define DATAPLANE_TRACE_TRACE_TAP_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "dataplane/capture/capture_filter.h"
#include "stack/base/drop_watch.h"
#include "stack/base/trace.h"
#include "stack/netif.h"

#define TRACE_PENDING_MAX 64 /* frames of one burst */
#define TRACE_PLACES_MAX 8

struct tcp;

/* What a tracer wants, with its filter: words of a capture about the client's first segment, and the
 * places of a listener. */
struct trace_wish {
	struct trace_sink sink;
	struct capture_filter filter;
	uint32_t place_count; /* 0 = everywhere */
	struct trace_place {
		struct ip_addr addr; /* any = every address */
		uint16_t port;       /* 0 = every port */
	} places[TRACE_PLACES_MAX];
};

struct trace_tap {
	struct drop_watch watch;      /* the stack tells it what it drops */
	struct drop_watch *next;      /* and this one hears of it too; NULL = nobody */
	struct trace trace;
	struct tcp *tcp;
	const struct netif *netifs;
	uint32_t pending_count;
	struct {
		const struct rte_mbuf *frame;
		uint32_t word;
	} pending[TRACE_PENDING_MAX];
};

/* A copy of `like` with a ring of its own; slots: event_count (a power of two) of them, the caller's. */
void trace_wish_init(struct trace_wish *wish, const struct trace_wish *like,
		     struct trace_event *slots, uint32_t event_count);

/* tcp may be NULL where there is none; netifs by port, outlive it. */
void trace_tap_init(struct trace_tap *tap, struct tcp *tcp, const struct netif *netifs);
/* A burst of a port, before it goes on its way; at most TRACE_PENDING_MAX frames. */
void trace_tap_rx(struct trace_tap *tap, uint16_t port, struct rte_mbuf *const *frames,
		  uint32_t count);
void trace_tap_tx(struct trace_tap *tap, uint16_t port, struct rte_mbuf *const *frames,
		  uint32_t count);
/* A frame on its way to worker `to`; frames that have come from worker `from`. */
void trace_tap_handed(struct trace_tap *tap, uint16_t to, uint16_t port,
		      const struct rte_mbuf *frame);
void trace_tap_taken(struct trace_tap *tap, uint16_t from, struct rte_mbuf *const *frames,
		     uint32_t count);

#endif
