#include "tests/lib/piece.h"

#include <stdlib.h>

#define L3 14u

const uint8_t piece_ours6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

uint8_t piece_byte(uint32_t n)
{
	return (uint8_t)(n * 37 + (n >> 8));
}

static void put_headers(struct packet *packet, const struct piece *p)
{
	uint8_t from6[16] = {0x20, 1, 0xd, 0xb8, [15] = (uint8_t)p->from};
	uint8_t protocol = p->protocol ? p->protocol : 17;

	packet_eth(packet, mac, mac, p->v6 ? 0x86dd : 0x0800);
	if (!p->v6) {
		packet_ip4(packet, (PIECE_OURS4 & 0xffffff00) + p->from, PIECE_OURS4, protocol, p->bytes, 0);
		packet->bytes[L3 + 1] = p->ecn;
		packet->bytes[L3 + 4] = (uint8_t)(p->id >> 8);
		packet->bytes[L3 + 5] = (uint8_t)p->id;
		packet->bytes[L3 + 6] = (uint8_t)((p->more ? 0x20 : 0) | p->offset >> 11);
		packet->bytes[L3 + 7] = (uint8_t)(p->offset >> 3);
		packet_fix_ip4(packet, L3);
		return;
	}
	packet_ip6(packet, from6, piece_ours6, p->hop_by_hop ? 0 : 44, 8 + p->bytes + 8 * p->hop_by_hop,
		   64);
	packet->bytes[L3 + 1] = (uint8_t)(p->ecn << 4);
	if (p->hop_by_hop)
		packet_put(packet, "\x2c\0\1\4\0\0\0\0", 8);
	packet_put16(packet, (unsigned)protocol << 8);
	packet_put16(packet, p->offset | p->more);
	packet_put32(packet, p->id);
}

struct ip_packet piece_parse(const struct piece *p, const struct ip_layer *ip, struct rte_mempool *pool)
{
	struct packet packet = {.length = 0};
	struct ip_packet out;

	put_headers(&packet, p);
	for (uint32_t i = 0; i < p->bytes; i++)
		packet_fill(&packet, piece_byte(p->offset + i), 1);
	packet_fill(&packet, 0xee, p->padding);
	struct ip_input_from from = {.mbuf = packet_mbuf(&packet, pool, p->segment_bytes),
				     .l3_offset = L3};

	if ((p->v6 ? ip6_input(ip, &from, &out) : ip4_input(ip, &from, &out)) != DROP_NONE)
		abort();
	return out;
}
