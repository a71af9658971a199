#include "tests/sim/wire_cut.h"

#include <string.h>

#define ETH_BYTES 14
#define IP4_BYTES 20
#define IP6_BYTES 40
#define FRAGMENT_HEADER_BYTES 8
#define ICMP6 58
#define FRAGMENT 44

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *from)
{
	return (uint32_t)from[0] << 8 | from[1];
}

bool wire_cut_begin(struct wire_cut *cut, const uint8_t *frame, uint32_t length_bytes,
		    uint32_t cut_bytes, uint32_t id)
{
	const uint8_t *ip = frame + ETH_BYTES;
	bool is_v4 = frame[12] == 0x08 && frame[13] == 0x00;
	bool is_v6 = frame[12] == 0x86 && frame[13] == 0xdd;

	if (cut_bytes == 0 || (!is_v4 && !is_v6) || (is_v6 && ip[6] == ICMP6))
		return false;
	cut->packet = frame;
	cut->is_v6 = is_v6;
	cut->headers_bytes = ETH_BYTES + (is_v6 ? IP6_BYTES : IP4_BYTES);
	cut->payload_bytes = is_v6 ? get16(ip + 4) : get16(ip + 2) - IP4_BYTES;
	cut->part_bytes = cut_bytes / 8 * 8;
	cut->done_bytes = 0;
	cut->id = id;
	return cut->payload_bytes > cut->part_bytes &&
	       cut->headers_bytes + cut->payload_bytes <= length_bytes;
}

static void write_header4(struct wire_cut *cut, uint32_t bytes, bool more)
{
	uint8_t *ip = cut->frame + ETH_BYTES;
	uint32_t sum = 0;

	put16(ip + 2, IP4_BYTES + bytes);
	put16(ip + 4, cut->id);
	put16(ip + 6, (more ? 0x2000 : 0) | cut->done_bytes / 8);
	put16(ip + 10, 0);
	for (unsigned i = 0; i < IP4_BYTES; i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~((sum & 0xffff) + (sum >> 16)));
}

static void write_header6(struct wire_cut *cut, uint32_t bytes, bool more)
{
	uint8_t *ip = cut->frame + ETH_BYTES;
	uint8_t *header = ip + IP6_BYTES;

	put16(ip + 4, FRAGMENT_HEADER_BYTES + bytes);
	header[0] = ip[6];
	header[1] = 0;
	ip[6] = FRAGMENT;
	put16(header + 2, cut->done_bytes | more);
	put16(header + 4, cut->id >> 16);
	put16(header + 6, cut->id);
}

bool wire_cut_next(struct wire_cut *cut)
{
	uint32_t left_bytes = cut->payload_bytes - cut->done_bytes;
	uint32_t bytes = left_bytes < cut->part_bytes ? left_bytes : cut->part_bytes;
	uint32_t headers_bytes = cut->headers_bytes + (cut->is_v6 ? FRAGMENT_HEADER_BYTES : 0);

	if (left_bytes == 0)
		return false;
	memcpy(cut->frame, cut->packet, cut->headers_bytes);
	memcpy(cut->frame + headers_bytes, cut->packet + cut->headers_bytes + cut->done_bytes, bytes);
	if (cut->is_v6)
		write_header6(cut, bytes, bytes < left_bytes);
	else
		write_header4(cut, bytes, bytes < left_bytes);
	cut->frame_bytes = headers_bytes + bytes;
	cut->done_bytes += bytes;
	return true;
}
