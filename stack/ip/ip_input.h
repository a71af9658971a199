/* IP datagrams on their way up: everything a header can say is checked here, once.
 *
 * in:  a frame whose headers are contiguous (frame_pull_up), and where the IP header starts
 * out: struct ip_packet, or the reason to drop; the caller keeps the mbuf in both cases.
 * Fragments pass with is_fragment set, and are for reassembly.h alone. */
#ifndef STACK_IP_IP_INPUT_H
#define STACK_IP_IP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_packet.h"

struct ip_input_from {
	struct rte_mbuf *mbuf;
	uint16_t netif;
	uint16_t l3_offset;
	bool link_group;  /* the frame came by broadcast or multicast */
};

/* RFC 791, RFC 1122 3.2.1 */
MUST_USE enum drop_reason ip4_input(const struct ip_layer *ip, const struct ip_input_from *from,
				    struct ip_packet *out);
/* RFC 8200 */
MUST_USE enum drop_reason ip6_input(const struct ip_layer *ip, const struct ip_input_from *from,
				    struct ip_packet *out);

#endif
