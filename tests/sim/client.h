/* The world's clients: each has one connection to the gateway and a list of requests to make on it. */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "tests/sim/host.h"
#include "tests/sim/plan.h"
#include "tests/sim/reader.h"

#define CLIENT_REQUESTS_MAX 8

/* How a client behaves on its connection. */
enum client_manner {
	CLIENT_PLAIN,
	CLIENT_PIPELINES,    /* sends the next request before the answer has come */
	CLIENT_TRICKLES,     /* a few bytes at a time */
	CLIENT_READS_SLOWLY,
	CLIENT_VANISHES,     /* resets its connection somewhere */
	CLIENT_HALF_CLOSES,  /* shuts its side down after the last request */
	CLIENT_OLD,          /* speaks HTTP/1.0 */
	CLIENT_MANNER_COUNT,
};

enum client_outcome {
	OUTCOME_NONE,        /* not ended yet */
	OUTCOME_ANSWERED,    /* whole and right */
	OUTCOME_REFUSED,     /* a whole answer with another status, made by the gateway */
	OUTCOME_CUT,         /* the connection ended before the answer did */
	OUTCOME_WRONG,       /* an answer that nobody sent: always an error */
	OUTCOME_UNSENT,      /* never sent, the connection was gone */
};

struct client {
	struct host *host;
	struct stream *stream;
	struct prng prng;
	enum client_manner manner;
	struct ip_addr gateway;
	uint16_t port;
	struct plan plans[CLIENT_REQUESTS_MAX];
	enum client_outcome outcomes[CLIENT_REQUESTS_MAX];
	uint16_t statuses[CLIENT_REQUESTS_MAX];
	uint8_t sends[CLIENT_REQUESTS_MAX];   /* times that sending was begun */
	unsigned count;
	unsigned sending;             /* index of the request being written */
	unsigned reading;             /* index of the answer being read */
	struct reader reader;
	char head[512];
	uint32_t head_bytes;
	uint32_t head_sent;
	uint64_t body_sent;
	bool body_closed;             /* last chunk written */
	uint64_t wake_at_ns;          /* trickling or slow reading goes on */
	uint64_t pause_ns;            /* between an answer and the next request */
	uint64_t pause_until_ns;      /* 0 = it does not pause now */
	uint64_t vanish_at_ns;
	uint64_t give_up_at_ns;
	unsigned connections;         /* opened after the first one */
	bool opened;
	bool done;
};

void client_init(struct client *client, struct host *host, struct prng *prng, uint32_t first_id,
		 bool hostile);
/* Opens the connection. */
void client_start(struct client *client, const struct ip_addr *gateway, uint16_t port,
		  uint64_t now_ns);
/* Goes on with what waits for time. */
void client_run(struct client *client, uint64_t now_ns);
uint64_t client_deadline_ns(const struct client *client);

#endif
