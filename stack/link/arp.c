#include "stack/link/arp.h"

#include <arpa/inet.h>
#include <string.h>

/* Hardware Ethernet, protocol IPv4, address lengths 6 and 4. */
static const uint8_t ethernet_ip4[6] = {0x00, 0x01, 0x08, 0x00, 6, 4};

static struct ip_addr read_v4(const uint8_t *bytes)
{
	uint32_t v4;

	memcpy(&v4, bytes, sizeof(v4));
	return ip_addr_from_v4(ntohl(v4));
}

enum drop_reason arp_parse(const uint8_t *bytes, uint32_t length_bytes, struct arp_message *out)
{
	if (length_bytes < ARP_BYTES || memcmp(bytes, ethernet_ip4, sizeof(ethernet_ip4)) != 0)
		return DROP_ARP_MALFORMED;
	unsigned op = (unsigned)bytes[6] << 8 | bytes[7];

	/* A group or zero address is no station (RFC 1812 3.3.2). */
	static const uint8_t no_mac[6];

	if ((op != ARP_REQUEST && op != ARP_REPLY) || (bytes[8] & 1) ||
	    memcmp(&bytes[8], no_mac, 6) == 0)
		return DROP_ARP_MALFORMED;
	out->op = (enum arp_op)op;
	memcpy(out->sender_mac, &bytes[8], 6);
	out->sender = read_v4(&bytes[14]);
	memcpy(out->target_mac, &bytes[18], 6);
	out->target = read_v4(&bytes[24]);
	if (ip_addr_is_multicast(&out->sender) || ip_addr_v4(&out->sender) == 0xffffffff)
		return DROP_ARP_MALFORMED;
	return DROP_NONE;
}

void arp_write(uint8_t *to, const struct arp_message *message)
{
	memcpy(to, ethernet_ip4, sizeof(ethernet_ip4));
	to[6] = 0;
	to[7] = (uint8_t)message->op;
	memcpy(to + 8, message->sender_mac, 6);
	memcpy(to + 14, &message->sender.bytes[12], 4);
	memcpy(to + 18, message->target_mac, 6);
	memcpy(to + 24, &message->target.bytes[12], 4);
}
