/* Fragments for tests: a datagram's bytes are a pattern, and a piece says which of them it has. */
#ifndef TESTS_LIB_PIECE_H
#define TESTS_LIB_PIECE_H

#include <stdbool.h>

#include "stack/ip/ip_input.h"
#include "tests/lib/packet.h"

#define PIECE_OURS4 0x0a000001u
extern const uint8_t piece_ours6[16];

struct piece {
	bool v6;
	bool hop_by_hop; /* in front of the Fragment header */
	uint32_t from;   /* last byte of the source's address */
	uint32_t id;
	uint32_t offset;
	uint32_t bytes;
	bool more;
	uint8_t protocol; /* 0 = UDP */
	uint8_t ecn;
	uint32_t padding; /* behind the IP packet */
	uint32_t segment_bytes;
};

/* Byte n of every datagram's payload. */
uint8_t piece_byte(uint32_t n);
/* As ip4_input or ip6_input describe it, which must accept it; its mbuf is the caller's. */
struct ip_packet piece_parse(const struct piece *piece, const struct ip_layer *ip,
			     struct rte_mempool *pool);

#endif
