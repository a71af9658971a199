/* ARP for IPv4 over Ethernet (RFC 826), with announcements as in RFC 5227.
 *
 *     htype 1 | ptype 0x0800 | 6 | 4 | op | sender MAC, IP | target MAC, IP     28 bytes */
#ifndef STACK_LINK_ARP_H
#define STACK_LINK_ARP_H

#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drops.h"

#define ARP_BYTES 28

enum arp_op {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp_message {
	enum arp_op op;
	uint8_t sender_mac[6];
	uint8_t target_mac[6]; /* zero in a question */
	struct ip_addr sender; /* 0.0.0.0 in a probe (RFC 5227 1.1) */
	struct ip_addr target;
};

/* bytes: what follows the Ethernet header; a frame's padding may follow. */
MUST_USE enum drop_reason arp_parse(const uint8_t *bytes, uint32_t length_bytes,
				    struct arp_message *out);
/* Writes ARP_BYTES. */
void arp_write(uint8_t *to, const struct arp_message *message);

#endif
