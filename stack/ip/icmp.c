#include "stack/ip/icmp.h"

#include <string.h>

#include "stack/base/checksum.h"
#include "stack/ip/icmp_error.h"
#include "stack/ip/ip_header.h"
#include "stack/ip/ip_route.h"
#include "stack/ip/ip_source.h"
#include "stack/ip/resolver.h"
#include "stack/link/frame.h"
#include "stack/link/nd.h"

#define ICMP_HEADER_BYTES 8
#define ICMP4_ECHO_REPLY 0
#define ICMP4_UNREACHABLE 3
#define ICMP4_ECHO 8
#define ICMP4_TIME_EXCEEDED 11
#define ICMP6_UNREACHABLE 1
#define ICMP6_TIME_EXCEEDED 3
#define ICMP6_PARAMETER_PROBLEM 4
#define ICMP6_ECHO 128
#define ICMP6_ECHO_REPLY 129
/* An error with all its headers fits into the smallest MTU (RFC 1812 4.3.2.3, RFC 4443 2.4 (c)). */
#define ICMP4_ERROR_BYTES_MAX 576
#define ICMP6_ERROR_BYTES_MAX IP6_MTU_MIN_BYTES

static uint64_t pseudo_sum(const struct ip_packet *packet, const struct ip_addr *source,
			   const struct ip_addr *destination, uint32_t length_bytes)
{
	if (!packet->is_v6)
		return 0;
	return checksum_add_pseudo_header(0, source, destination, IP_PROTOCOL_ICMP6, length_bytes);
}

static bool checksum_is_right(const struct ip_packet *packet)
{
	uint64_t sum = pseudo_sum(packet, &packet->source, &packet->destination, packet->l4_bytes);

	return checksum_finish(checksum_add_mbuf(sum, packet->mbuf, packet->l4_offset,
						 packet->l4_bytes)) == 0;
}

/* Fills in the checksum and sends `message` back to where packet came from; takes message. */
static void send_back(struct ip_layer *ip, const struct ip_packet *packet,
		      const struct ip_addr *source, struct rte_mbuf *message, uint64_t now_ns)
{
	struct ip_output_meta meta = {
		.source = *source,
		.destination = packet->source,
		.protocol = packet->is_v6 ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP4,
	};
	struct ip_route route;
	uint64_t sum = pseudo_sum(packet, &meta.source, &meta.destination, message->pkt_len);
	uint16_t checksum = checksum_finish(checksum_add_mbuf(sum, message, 0, message->pkt_len));

	memcpy(rte_pktmbuf_mtod_offset(message, uint8_t *, 2), &checksum, sizeof(checksum));
	if (ip_route_reply(ip, packet->netif, &packet->source, &route) != DROP_NONE)
		ip_drop(ip, message, DROP_IP_NO_ROUTE);
	else
		ip_output(ip, &route, &meta, message, now_ns);
}

/* The address to answer from: the one that was asked, or one of ours if it was a group. */
static const struct ip_addr *answer_source(const struct ip_layer *ip, const struct ip_packet *packet)
{
	if (!packet->is_group)
		return &packet->destination;
	return netif_source_for(&ip->netifs[packet->netif], &packet->source);
}

static enum drop_reason echo(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns)
{
	const struct ip_addr *source = answer_source(ip, packet);

	if (packet->l4_bytes < ICMP_HEADER_BYTES || ip_addr_is_any(&packet->source))
		return DROP_ICMP_MALFORMED;
	if (!source)
		return DROP_IP_NO_ROUTE;
	if (!token_bucket_take(&ip->echo_limit, 0, now_ns))
		return DROP_ICMP_RATE;
	/* A copy: received buffers are never written to, and the copy has headroom. */
	struct rte_mbuf *reply = rte_pktmbuf_copy(packet->mbuf, ip->header_pool, packet->l4_offset,
						  packet->l4_bytes);

	if (!reply)
		return DROP_MBUF_EMPTY;
	uint8_t *header = rte_pktmbuf_mtod(reply, uint8_t *);

	reply->ol_flags = 0;
	header[0] = packet->is_v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
	header[2] = 0;
	header[3] = 0;
	send_back(ip, packet, source, reply, now_ns);
	return DROP_NONE;
}

static enum drop_reason error(struct ip_layer *ip, const struct ip_packet *packet,
			      const uint8_t *message, uint64_t now_ns)
{
	uint32_t linear_bytes = (uint32_t)packet->mbuf->data_len - packet->l4_offset;
	struct icmp_error about;
	enum drop_reason reason = icmp_error_parse(
		packet, message, linear_bytes < packet->l4_bytes ? linear_bytes : packet->l4_bytes,
		&about);

	if (reason == DROP_NONE && !ip->path_error(ip->path_error_context, &about.key, about.sequence,
						   about.mtu_bytes, now_ns))
		return DROP_ICMP_FLOW;
	return reason;
}

static enum drop_reason dispatch(struct ip_layer *ip, const struct ip_packet *packet,
				 uint64_t now_ns)
{
	const uint8_t *message =
		rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *, packet->l4_offset);

	if (packet->l4_bytes < 4 || !checksum_is_right(packet))
		return DROP_ICMP_MALFORMED;
	if (message[0] == (packet->is_v6 ? ICMP6_ECHO : ICMP4_ECHO))
		return echo(ip, packet, now_ns);
	if (packet->is_v6 && (message[0] == ND_NEIGHBOUR_SOLICITATION ||
			      message[0] == ND_NEIGHBOUR_ADVERTISEMENT)) {
		if (packet->was_fragmented) /* RFC 6980 5 */
			return DROP_ND_FRAGMENTED;
		/* The options are read in one piece. */
		if ((uint32_t)packet->l4_offset + packet->l4_bytes > packet->mbuf->data_len)
			return DROP_LINK_SPLIT_HEADER;
		return resolver_nd_input(ip, packet, message, now_ns);
	}
	return error(ip, packet, message, now_ns);
}

/* What is of no use here, and advertisements after we have learnt from them. */
static bool kernel_wants(const struct ip_layer *ip, const struct ip_packet *packet,
			 enum drop_reason reason)
{
	const uint8_t *message =
		rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *, packet->l4_offset);

	if (reason == DROP_ICMP_UNHANDLED || reason == DROP_ICMP_FLOW)
		return true;
	if (reason == DROP_IP_NOT_FOR_US) {
		struct ip_addr target = ip_addr_from_v6(message + ND_TARGET_OFFSET);

		return exception_answers_for(ip, packet->netif, &target);
	}
	return reason == DROP_NONE && packet->is_v6 && message[0] == ND_NEIGHBOUR_ADVERTISEMENT;
}

void icmp_input(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns)
{
	enum drop_reason reason = dispatch(ip, packet, now_ns);

	if (kernel_wants(ip, packet, reason) &&
	    exception_give(ip, packet->netif, packet->mbuf, EXCEPTION_FAVOURED, now_ns))
		return;
	if (reason != DROP_NONE) {
		drop_count(ip->drops, reason);
		drop_watch_tell(ip->drop_watch, packet->mbuf, reason);
	}
	rte_pktmbuf_free(packet->mbuf);
}

struct icmp_complaint {
	uint8_t type;
	uint8_t code;
	uint8_t pointer; /* of an ICMPv6 parameter problem */
};

static struct icmp_complaint unreachable_complaint(bool is_v6, enum icmp_unreachable what)
{
	if (!is_v6)
		return (struct icmp_complaint){ICMP4_UNREACHABLE,
					       what == ICMP_UNREACHABLE_PORT ? 3 : 2, 0};
	if (what == ICMP_UNREACHABLE_PORT)
		return (struct icmp_complaint){ICMP6_UNREACHABLE, 4, 0};
	/* Where in the quoted packet: Next Header. */
	return (struct icmp_complaint){ICMP6_PARAMETER_PROBLEM, 1, 6};
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e): never about a group or to nobody. */
static bool may_complain(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns)
{
	if (packet->is_group || ip_addr_is_any(&packet->source))
		return false;
	if (token_bucket_take(&ip->error_limit, 0, now_ns))
		return true;
	drop_count(ip->drops, DROP_ICMP_RATE);
	return false;
}

static void complain(struct ip_layer *ip, const struct ip_packet *packet,
		     const struct icmp_complaint *what, uint64_t now_ns)
{
	if (!may_complain(ip, packet, now_ns))
		return;
	uint32_t quote_max_bytes = packet->is_v6
		? ICMP6_ERROR_BYTES_MAX - IP6_HEADER_BYTES - ICMP_HEADER_BYTES
		: ICMP4_ERROR_BYTES_MAX - IP4_HEADER_BYTES - ICMP_HEADER_BYTES;
	uint32_t quote_bytes =
		(uint32_t)(packet->l4_offset - packet->l3_offset) + packet->l4_bytes;

	if (quote_bytes > quote_max_bytes)
		quote_bytes = quote_max_bytes;
	struct rte_mbuf *message =
		frame_new(ip->header_pool, (uint16_t)(ICMP_HEADER_BYTES + quote_bytes));

	if (!message) {
		drop_count(ip->drops, DROP_MBUF_EMPTY);
		return;
	}
	uint8_t *bytes = rte_pktmbuf_mtod(message, uint8_t *);
	const void *quote = rte_pktmbuf_read(packet->mbuf, packet->l3_offset, quote_bytes,
					     bytes + ICMP_HEADER_BYTES);

	/* rte_pktmbuf_read copies only what is not contiguous already. */
	if (quote && quote != bytes + ICMP_HEADER_BYTES)
		memcpy(bytes + ICMP_HEADER_BYTES, quote, quote_bytes);
	bytes[0] = what->type;
	bytes[1] = what->code;
	bytes[7] = what->pointer;
	send_back(ip, packet, &packet->destination, message, now_ns);
}

void icmp_send_unreachable(struct ip_layer *ip, const struct ip_packet *packet,
			   enum icmp_unreachable what, uint64_t now_ns)
{
	bool has_extensions = packet->is_v6 &&
			      packet->l4_offset - packet->l3_offset != IP6_HEADER_BYTES;
	struct icmp_complaint complaint = unreachable_complaint(packet->is_v6, what);

	/* A parameter problem behind extension headers has no pointer that we kept. */
	if (what != ICMP_UNREACHABLE_PROTOCOL || !has_extensions)
		complain(ip, packet, &complaint, now_ns);
}

void icmp_send_about_fragment(void *context, enum reassembly_news news,
			      const struct ip_packet *fragment, uint64_t now_ns)
{
	/* RFC 792 type 11, RFC 4443 3.3; RFC 8200 4.5 for the two that only IPv6 knows. */
	uint32_t offset_field = (uint32_t)fragment->l4_offset - fragment->l3_offset -
				IP6_FRAGMENT_HEADER_BYTES + 2;
	struct icmp_complaint complaint = {
		.type = fragment->is_v6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED, .code = 1};

	if (news != REASSEMBLY_TIMED_OUT) {
		if (!fragment->is_v6)
			return;
		complaint = (struct icmp_complaint){
			ICMP6_PARAMETER_PROBLEM, 0,
			news == REASSEMBLY_BAD_LENGTH ? 4 : (uint8_t)offset_field};
	}
	complain(context, fragment, &complaint, now_ns);
}
