/* Prefixes of addresses, in the 16-byte form of both families. */
#ifndef STACK_IP_IP_PREFIX_H
#define STACK_IP_IP_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"

/* How many leading bits agree, 0 to 128; of two IPv4 addresses 96 agree at the least. */
static inline unsigned ip_common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned difference = a->bytes[i] ^ b->bytes[i];

		if (difference)
			return i * 8 + (unsigned)__builtin_clz(difference) - 24;
	}
	return 128;
}

/* Whether the first prefix_bits of the family's address agree. */
static inline bool ip_prefix_covers(const struct ip_addr *prefix, uint8_t prefix_bits,
				    const struct ip_addr *addr)
{
	bool is_v4 = ip_addr_is_v4(addr);

	return ip_addr_is_v4(prefix) == is_v4 &&
	       ip_common_bits(prefix, addr) >= prefix_bits + (is_v4 ? 96u : 0u);
}

#endif
