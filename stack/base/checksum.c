#include "stack/base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* Ones-complement addition with end-around carry. */
static inline uint64_t add_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static inline uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint64_t load64(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* The sum is kept in the byte order of memory (RFC 1071 2 (B)): no word is swapped on the way.
 * Pairs of 32-bit halves go into 64-bit lanes that cannot overflow within a packet, which lets the
 * compiler use vector registers. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length_bytes)
{
	const uint8_t *bytes = data;
	uint64_t low = 0;
	uint64_t high = 0;

	for (; length_bytes >= 32; length_bytes -= 32, bytes += 32) {
		for (unsigned i = 0; i < 32; i += 8) {
			uint64_t word = load64(bytes + i);

			low += word & 0xffffffff;
			high += word >> 32;
		}
	}
	for (; length_bytes >= 8; length_bytes -= 8, bytes += 8) {
		uint64_t word = load64(bytes);

		low += word & 0xffffffff;
		high += word >> 32;
	}
	sum = add_carry(add_carry(sum, low), high);
	if (length_bytes > 0) {
		uint64_t word = 0;

		memcpy(&word, bytes, length_bytes);
		sum = add_carry(sum, word);
	}
	return sum;
}

uint64_t checksum_add_mbuf(uint64_t sum, const struct rte_mbuf *mbuf, uint32_t offset_bytes,
			   uint32_t length_bytes)
{
	uint32_t done_bytes = 0;

	for (; mbuf && done_bytes < length_bytes; mbuf = mbuf->next) {
		if (offset_bytes >= mbuf->data_len) {
			offset_bytes -= mbuf->data_len;
			continue;
		}
		uint32_t here_bytes = mbuf->data_len - offset_bytes;

		if (here_bytes > length_bytes - done_bytes)
			here_bytes = length_bytes - done_bytes;
		uint16_t part = fold(checksum_add(
			0, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, offset_bytes), here_bytes));

		/* A piece that starts at an odd byte has its halves swapped (RFC 1071 2 (B)). */
		sum = add_carry(sum, done_bytes & 1 ? __builtin_bswap16(part) : part);
		done_bytes += here_bytes;
		offset_bytes = 0;
	}
	return sum;
}

uint64_t checksum_add_pseudo_header(uint64_t sum, const struct ip_addr *source,
				    const struct ip_addr *destination, uint8_t protocol,
				    uint32_t length_bytes)
{
	if (ip_addr_is_v4(source)) {
		sum = add_carry(sum, source->dwords[3]);
		sum = add_carry(sum, destination->dwords[3]);
	} else {
		sum = add_carry(add_carry(sum, source->words[0]), source->words[1]);
		sum = add_carry(add_carry(sum, destination->words[0]), destination->words[1]);
	}
	sum = add_carry(sum, htonl(length_bytes));
	return add_carry(sum, htons(protocol));
}

uint16_t checksum_finish(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}
