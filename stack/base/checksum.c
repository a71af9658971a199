#include "stack/base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "stack/base/planted.h"

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

/* Four 64-bit lanes: the compiler's own vectors, on whatever registers there are. */
typedef uint64_t lanes __attribute__((vector_size(32)));

#define LOW_HALVES UINT64_C(0xffffffff)

/* What is left of less than a vector; each part starts at an even byte, so that it adds as it lies. */
static uint64_t add_tail(uint64_t sum, const uint8_t *bytes, size_t length_bytes)
{
	uint64_t word64;
	uint32_t word32;
	uint16_t word16 = 0;

	for (; length_bytes >= 8; length_bytes -= 8, bytes += 8) {
		memcpy(&word64, bytes, sizeof(word64));
		sum = add_carry(sum, word64);
	}
	if (length_bytes & 4) {
		memcpy(&word32, bytes, sizeof(word32));
		sum = add_carry(sum, word32);
		bytes += 4;
	}
	if (length_bytes & 2) {
		memcpy(&word16, bytes, sizeof(word16));
		sum = add_carry(sum, word16);
		bytes += 2;
	}
	if (length_bytes & 1) {
		word16 = 0;
		memcpy(&word16, bytes, 1);
		sum = add_carry(sum, word16);
	}
	return sum;
}

/* The sum is kept in the byte order of memory (RFC 1071 2 (B)): no word is swapped on the way.
 * Halves of 32 bits go into 64-bit lanes, which cannot overflow within a packet; they are added up
 * once, at the end. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length_bytes)
{
	const uint8_t *bytes = data;
	lanes low = {0}, high = {0}, low2 = {0}, high2 = {0}, word;

	for (; length_bytes >= 2 * sizeof(word); length_bytes -= 2 * sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		low += word & LOW_HALVES;
		high += word >> 32;
		memcpy(&word, bytes + sizeof(word), sizeof(word));
		low2 += word & LOW_HALVES;
		high2 += word >> 32;
		bytes += 2 * sizeof(word);
	}
	low += low2 + high + high2;
	sum = add_carry(sum, low[0] + low[1] + low[2] + low[3]);
	return add_tail(sum, bytes, length_bytes);
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
		bool swapped = done_bytes & 1 && !PLANTED(ODD_SUM_NOT_SWAPPED);

		sum = add_carry(sum, swapped ? __builtin_bswap16(part) : part);
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
