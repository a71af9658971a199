/* The world's origin servers: every connection reads requests, checks their bodies and answers as
 * the plan in the path says. */
#ifndef TESTS_SIM_ORIGIN_H
#define TESTS_SIM_ORIGIN_H

#include "tests/sim/host.h"
#include "tests/sim/plan.h"
#include "tests/sim/reader.h"

#define ORIGIN_PORT 8080
#define ORIGIN_CONNECTIONS_MAX 64
#define ORIGIN_VANISHED_MAX 256
#define ORIGIN_IDS_MAX 128

struct origin;

struct origin_connection {
	struct origin *origin;
	struct stream *stream;       /* NULL = free */
	struct reader reader;
	struct plan plan;            /* of the request in hand */
	bool answering;
	bool ended;                  /* the gateway has half-closed */
	bool continued;              /* 100 has been sent */
	uint64_t answer_at_ns;
	char head[512];
	uint32_t head_bytes;
	uint32_t head_sent;
	uint64_t body_sent;
	uint64_t chunk_left;
	uint64_t close_at_ns;        /* closes then: idle, or after an answer that said so; 0 = not */
};

struct origin {
	struct host host;
	struct tcp_listener *listener;
	struct prng prng;
	struct origin_connection connections[ORIGIN_CONNECTIONS_MAX];
	uint32_t vanished[ORIGIN_VANISHED_MAX];  /* ids for which MODE_VANISH_ONCE was done */
	uint32_t vanished_count;
	uint64_t requests;
	uint64_t body_errors;        /* request bytes or trailers that differ from the plan */
	uint64_t late_requests;      /* bytes that came after Connection: close */
	uint64_t idle_timeout_ns;    /* closes what is idle for so long; 0 = never */
	uint8_t posts[ORIGIN_IDS_MAX];    /* POST requests seen, by id */
};

void origin_open(struct origin *origin, struct wire *wire, const struct host_memory *memory,
		 unsigned number, uint32_t budget_bytes, uint64_t idle_timeout_ns, uint64_t seed,
		 uint64_t now_ns);
void origin_run(struct origin *origin, uint64_t now_ns);
uint64_t origin_deadline_ns(const struct origin *origin);
/* Resets every connection, as kill -9 does. */
void origin_kill(struct origin *origin, uint64_t now_ns);
void origin_close(struct origin *origin, uint64_t now_ns);

#endif
