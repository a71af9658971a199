#include <string.h>

#include "stack/base/checksum.h"
#include "stack/ip/ip_header.h"
#include "stack/ip/ip_input.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_LOOSE_SOURCE_ROUTE 131
#define OPTION_STRICT_SOURCE_ROUTE 137
#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_OFFSET 0x1fff /* in units of 8 bytes */

static unsigned get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static struct ip_addr read_v4(const uint8_t *bytes)
{
	return ip_addr_from_v4((uint32_t)get16(bytes) << 16 | get16(bytes + 2));
}

/* RFC 1122 3.2.1.8: options are walked and ignored, but source routes are refused (RFC 7126 4). */
static enum drop_reason check_options(const uint8_t *bytes, unsigned length_bytes)
{
	for (unsigned at = 0; at < length_bytes;) {
		uint8_t type = bytes[at];

		if (type == OPTION_END)
			break;
		if (type == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= length_bytes || bytes[at + 1] < 2 || bytes[at + 1] > length_bytes - at)
			return DROP_IP4_MALFORMED;
		if (type == OPTION_LOOSE_SOURCE_ROUTE || type == OPTION_STRICT_SOURCE_ROUTE)
			return DROP_IP4_OPTIONS;
		at += bytes[at + 1];
	}
	return DROP_NONE;
}

static bool header_checksum_is_right(const struct netif *netif, const struct rte_mbuf *mbuf,
				     const uint8_t *header, unsigned header_bytes)
{
	if (netif->rx_checksum_known) {
		uint64_t told = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

		if (told == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
			return true;
		if (told == RTE_MBUF_F_RX_IP_CKSUM_BAD)
			return false;
	}
	return checksum_finish(checksum_add(0, header, header_bytes)) == 0;
}

/* RFC 1122 3.2.1.3: 0/8, 127/8, multicast, reserved and broadcast are no source. */
static bool source_is_bad(uint32_t source)
{
	unsigned first = source >> 24;

	return first == 0 || first == 127 || first >= 224;
}

static enum drop_reason check_header(const struct netif *netif, const struct rte_mbuf *mbuf,
				     const uint8_t *header, uint32_t linear_bytes,
				     uint32_t there_bytes)
{
	if (linear_bytes < IP4_HEADER_BYTES || header[0] >> 4 != 4)
		return DROP_IP4_MALFORMED;
	unsigned header_bytes = (header[0] & 0x0f) * 4u;
	unsigned total_bytes = get16(header + 2);

	if (header_bytes < IP4_HEADER_BYTES || header_bytes > linear_bytes ||
	    total_bytes < header_bytes)
		return DROP_IP4_MALFORMED;
	if (total_bytes > there_bytes)
		return there_bytes >= netif->mtu_bytes ? DROP_IP_CUT : DROP_IP4_MALFORMED;
	if (!header_checksum_is_right(netif, mbuf, header, header_bytes))
		return DROP_IP4_CHECKSUM;
	if (header_bytes > IP4_HEADER_BYTES)
		return check_options(header + IP4_HEADER_BYTES, header_bytes - IP4_HEADER_BYTES);
	return DROP_NONE;
}

enum drop_reason ip4_input(const struct ip_layer *ip, const struct ip_input_from *from,
			   struct ip_packet *out)
{
	const struct rte_mbuf *mbuf = from->mbuf;
	const struct netif *netif = &ip->netifs[from->netif];
	const uint8_t *header = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, from->l3_offset);
	enum drop_reason reason = check_header(netif, mbuf, header, mbuf->data_len - from->l3_offset,
					       mbuf->pkt_len - from->l3_offset);

	if (reason != DROP_NONE)
		return reason;
	unsigned header_bytes = (header[0] & 0x0f) * 4u;

	*out = (struct ip_packet){
		.mbuf = from->mbuf,
		.source = read_v4(header + 12),
		.destination = read_v4(header + 16),
		.l3_offset = from->l3_offset,
		.l4_offset = (uint16_t)(from->l3_offset + header_bytes),
		.l4_bytes = (uint16_t)(get16(header + 2) - header_bytes),
		.netif = from->netif,
		.vrf = netif->vrf,
		.protocol = header[9],
		.hop_limit = header[8],
		.traffic_class = header[1],
	};
	/* A unicast datagram in a broadcast frame is not for us (RFC 1122 3.3.6). */
	if (from->link_group || !ip_accepts(ip, from->netif, &out->destination))
		return DROP_IP_NOT_FOR_US;
	if (source_is_bad(ip_addr_v4(&out->source)) || ip_is_ours(ip, netif->vrf, &out->source))
		return DROP_IP_BAD_SOURCE;
	unsigned fragment = get16(header + 6);

	if (unlikely_true(fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET))) {
		out->is_fragment = 1;
		out->more_fragments = (fragment & MORE_FRAGMENTS) != 0;
		out->fragment_offset = (uint16_t)((fragment & FRAGMENT_OFFSET) * 8);
		out->fragment_id = get16(header + 4);
	}
	return DROP_NONE;
}
