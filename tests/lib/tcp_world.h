/* Two TCP instances and a seeded network between them, in virtual time; the network stands where
 * stack/ip would be.
 *
 *     app --> stream --> tcp 0 --> ip_output --> [loss, copies, delay, reordering] --> tcp_input --> tcp 1
 *
 * Apps send a pattern, check what they receive byte for byte, and close. */
#ifndef TESTS_LIB_TCP_WORLD_H
#define TESTS_LIB_TCP_WORLD_H

#include "stack/base/prng.h"
#include "stack/base/time.h"
#include "stack/tcp/tcp.h"
#include "stack/tcp/tcp_wire.h"

#define WORLD_PORT 80
#define WORLD_PACKETS_MAX 4096
#define WORLD_APPS_MAX 64

struct world;

struct ip_layer {
	struct world *world;
	unsigned side;
};

struct app {
	struct world *world;
	unsigned side;
	struct stream *stream;
	uint64_t to_send;
	uint64_t written;
	uint64_t received;
	uint32_t write_bytes;   /* size of each slice */
	uint32_t events;        /* all that were seen */
	bool hold;              /* does not read */
	bool keep_open;         /* does not half-close when all is written */
	bool shut;
	bool corrupt;
	bool released;
	struct stream_info last;
};

struct host {
	struct tcp *tcp;
	struct ip_layer ip;
	struct netif netif;
	struct tcp_counters counters;
	struct drop_counters drops;
	struct slice_pool slices;
	struct ip_addr addr;
	struct ip_addr other_addrs[3]; /* that do as well to speak from */
	unsigned other_addr_count;
	struct tcp_listener *listener;
	bool refuse_accept;
	unsigned confirmations;  /* of the route, by progress */
};

struct wire_packet {
	struct rte_mbuf *mbuf;
	uint64_t due_ns;
	uint64_t order;
	unsigned to;
};

struct world_params {
	uint64_t seed;
	uint64_t start_ns;
	uint32_t loss_percent;
	uint32_t copy_percent;
	uint32_t jitter_us;      /* more than the spacing of packets = reordering */
	uint32_t rx_budget_bytes;
	uint32_t connections_max;
	uint32_t timewait_max;
	uint32_t split_bytes;    /* received frames come in segments of at most this; 0 = whole */
	uint16_t mtu_bytes;
	bool linear;             /* ports without multi-segment tx */
	bool bursts;             /* what arrives at one moment comes in before anything goes out */
	bool v6;
};

struct world {
	struct world_params params;
	struct host hosts[2];
	struct prng prng;
	uint64_t now_ns;
	uint64_t order;
	struct wire_packet packets[WORLD_PACKETS_MAX];
	uint32_t packet_count;
	uint64_t sent;           /* packets handed to the network so far */
	uint64_t lose_nth;       /* lose exactly this one, counted from 1; 0 = none */
	bool cut;                /* lose everything */
	struct app apps[WORLD_APPS_MAX];
	unsigned app_count;
	uint64_t accepted_to_send; /* what apps of accepted streams send back */
	bool accepted_hold;
	bool accepted_keep_open;
};

void world_start(struct world *world, const struct world_params *params);
/* Checks that nothing is left over: connections, slices, mbufs. */
void world_stop(struct world *world);
struct app *world_open(struct world *world, unsigned side, uint64_t to_send, uint16_t local_port);
/* Runs until nothing is left to happen before until_ns. */
void world_run(struct world *world, uint64_t until_ns);
void app_release(struct app *app);
/* Reads and writes what it can. */
void app_pump(struct app *app);
/* Puts one segment on the wire towards `to`, without payload; ports and addresses as of the key seen
 * by the receiver. */
void world_inject(struct world *world, unsigned to, const struct flow_key *key, uint32_t seq,
		  uint32_t ack, uint8_t flags, uint16_t window);
/* The same with every field of the header (its ports are filled in) and that much payload. */
void world_inject_segment(struct world *world, unsigned to, const struct flow_key *key,
			  const struct tcp_header *header, const void *payload, uint32_t bytes);

#endif
