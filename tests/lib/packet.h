/* Frames for tests, put together byte for byte; independent of the code under test. */
#ifndef TESTS_LIB_PACKET_H
#define TESTS_LIB_PACKET_H

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <stdint.h>

struct packet {
	uint8_t bytes[2048];
	uint32_t length;
};

/* Appends. */
void packet_put(struct packet *packet, const void *bytes, uint32_t length);
void packet_put16(struct packet *packet, unsigned value);
void packet_put32(struct packet *packet, uint32_t value);
void packet_fill(struct packet *packet, uint8_t value, uint32_t length);
void packet_eth(struct packet *packet, const uint8_t to[6], const uint8_t from[6], unsigned type);
/* An IPv4 header with a right checksum and `options_bytes` of No-Operation options. */
void packet_ip4(struct packet *packet, uint32_t from, uint32_t to, unsigned protocol,
		unsigned payload_bytes, unsigned options_bytes);
void packet_ip6(struct packet *packet, const uint8_t from[16], const uint8_t to[16],
		unsigned next_header, unsigned payload_bytes, unsigned hop_limit);
/* Byte-wise sum of RFC 1071 over [from, end), starting with sum. */
uint16_t packet_sum(const uint8_t *bytes, uint32_t length, uint32_t sum);
/* Writes the right checksum at `at` of an IPv4 header at `header`. */
void packet_fix_ip4(struct packet *packet, uint32_t header);
/* The right checksum at field `at` for the ICMP message (or, protocol != 1, for the L4 packet with
 * the pseudo-header of the addresses in the header at l3) from `from` to the end. */
void packet_fix_icmp4(struct packet *packet, uint32_t from);
void packet_fix_l4_ip6(struct packet *packet, uint32_t l3, uint32_t from, uint32_t at,
		       unsigned protocol);
/* In one mbuf, or, with first_bytes != 0, in two or more segments of at most first_bytes each. */
struct rte_mbuf *packet_mbuf(const struct packet *packet, struct rte_mempool *pool,
			     uint32_t segment_bytes);

#endif
