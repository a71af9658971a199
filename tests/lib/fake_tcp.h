/* A TCP that only remembers what it was given, for tests of what lies below it.
 * Linked in place of the real one; frees every packet after looking at it. */
#ifndef TESTS_LIB_FAKE_TCP_H
#define TESTS_LIB_FAKE_TCP_H

#include "stack/tcp/tcp.h"

struct fake_tcp {
	uint32_t packets;       /* given to tcp_input, in all */
	uint32_t batches;       /* calls of tcp_input */
	struct ip_packet last;  /* its mbuf has been freed */
	uint8_t last_l4[64];    /* the first bytes of its L4, contiguous as promised */
	uint32_t path_errors;
	struct flow_key error_key;
	uint32_t error_sequence;
	uint16_t error_mtu_bytes;
	uint32_t asked_packets; /* max_packets of the last tcp_output */
	uint32_t to_send;       /* packets that tcp_output will hand to ip_output, */
	struct ip_addr send_to; /* to this address */
};

extern struct fake_tcp fake_tcp;

void fake_tcp_reset(void);

#endif
