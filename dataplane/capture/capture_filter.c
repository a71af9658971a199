#include "dataplane/capture/capture_filter.h"

#include <stdlib.h>
#include <string.h>

#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IP6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMP6 58

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* l4_bytes: as the IP header says. */
static void read_ports(const uint8_t *l4, uint32_t length, uint32_t l4_bytes,
		       struct capture_facts *out)
{
	if ((out->protocol != PROTOCOL_TCP && out->protocol != PROTOCOL_UDP) || length < 4)
		return;
	out->has_ports = true;
	out->source_port = get16(l4);
	out->destination_port = get16(l4 + 2);
	if (out->protocol != PROTOCOL_TCP || length < 14)
		return;
	uint32_t header = (l4[12] >> 4) * 4u;

	out->tcp_seq = get32(l4 + 4);
	out->tcp_ack = get32(l4 + 8);
	out->tcp_flags = l4[13];
	out->tcp_bytes = l4_bytes > header ? l4_bytes - header : 0;
}

static void read_ip4(const uint8_t *ip, uint32_t length, struct capture_facts *out)
{
	uint32_t header = length >= 20 ? (ip[0] & 15u) * 4u : 0;

	if (length < 20 || header < 20)
		return;
	out->is_ip = true;
	out->protocol = ip[9];
	out->source = ip_addr_from_v4(get32(ip + 12));
	out->destination = ip_addr_from_v4(get32(ip + 16));
	if ((get16(ip + 6) & 0x1fff) == 0 && length > header)
		read_ports(ip + header, length - header,
			   get16(ip + 2) > header ? get16(ip + 2) - header : 0, out);
}

/* Extension headers are not walked: what stands in the fixed header is the protocol. */
static void read_ip6(const uint8_t *ip, uint32_t length, struct capture_facts *out)
{
	if (length < 40)
		return;
	out->is_ip = true;
	out->protocol = ip[6];
	memcpy(out->source.bytes, ip + 8, 16);
	memcpy(out->destination.bytes, ip + 24, 16);
	read_ports(ip + 40, length - 40, get16(ip + 4), out);
}

void capture_facts_read(const uint8_t *frame, uint32_t length, struct capture_facts *out)
{
	uint32_t at = 12;

	memset(out, 0, sizeof(*out));
	for (int tags = 0; tags < 2 && at + 2 <= length; tags++) {
		uint16_t type = get16(frame + at);

		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		at += 4;
	}
	if (at + 2 > length)
		return;
	uint16_t type = get16(frame + at);

	at += 2;
	out->is_arp = type == ETHERTYPE_ARP;
	if (type == ETHERTYPE_IP4)
		read_ip4(frame + at, length - at, out);
	else if (type == ETHERTYPE_IP6)
		read_ip6(frame + at, length - at, out);
}

static bool in_prefix(const struct capture_prefix *prefix, const struct ip_addr *addr)
{
	uint32_t whole = prefix->bits / 8;

	if (memcmp(addr->bytes, prefix->addr.bytes, whole) != 0)
		return false;
	return prefix->bits % 8 == 0 ||
	       ((addr->bytes[whole] ^ prefix->addr.bytes[whole]) >> (8 - prefix->bits % 8)) == 0;
}

static bool addresses_match(const struct capture_filter *filter, const struct capture_facts *facts)
{
	if ((filter->either.set || filter->source.set || filter->destination.set) && !facts->is_ip)
		return false;
	return (!filter->either.set || in_prefix(&filter->either, &facts->source) ||
		in_prefix(&filter->either, &facts->destination)) &&
	       (!filter->source.set || in_prefix(&filter->source, &facts->source)) &&
	       (!filter->destination.set || in_prefix(&filter->destination, &facts->destination));
}

static bool ports_match(const struct capture_filter *filter, const struct capture_facts *facts)
{
	if (!filter->either_port && !filter->source_port && !filter->destination_port)
		return true;
	return facts->has_ports &&
	       (!filter->either_port || filter->either_port == facts->source_port ||
		filter->either_port == facts->destination_port) &&
	       (!filter->source_port || filter->source_port == facts->source_port) &&
	       (!filter->destination_port ||
		filter->destination_port == facts->destination_port);
}

bool capture_filter_match_facts(const struct capture_filter *filter,
				const struct capture_facts *facts)
{
	if (filter->has_protocol &&
	    (filter->arp ? !facts->is_arp : !facts->is_ip || facts->protocol != filter->protocol))
		return false;
	if (filter->tcp_flags && !(facts->tcp_flags & filter->tcp_flags))
		return false;
	return addresses_match(filter, facts) && ports_match(filter, facts);
}

bool capture_filter_match(const struct capture_filter *filter, const uint8_t *frame, uint32_t length)
{
	struct capture_facts facts;

	if (!filter->looks_inside)
		return true;
	capture_facts_read(frame, length, &facts);
	return capture_filter_match_facts(filter, &facts);
}

/* --- from words ----------------------------------------------------------------------------- */

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return end != text && *end == '\0' && *text != '-' && *out <= max;
}

static bool set_prefix(struct capture_prefix *to, const char *value)
{
	char address[IP_ADDR_TEXT_BYTES];
	const char *slash = strchr(value, '/');
	size_t length = slash ? (size_t)(slash - value) : strlen(value);
	unsigned long bits;

	if (length >= sizeof(address))
		return false;
	memcpy(address, value, length);
	address[length] = '\0';
	if (!ip_addr_parse(address, &to->addr))
		return false;
	unsigned long most = ip_addr_is_v4(&to->addr) ? 32 : 128;

	if (!slash)
		bits = most;
	else if (!parse_number(slash + 1, most, &bits))
		return false;
	to->bits = (uint8_t)(bits + (most == 32 ? 96 : 0));
	to->set = true;
	return true;
}

static bool set_port(uint16_t *to, const char *value)
{
	unsigned long number;

	if (!parse_number(value, UINT16_MAX, &number) || number == 0)
		return false;
	*to = (uint16_t)number;
	return true;
}

static bool set_protocol(struct capture_filter *filter, const char *value)
{
	static const struct {
		const char *name;
		uint8_t number;
	} known[] = {{"tcp", PROTOCOL_TCP}, {"udp", PROTOCOL_UDP}, {"icmp", PROTOCOL_ICMP},
		     {"icmp6", PROTOCOL_ICMP6}};
	unsigned long number;

	filter->has_protocol = true;
	filter->arp = strcmp(value, "arp") == 0;
	if (filter->arp)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(value, known[i].name) != 0)
			continue;
		filter->protocol = known[i].number;
		return true;
	}
	if (!parse_number(value, UINT8_MAX, &number))
		return false;
	filter->protocol = (uint8_t)number;
	return true;
}

static bool set_flags(struct capture_filter *filter, const char *value)
{
	static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

	filter->tcp_flags = 0;
	while (*value) {
		size_t length = strcspn(value, ",");
		uint8_t flag = 0;

		for (unsigned i = 0; i < ARRAY_LEN(names); i++)
			if (length == 3 && memcmp(value, names[i], 3) == 0)
				flag = (uint8_t)(1u << i);
		if (!flag)
			return false;
		filter->tcp_flags |= flag;
		value += length + (value[length] == ',');
	}
	return filter->tcp_flags != 0;
}

static bool set_direction(struct capture_filter *filter, const char *value)
{
	filter->tx_unwanted = strcmp(value, "rx") == 0;
	filter->rx_unwanted = strcmp(value, "tx") == 0;
	return filter->tx_unwanted || filter->rx_unwanted;
}

bool capture_filter_set(struct capture_filter *filter, const char *name, const char *value,
			struct why *why)
{
	bool is_inside = true, good;

	if (strcmp(name, "address") == 0) {
		good = set_prefix(&filter->either, value);
	} else if (strcmp(name, "src") == 0) {
		good = set_prefix(&filter->source, value);
	} else if (strcmp(name, "dst") == 0) {
		good = set_prefix(&filter->destination, value);
	} else if (strcmp(name, "port") == 0) {
		good = set_port(&filter->either_port, value);
	} else if (strcmp(name, "sport") == 0) {
		good = set_port(&filter->source_port, value);
	} else if (strcmp(name, "dport") == 0) {
		good = set_port(&filter->destination_port, value);
	} else if (strcmp(name, "proto") == 0) {
		good = set_protocol(filter, value);
	} else if (strcmp(name, "flags") == 0) {
		good = set_flags(filter, value);
	} else {
		is_inside = false;
		good = true;
		if (strcmp(name, "direction") == 0)
			good = set_direction(filter, value);
		else if (strcmp(name, "dropped") == 0)
			filter->dropped_only = true;
		else
			return why_set(why, "%.40s is no word of a filter", name);
	}
	filter->looks_inside |= is_inside;
	return good || why_set(why, "%.40s=%.80s is not understood", name, value);
}
