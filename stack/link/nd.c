#include "stack/link/nd.h"

#include <string.h>

#include "stack/link/eth.h"

#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2
#define FLAG_ROUTER 0x80
#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE 0x20

/* RFC 4861 4.6: every option has a length, and none has length 0. */
static bool parse_options(const uint8_t *bytes, uint32_t length_bytes, uint8_t wanted,
			  struct nd_message *out)
{
	while (length_bytes > 0) {
		if (length_bytes < 8 || bytes[1] == 0 || bytes[1] * 8u > length_bytes)
			return false;
		if (bytes[0] == wanted) {
			if (bytes[1] != 1 || (bytes[2] & 1))
				return false;
			out->has_mac = true;
			memcpy(out->mac, bytes + 2, 6);
		}
		length_bytes -= bytes[1] * 8u;
		bytes += bytes[1] * 8u;
	}
	return true;
}

enum drop_reason nd_parse(const struct ip_packet *packet, const uint8_t *bytes,
			  struct nd_message *out)
{
	if (packet->hop_limit != ND_HOP_LIMIT || packet->l4_bytes < ND_BARE_MESSAGE_BYTES || bytes[1] != 0)
		return DROP_ND_MALFORMED;
	*out = (struct nd_message){.type = bytes[0], .target = ip_addr_from_v6(bytes + ND_TARGET_OFFSET)};
	bool is_solicitation = out->type == ND_NEIGHBOUR_SOLICITATION;

	if (ip_addr_is_multicast(&out->target) || ip_addr_is_v4(&out->target))
		return DROP_ND_MALFORMED;
	if (!parse_options(bytes + ND_BARE_MESSAGE_BYTES, packet->l4_bytes - ND_BARE_MESSAGE_BYTES,
			   is_solicitation ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, out))
		return DROP_ND_MALFORMED;
	if (is_solicitation) {
		struct ip_addr group = ip6_solicited_node(&out->target);

		/* RFC 4861 7.1.1: a duplicate address probe goes to the group, without a MAC. */
		if (ip_addr_is_any(&packet->source) &&
		    (out->has_mac || !ip_addr_equal(&packet->destination, &group)))
			return DROP_ND_MALFORMED;
		return DROP_NONE;
	}
	out->router = bytes[4] & FLAG_ROUTER;
	out->solicited = bytes[4] & FLAG_SOLICITED;
	out->override = bytes[4] & FLAG_OVERRIDE;
	/* RFC 4861 7.1.2 */
	if (out->solicited && ip_addr_is_multicast(&packet->destination))
		return DROP_ND_MALFORMED;
	return DROP_NONE;
}

void nd_write(uint8_t *to, const struct nd_message *message)
{
	bool is_solicitation = message->type == ND_NEIGHBOUR_SOLICITATION;

	memset(to, 0, nd_message_bytes(message));
	to[0] = message->type;
	to[4] = (uint8_t)((message->router ? FLAG_ROUTER : 0) |
			  (message->solicited ? FLAG_SOLICITED : 0) |
			  (message->override ? FLAG_OVERRIDE : 0));
	memcpy(to + 8, message->target.bytes, 16);
	if (!message->has_mac)
		return;
	to[24] = is_solicitation ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
	to[25] = 1;
	memcpy(to + 26, message->mac, 6);
}
