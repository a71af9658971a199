#include "tests/unit/stack/exception_frames.h"

#include <string.h>

const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
const uint8_t mac_c[6] = {2, 0, 0, 0, 0, 0xc};
const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
const uint8_t group_mac[6] = {1, 0, 0x5e, 0, 0, 5};
const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};
const uint8_t free6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
const uint8_t all_nodes6[16] = {0xff, 2, [15] = 1};

void put_ip4(struct packet *packet, uint32_t to, unsigned protocol, uint32_t bytes)
{
	packet->length = 0;
	packet_eth(packet, to == GROUP4 ? group_mac : mac_a, mac_b, 0x0800);
	packet_ip4(packet, B4, to, protocol, bytes, 0);
}

static void fix_l4_ip4(struct packet *packet, uint32_t at, unsigned protocol)
{
	uint32_t bytes = packet->length - 34, sum = protocol + bytes;

	for (uint32_t i = 26; i < 34; i += 2)
		sum += (uint32_t)packet->bytes[i] << 8 | packet->bytes[i + 1];
	uint16_t checksum = (uint16_t)~packet_sum(packet->bytes + 34, bytes, sum);

	packet->bytes[34 + at] = (uint8_t)(checksum >> 8);
	packet->bytes[34 + at + 1] = (uint8_t)checksum;
}

void put_tcp(struct packet *packet, uint32_t to, uint16_t port, uint8_t flags)
{
	put_ip4(packet, to, TCP, 20);
	packet_put16(packet, 4000);
	packet_put16(packet, port);
	packet_put32(packet, 1000);
	packet_put32(packet, 2000);
	packet_put16(packet, 0x5000u | flags);
	packet_put16(packet, 8192);
	packet_put32(packet, 0);
	fix_l4_ip4(packet, 16, TCP);
}

void put_udp(struct packet *packet, uint32_t to)
{
	put_ip4(packet, to, UDP, 12);
	packet_put16(packet, 4000);
	packet_put16(packet, 53);
	packet_put16(packet, 12);
	packet_put16(packet, 0);
	packet_put32(packet, 0x01020304);
	fix_l4_ip4(packet, 6, UDP);
}

void put_icmp(struct packet *packet, uint8_t type, uint8_t code)
{
	put_ip4(packet, A4, ICMP, 36);
	packet_put16(packet, (unsigned)type << 8 | code);
	packet_put16(packet, 0);
	packet_put32(packet, 0);
	packet_ip4(packet, A4, B4, TCP, 20, 0); /* quoted: a flow of nobody here */
	packet_put16(packet, 2222);
	packet_put16(packet, 4000);
	packet_put32(packet, 77);
	packet_fix_icmp4(packet, 34);
}

void put_arp(struct packet *packet, unsigned op, uint32_t target)
{
	packet->length = 0;
	packet_eth(packet, op == 1 ? broadcast : mac_a, mac_b, 0x0806);
	packet_put32(packet, 0x00010800);
	packet_put32(packet, 0x06040000u | op);
	packet_put(packet, mac_b, 6);
	packet_put32(packet, B4);
	packet_put(packet, mac_a, 6);
	packet_put32(packet, target);
}

void put_icmp6(struct packet *packet, uint8_t type, const uint8_t to[16], const uint8_t target[16])
{
	uint8_t to_mac[6] = {0x33, 0x33};

	memcpy(to_mac + 2, to + 12, 4);
	packet->length = 0;
	packet_eth(packet, to[0] == 0xff ? to_mac : mac_a, mac_b, 0x86dd);
	packet_ip6(packet, b6, to, ICMP6, 24, 255);
	packet_put32(packet, (uint32_t)type << 24);
	packet_put32(packet, type == 136 ? 0x60000000 : 0);
	packet_put(packet, target, 16);
	packet_fix_l4_ip6(packet, 14, 54, 56, ICMP6);
}

void solicited_node(const uint8_t addr[16], uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 0xff;
	out[1] = 2;
	out[11] = 1;
	out[12] = 0xff;
	memcpy(out + 13, addr + 13, 3);
}
