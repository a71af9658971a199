#include "stack/ip/icmp_error.h"

#include "stack/ip/ip_header.h"

#define ICMP_HEADER_BYTES 8
#define QUOTED_TCP_BYTES 8
#define ICMP4_UNREACHABLE 3
#define ICMP4_FRAGMENTATION_NEEDED 4
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER_PROBLEM 12
#define ICMP6_UNREACHABLE 1
#define ICMP6_PACKET_TOO_BIG 2
#define ICMP6_TIME_EXCEEDED 3
#define ICMP6_PARAMETER_PROBLEM 4
/* RFC 1191 3: what an old router that names no MTU is taken to mean. */
#define IP4_MTU_ASSUMED_BYTES 576
#define IP4_MTU_MIN_BYTES 68

static uint32_t get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes)
{
	return get16(bytes) << 16 | get16(bytes + 2);
}

static void read_tcp(const uint8_t *tcp, struct icmp_error *out)
{
	out->key.local_port = (uint16_t)get16(tcp);
	out->key.remote_port = (uint16_t)get16(tcp + 2);
	out->sequence = get32(tcp + 4);
}

static enum drop_reason parse4(const uint8_t *message, uint32_t length_bytes, struct icmp_error *out)
{
	const uint8_t *quoted = message + ICMP_HEADER_BYTES;
	uint32_t quoted_bytes = length_bytes - ICMP_HEADER_BYTES;

	if (message[0] != ICMP4_UNREACHABLE && message[0] != ICMP4_TIME_EXCEEDED &&
	    message[0] != ICMP4_PARAMETER_PROBLEM)
		return DROP_ICMP_UNHANDLED;
	if (message[0] == ICMP4_UNREACHABLE && message[1] == ICMP4_FRAGMENTATION_NEEDED) {
		uint32_t mtu_bytes = get16(message + 6);

		if (mtu_bytes == 0)
			mtu_bytes = IP4_MTU_ASSUMED_BYTES;
		out->mtu_bytes = (uint16_t)(mtu_bytes < IP4_MTU_MIN_BYTES ? IP4_MTU_MIN_BYTES
									  : mtu_bytes);
	}
	if (quoted_bytes < IP4_HEADER_BYTES || quoted[0] >> 4 != 4)
		return DROP_ICMP_MALFORMED;
	uint32_t header_bytes = (quoted[0] & 0x0f) * 4u;

	if (header_bytes < IP4_HEADER_BYTES || quoted_bytes < header_bytes + QUOTED_TCP_BYTES)
		return DROP_ICMP_MALFORMED;
	if (quoted[9] != IP_PROTOCOL_TCP || (get16(quoted + 6) & 0x1fff) != 0)
		return DROP_ICMP_UNHANDLED;
	out->key.local = ip_addr_from_v4(get32(quoted + 12));
	out->key.remote = ip_addr_from_v4(get32(quoted + 16));
	read_tcp(quoted + header_bytes, out);
	return DROP_NONE;
}

static enum drop_reason parse6(const uint8_t *message, uint32_t length_bytes, struct icmp_error *out)
{
	const uint8_t *quoted = message + ICMP_HEADER_BYTES;
	uint32_t quoted_bytes = length_bytes - ICMP_HEADER_BYTES;

	if (message[0] == ICMP6_PACKET_TOO_BIG) {
		uint32_t mtu_bytes = get32(message + 4);

		/* RFC 8201 4: never below the minimum of a link. */
		if (mtu_bytes < IP6_MTU_MIN_BYTES)
			mtu_bytes = IP6_MTU_MIN_BYTES;
		out->mtu_bytes = (uint16_t)(mtu_bytes > UINT16_MAX ? UINT16_MAX : mtu_bytes);
	} else if (message[0] != ICMP6_UNREACHABLE && message[0] != ICMP6_TIME_EXCEEDED &&
		   message[0] != ICMP6_PARAMETER_PROBLEM) {
		return DROP_ICMP_UNHANDLED;
	}
	if (quoted_bytes < IP6_HEADER_BYTES + QUOTED_TCP_BYTES || quoted[0] >> 4 != 6)
		return DROP_ICMP_MALFORMED;
	/* We send no extension headers, so the quoted packet of a flow of ours has none. */
	if (quoted[6] != IP_PROTOCOL_TCP)
		return DROP_ICMP_UNHANDLED;
	out->key.local = ip_addr_from_v6(quoted + 8);
	out->key.remote = ip_addr_from_v6(quoted + 24);
	read_tcp(quoted + IP6_HEADER_BYTES, out);
	return DROP_NONE;
}

enum drop_reason icmp_error_parse(const struct ip_packet *packet, const uint8_t *message,
				  uint32_t length_bytes, struct icmp_error *out)
{
	*out = (struct icmp_error){.key = {.vrf = packet->vrf}};
	if (length_bytes < ICMP_HEADER_BYTES)
		return DROP_ICMP_MALFORMED;
	enum drop_reason reason = packet->is_v6 ? parse6(message, length_bytes, out)
						: parse4(message, length_bytes, out);

	if (reason != DROP_NONE)
		return reason;
	/* The error comes back to the address that sent the packet (RFC 5927 4.1). */
	if (!ip_addr_equal(&out->key.local, &packet->destination))
		return DROP_ICMP_MALFORMED;
	return DROP_NONE;
}
