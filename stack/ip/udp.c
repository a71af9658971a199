#include "stack/ip/udp.h"

#include "stack/base/checksum.h"
#include "stack/ip/icmp.h"
#include "stack/ip/ip_header.h"

#define UDP_HEADER_BYTES 8

/* RFC 1122 4.1.3.4; IPv6 has no datagrams without a checksum (RFC 8200 8.1). */
static bool is_well_formed(const struct ip_packet *packet)
{
	const uint8_t *header =
		rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *, packet->l4_offset);

	if (packet->l4_bytes < UDP_HEADER_BYTES)
		return false;
	uint32_t length_bytes = (uint32_t)header[4] << 8 | header[5];

	if (length_bytes < UDP_HEADER_BYTES || length_bytes > packet->l4_bytes)
		return false;
	if (header[6] == 0 && header[7] == 0)
		return !packet->is_v6;
	uint64_t sum = checksum_add_pseudo_header(0, &packet->source, &packet->destination,
						  IP_PROTOCOL_UDP, length_bytes);

	return checksum_finish(checksum_add_mbuf(sum, packet->mbuf, packet->l4_offset,
						 length_bytes)) == 0;
}

void udp_input(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns)
{
	if (!is_well_formed(packet)) {
		ip_drop(ip, packet->mbuf, DROP_UDP_MALFORMED);
		return;
	}
	if (exception_give(ip, packet->netif, packet->mbuf, EXCEPTION_COMMON, now_ns))
		return;
	icmp_send_unreachable(ip, packet, ICMP_UNREACHABLE_PORT, now_ns);
	ip_drop(ip, packet->mbuf, DROP_UDP_NO_PORT);
}
