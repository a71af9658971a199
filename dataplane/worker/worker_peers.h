/* A worker among others: what it gives to them and takes from them.
 *
 *     received frames     sorted: own ones stay, others go by ring       worker_handover.h
 *     frames to be sent   by ring to the owner of the port's queue       worker_relay.h
 *     neighbours          what one learns, all are told by mail
 *     our own addresses   what one hears of them, the one that announces them is told by mail
 *     local ports         of active opens: those whose replies come here
 *     connections         whose bucket has moved, when they are idle     worker_travel.h
 *
 * A worker that is alone has none of this. */
#ifndef DATAPLANE_WORKER_WORKER_PEERS_H
#define DATAPLANE_WORKER_WORKER_PEERS_H

#include "dataplane/worker/worker.h"

struct trace_tap;
struct worker_peers;

/* Who probes, announces and defends the addresses of all. */
#define WORKER_ANNOUNCER 0

/* Boot; NULL when memory is not to be had.  netifs: by port, outlive it. */
struct worker_peers *worker_peers_create(const struct worker_params *params,
					 const struct netif *netifs);
/* Then, with the stack: ports[i] becomes a relay where this worker owns no queue of it. */
void worker_peers_start(struct worker_peers *peers, struct stack *stack, struct port **ports);
/* And with the gateway, whose connections may go to other workers, and theirs come (worker_travel.h). */
void worker_peers_join(struct worker_peers *peers, struct gateway *gateway);
/* Nobody goes or comes any more. */
void worker_peers_drain(struct worker_peers *peers);
/* The end, while stack and gateway still are: whoever was on his way is here again. */
void worker_peers_stop(struct worker_peers *peers, uint64_t now_ns);
/* Frees what waits to be forwarded.  NULL is fine. */
void worker_peers_destroy(struct worker_peers *peers);

/* Before the frames of a poll are looked at: connections go and come; leaves buckets that have moved and
 * are empty here.  True when a connection moved. */
bool worker_peers_begin(struct worker_peers *peers, uint64_t now_ns);
/* The frames of a burst that are ours, moved to the front; the others have been handed over. */
uint32_t worker_peers_sort(struct worker_peers *peers, uint16_t port, struct rte_mbuf **frames,
			   uint32_t count);
/* Gives the stack what the others have handed over; false when there was nothing. */
bool worker_peers_receive(struct worker_peers *peers, uint64_t now_ns);
/* Sends for the others, through the queues that we own; returns how many frames left. */
uint32_t worker_peers_forward(struct worker_peers *peers, struct port_counters **port_counters);
/* Whether a device has not taken something that it was to be sent for others. */
bool worker_peers_are_blocked(const struct worker_peers *peers);
/* Whether frames of others wait: received, or to be sent by a device that is not full. */
bool worker_peers_have_input(const struct worker_peers *peers);
/* When connections are to be looked through again. */
uint64_t worker_peers_deadline_ns(const struct worker_peers *peers);
/* stack_params.neighbour_news: tells all others; context is the struct worker_peers. */
void worker_peers_tell(void *context, const struct neighbour_news *news);
/* stack_params.address_heard, of all but the announcer. */
void worker_peers_tell_announcer(void *context, const struct dad_news *news);
/* stack_params.pass_on: what fragments were put together to goes to the worker of its flow. */
bool worker_peers_pass_on(void *context, uint16_t port, struct rte_mbuf *frame);
/* By bucket; other threads read them (relaxed). */
const uint32_t *worker_peers_flows(const struct worker_peers *peers);
/* Frames between workers are traced; NULL = nobody looks. */
void worker_peers_set_trace(struct worker_peers *peers, struct trace_tap *tracing);
/* Buckets have moved: leaves those of which it knows no flow. */
void worker_peers_look_at_buckets(struct worker_peers *peers);

#endif
