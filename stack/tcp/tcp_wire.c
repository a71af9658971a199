#include "stack/tcp/tcp_wire.h"

#include <string.h>

#include "stack/base/checksum.h"

enum option_kind {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_TIMESTAMPS = 8,
};

#define IPPROTO_TCP_NUMBER 6
#define CHECKSUM_OFFSET 16
#define WSCALE_MAX 14 /* RFC 7323 2.3 */

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
	return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static uint8_t *put16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return to + 2;
}

static uint8_t *put32(uint8_t *to, uint32_t value)
{
	return put16(put16(to, (uint16_t)(value >> 16)), (uint16_t)value);
}

/* RFC 9293 3.1: an option whose length does not fit makes the segment malformed; an option of
 * the wrong length for its kind is ignored like an unknown one (MUST-6). */
static enum drop_reason parse_options(const uint8_t *options, uint32_t bytes,
				      struct tcp_segment *out)
{
	for (uint32_t at = 0; at < bytes;) {
		uint8_t kind = options[at];

		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 2 > bytes || options[at + 1] < 2 || at + options[at + 1] > bytes)
			return DROP_TCP_MALFORMED;
		const uint8_t *value = options + at + 2;
		uint8_t length = options[at + 1];

		if (kind == OPTION_MSS && length == 4) {
			out->mss_bytes = get16(value);
		} else if (kind == OPTION_WSCALE && length == 3) {
			out->wscale = value[0] > WSCALE_MAX ? WSCALE_MAX : value[0];
		} else if (kind == OPTION_TIMESTAMPS && length == 10) {
			out->has_timestamp = true;
			out->ts_val = get32(value);
			out->ts_ecr = get32(value + 4);
		}
		at += length;
	}
	return DROP_NONE;
}

enum drop_reason tcp_wire_parse(const struct ip_packet *packet, struct tcp_segment *out)
{
	uint8_t scratch[TCP_HEADER_BYTES_MAX];

	if (packet->l4_bytes < TCP_HEADER_BYTES)
		return DROP_TCP_MALFORMED;
	uint32_t here_bytes = packet->l4_bytes < sizeof(scratch) ? packet->l4_bytes : sizeof(scratch);
	const uint8_t *header = rte_pktmbuf_read(packet->mbuf, packet->l4_offset, here_bytes, scratch);

	if (!header)
		return DROP_TCP_MALFORMED;
	uint32_t header_bytes = (uint32_t)(header[12] >> 4) * 4;

	if (header_bytes < TCP_HEADER_BYTES || header_bytes > packet->l4_bytes)
		return DROP_TCP_MALFORMED;
	*out = (struct tcp_segment){
		.packet = packet,
		.source_port = get16(header),
		.destination_port = get16(header + 2),
		.seq = get32(header + 4),
		.ack = get32(header + 8),
		.flags = header[13] & 0x3f,
		.window = get16(header + 14),
		.wscale = TCP_NO_WSCALE,
		.payload_offset = packet->l4_offset + header_bytes,
		.payload_bytes = packet->l4_bytes - header_bytes,
	};
	return parse_options(header + TCP_HEADER_BYTES, header_bytes - TCP_HEADER_BYTES, out);
}

bool tcp_wire_checksum_ok(const struct ip_packet *packet)
{
	uint64_t sum = checksum_add_pseudo_header(0, &packet->source, &packet->destination,
						  IPPROTO_TCP_NUMBER, packet->l4_bytes);

	sum = checksum_add_mbuf(sum, packet->mbuf, packet->l4_offset, packet->l4_bytes);
	return checksum_finish(sum) == 0;
}

bool tcp_wire_checksum_is_unfinished(const struct ip_packet *packet)
{
	uint64_t sum = checksum_add_pseudo_header(0, &packet->source, &packet->destination,
						  IPPROTO_TCP_NUMBER, packet->l4_bytes);
	uint16_t field;

	memcpy(&field, rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *,
					       packet->l4_offset + CHECKSUM_OFFSET), sizeof(field));
	uint16_t complement = (uint16_t)~field;

	return complement == checksum_finish(sum);
}

uint32_t tcp_wire_build(const struct tcp_header *header, uint8_t *to)
{
	uint8_t *at = to + TCP_HEADER_BYTES;

	if (header->mss_bytes) {
		*at++ = OPTION_MSS;
		*at++ = 4;
		at = put16(at, header->mss_bytes);
	}
	if (header->wscale != TCP_NO_WSCALE) {
		*at++ = OPTION_NOP;
		*at++ = OPTION_WSCALE;
		*at++ = 3;
		*at++ = header->wscale;
	}
	if (header->has_timestamp) {
		*at++ = OPTION_NOP;
		*at++ = OPTION_NOP;
		*at++ = OPTION_TIMESTAMPS;
		*at++ = 10;
		at = put32(put32(at, header->ts_val), header->ts_ecr);
	}
	uint32_t header_bytes = (uint32_t)(at - to);

	at = put16(put16(to, header->source_port), header->destination_port);
	at = put32(put32(at, header->seq), header->ack);
	*at++ = (uint8_t)(header_bytes / 4 << 4);
	*at++ = header->flags;
	put32(put16(at, header->window), 0);
	return header_bytes;
}

void tcp_wire_checksum(struct rte_mbuf *mbuf, const struct ip_addr *source,
		       const struct ip_addr *destination, uint32_t header_bytes, bool offload)
{
	uint64_t sum = checksum_add_pseudo_header(0, source, destination, IPPROTO_TCP_NUMBER,
						  mbuf->pkt_len);
	uint16_t field;

	if (offload) {
		field = (uint16_t)~checksum_finish(sum);
		mbuf->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		mbuf->ol_flags |= ip_addr_is_v4(source) ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
		mbuf->l4_len = header_bytes;
	} else {
		field = checksum_finish(checksum_add_mbuf(sum, mbuf, 0, mbuf->pkt_len));
	}
	memcpy(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, CHECKSUM_OFFSET), &field, sizeof(field));
}
