#include "stack/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_addr_is_loopback(const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		return addr->bytes[12] == 127;
	for (unsigned i = 0; i < 15; i++)
		if (addr->bytes[i])
			return false;
	return addr->bytes[15] == 1;
}

bool ip_addr_is_any(const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		return addr->dwords[3] == 0;
	return addr->words[0] == 0 && addr->words[1] == 0;
}

bool ip_addr_is_multicast(const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		return (addr->bytes[12] & 0xf0) == 0xe0;
	return addr->bytes[0] == 0xff;
}

bool ip_addr_is_link_local(const struct ip_addr *addr)
{
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

struct ip_addr ip_addr_from_v4(uint32_t v4_host_order)
{
	struct ip_addr addr;

	memcpy(addr.bytes, v4_mapped_prefix, sizeof(v4_mapped_prefix));
	addr.dwords[3] = htonl(v4_host_order);
	return addr;
}

struct ip_addr ip_addr_from_v6(const uint8_t bytes[16])
{
	struct ip_addr addr;

	memcpy(addr.bytes, bytes, sizeof(addr.bytes));
	return addr;
}

uint32_t ip_addr_v4(const struct ip_addr *addr)
{
	return ntohl(addr->dwords[3]);
}

bool ip_addr_parse(const char *text, struct ip_addr *out)
{
	struct in_addr v4;
	uint8_t v6[16];

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*out = ip_addr_from_v4(ntohl(v4.s_addr));
		return true;
	}
	if (inet_pton(AF_INET6, text, v6) == 1) {
		*out = ip_addr_from_v6(v6);
		return true;
	}
	return false;
}

static char *put_byte(char *at, uint8_t byte)
{
	if (byte >= 100)
		*at++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*at++ = (char)('0' + byte / 10 % 10);
	*at++ = (char)('0' + byte % 10);
	return at;
}

/* Every request names its client's address: without printf. */
static const char *format_v4(const uint8_t bytes[4], char *text)
{
	char *at = text;

	for (int i = 0; i < 4; i++) {
		at = put_byte(at, bytes[i]);
		*at++ = i < 3 ? '.' : '\0';
	}
	return text;
}

const char *ip_addr_format(const struct ip_addr *addr, char *text, unsigned size)
{
	if (ip_addr_is_v4(addr) && size >= sizeof("255.255.255.255"))
		return format_v4(&addr->bytes[12], text);
	const char *done = ip_addr_is_v4(addr) ? inet_ntop(AF_INET, &addr->bytes[12], text, size)
					       : inet_ntop(AF_INET6, addr->bytes, text, size);

	if (!done && size > 0)
		text[0] = '\0';
	return text;
}

const char *ip_endpoint_format(const struct ip_addr *addr, uint16_t port, char *text, unsigned size)
{
	char host[IP_ADDR_TEXT_BYTES];

	ip_addr_format(addr, host, sizeof(host));
	snprintf(text, size, ip_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", host, port);
	return text;
}
