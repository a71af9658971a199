#include "tests/lib/packet.h"

#include <stdlib.h>
#include <string.h>

void packet_put(struct packet *packet, const void *bytes, uint32_t length)
{
	if (packet->length + length > sizeof(packet->bytes))
		abort();
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

void packet_put16(struct packet *packet, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	packet_put(packet, bytes, sizeof(bytes));
}

void packet_put32(struct packet *packet, uint32_t value)
{
	packet_put16(packet, value >> 16);
	packet_put16(packet, value & 0xffff);
}

void packet_fill(struct packet *packet, uint8_t value, uint32_t length)
{
	while (length-- > 0)
		packet_put(packet, &value, 1);
}

void packet_eth(struct packet *packet, const uint8_t to[6], const uint8_t from[6], unsigned type)
{
	packet_put(packet, to, 6);
	packet_put(packet, from, 6);
	packet_put16(packet, type);
}

uint16_t packet_sum(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put_sum(struct packet *packet, uint32_t at, uint16_t sum)
{
	packet->bytes[at] = (uint8_t)(~sum >> 8);
	packet->bytes[at + 1] = (uint8_t)~sum;
}

void packet_fix_ip4(struct packet *packet, uint32_t header)
{
	packet->bytes[header + 10] = packet->bytes[header + 11] = 0;
	put_sum(packet, header + 10,
		packet_sum(packet->bytes + header, (packet->bytes[header] & 15) * 4u, 0));
}

void packet_ip4(struct packet *packet, uint32_t from, uint32_t to, unsigned protocol,
		unsigned payload_bytes, unsigned options_bytes)
{
	uint32_t header = packet->length;
	unsigned words = 5 + options_bytes / 4;

	packet_put16(packet, 0x4000 | words << 8);
	packet_put16(packet, words * 4 + payload_bytes);
	packet_put32(packet, 0x12340000);
	packet_put16(packet, 64 << 8 | protocol);
	packet_put16(packet, 0);
	packet_put32(packet, from);
	packet_put32(packet, to);
	packet_fill(packet, 1, options_bytes);
	packet_fix_ip4(packet, header);
}

void packet_ip6(struct packet *packet, const uint8_t from[16], const uint8_t to[16],
		unsigned next_header, unsigned payload_bytes, unsigned hop_limit)
{
	packet_put32(packet, 0x60000000);
	packet_put16(packet, payload_bytes);
	packet_put16(packet, next_header << 8 | hop_limit);
	packet_put(packet, from, 16);
	packet_put(packet, to, 16);
}

void packet_fix_icmp4(struct packet *packet, uint32_t from)
{
	packet->bytes[from + 2] = packet->bytes[from + 3] = 0;
	put_sum(packet, from + 2, packet_sum(packet->bytes + from, packet->length - from, 0));
}

void packet_fix_l4_ip6(struct packet *packet, uint32_t l3, uint32_t from, uint32_t at,
		       unsigned protocol)
{
	uint32_t length = packet->length - from;
	uint32_t sum = packet_sum(packet->bytes + l3 + 8, 32, length + protocol);

	packet->bytes[at] = packet->bytes[at + 1] = 0;
	put_sum(packet, at, packet_sum(packet->bytes + from, length, sum));
}

struct rte_mbuf *packet_mbuf(const struct packet *packet, struct rte_mempool *pool,
			     uint32_t segment_bytes)
{
	struct rte_mbuf *head = NULL;
	uint32_t done = 0;

	do {
		struct rte_mbuf *segment = rte_pktmbuf_alloc(pool);
		uint32_t part = packet->length - done;

		if (!segment)
			abort();
		if (segment_bytes && part > segment_bytes)
			part = segment_bytes;
		memcpy(rte_pktmbuf_append(segment, (uint16_t)part), packet->bytes + done, part);
		done += part;
		if (!head)
			head = segment;
		else if (rte_pktmbuf_chain(head, segment) != 0)
			abort();
	} while (done < packet->length);
	return head;
}
