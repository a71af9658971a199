/* Three workers on one port, of one queue or more; the far end of the wire is the test. */
#ifndef TESTS_UNIT_DATAPLANE_PEERS_FIXTURE_H
#define TESTS_UNIT_DATAPLANE_PEERS_FIXTURE_H

#include "dataplane/counters/worker_counters.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/steer.h"
#include "dataplane/worker/worker.h"

#define WORKERS 3
#define OURS UINT32_C(0x0a000001)
#define PEER UINT32_C(0x0a000002)

struct peers_wire {
	struct port port;
	struct rte_mbuf *in[WORKERS][64], *out[4096];
	uint32_t in_count[WORKERS], out_count, takes;
	uint32_t used_by; /* a bit for each queue */
	/* By which queue a frame comes in; NULL = all by queue 0. */
	uint16_t (*spread)(struct rte_mbuf *frame);
};

/* What one worker alone writes. */
struct one {
	struct worker *worker;
	struct worker_counters counters;
	struct port_counters port_counters, *port_counter_list[1];
	struct tcp_counters tcp;
	struct drop_counters drops;
	struct listener_stats listeners[4];
	struct http_stats https[4];
	struct cluster_stats clusters[4];
	struct endpoint_stats endpoints[4];
	struct route_stats routes[4];
	struct tcp_proxy_stats tcp_proxies[4];
	struct gateway_stats stats;
	uint32_t holds[16];
} CACHE_ALIGNED;

extern struct peers_wire wire;
extern struct one ones[WORKERS];
extern struct fabric *fabric;
extern uint64_t now_ns;

/* How they are made: worker_create, unless a test has something else. */
extern struct worker *(*make_worker)(const struct worker_params *params);

void start(void);
void start_with_queues(uint16_t queues);
/* At the next start the port has these as well ("10.0.0.3"). */
void add_address(const char *text, uint8_t prefix_bits);
/* The frame comes in: by one of the queues. */
void hear_frame(const uint8_t *bytes, uint32_t length_bytes);
/* All mbufs are back, and only those who own a queue have touched the device. */
void finish(void);
/* Polls all until nothing moves any more. */
void settle(void);
/* 10.0.0.2 asks for us (1), or answers our question (2). */
void hear_arp(uint8_t op);
/* To port 80. */
void hear_segment(uint16_t source_port, uint8_t flags, uint32_t seq);
void hear_syn(uint16_t source_port);
/* With an acknowledgement number, and text behind it. */
void hear_text(uint16_t source_port, uint8_t flags, uint32_t seq, uint32_t ack, const char *text);
/* From now on this worker has a config of that version; the others keep theirs. */
void renew_config(uint16_t index, uint64_t version);

#endif
