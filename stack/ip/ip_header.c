#include "stack/ip/ip_header.h"

#include <string.h>

#include "stack/base/checksum.h"

static void put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static uint8_t hop_limit_of(const struct ip_output_meta *meta)
{
	return meta->hop_limit ? meta->hop_limit : IP_HOP_LIMIT_DEFAULT;
}

void ip4_header_write(uint8_t *to, const struct ip_output_meta *meta, uint16_t payload_bytes,
		      bool with_checksum)
{
	to[0] = 0x45;
	to[1] = meta->traffic_class;
	put16(to + 2, IP4_HEADER_BYTES + (unsigned)payload_bytes);
	put16(to + 4, 0);
	put16(to + 6, 0x4000);
	to[8] = hop_limit_of(meta);
	to[9] = meta->protocol;
	put16(to + 10, 0);
	memcpy(to + 12, &meta->source.bytes[12], 4);
	memcpy(to + 16, &meta->destination.bytes[12], 4);
	if (with_checksum) {
		uint16_t checksum = checksum_finish(checksum_add(0, to, IP4_HEADER_BYTES));

		memcpy(to + 10, &checksum, sizeof(checksum));
	}
}

void ip6_header_write(uint8_t *to, const struct ip_output_meta *meta, uint16_t payload_bytes)
{
	to[0] = (uint8_t)(0x60 | meta->traffic_class >> 4);
	to[1] = (uint8_t)(meta->traffic_class << 4);
	put16(to + 2, 0);
	put16(to + 4, payload_bytes);
	to[6] = meta->protocol;
	to[7] = hop_limit_of(meta);
	memcpy(to + 8, meta->source.bytes, 16);
	memcpy(to + 24, meta->destination.bytes, 16);
}
