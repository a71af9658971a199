/* Neighbour solicitations and advertisements (RFC 4861 4.3, 4.4), as ICMPv6 messages.
 *
 *     type | code 0 | checksum | flags or 0 (4) | target (16) | options: type, length / 8, …
 *
 * The checksum is the caller's business in both directions: it covers the IPv6 pseudo-header. */
#ifndef STACK_LINK_ND_H
#define STACK_LINK_ND_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/ip/ip_packet.h"

#define ND_NEIGHBOUR_SOLICITATION 135
#define ND_NEIGHBOUR_ADVERTISEMENT 136
#define ND_HOP_LIMIT 255
#define ND_TARGET_OFFSET 8 /* in the message */
/* Without and with one link-layer address option. */
#define ND_BARE_MESSAGE_BYTES 24
#define ND_MESSAGE_BYTES 32

struct nd_message {
	uint8_t type;
	bool router;       /* flags of an advertisement (RFC 4861 4.4) */
	bool solicited;
	bool override;
	bool has_mac;      /* source (solicitation) or target (advertisement) link-layer address */
	uint8_t mac[6];
	struct ip_addr target;
};

/* Validates as RFC 4861 7.1.1 and 7.1.2 ask, all but the checksum.  bytes: the ICMPv6 message, of
 * packet->l4_bytes. */
MUST_USE enum drop_reason nd_parse(const struct ip_packet *packet, const uint8_t *bytes,
				   struct nd_message *out);
/* ND_MESSAGE_BYTES, or ND_BARE_MESSAGE_BYTES where the message has no MAC. */
static inline uint16_t nd_message_bytes(const struct nd_message *message)
{
	return message->has_mac ? ND_MESSAGE_BYTES : ND_BARE_MESSAGE_BYTES;
}
/* Writes that many, with checksum 0. */
void nd_write(uint8_t *to, const struct nd_message *message);

#endif
