/* The Toeplitz hash of receive-side scaling, as NICs compute it ("RSS Hashing Functions" of the
 * Microsoft NDIS documentation): which queue a frame comes in by, or would.
 *
 *     input, network order   IPv4:  src 4 | dst 4 | sport 2 | dport 2            8 or 12 bytes
 *                            IPv6:  src 16 | dst 16 | sport 2 | dport 2         32 or 36 bytes
 *     key, leftmost first    K0 K1 K2 …       bit i of the input, if set, adds (XOR) the 32 bits
 *                                             of the key that begin at its bit i
 *
 * Linear over XOR: hash(a ^ b) = hash(a) ^ hash(b), so a port's part can be taken out and put in by
 * itself.  "Source" and "destination" are those of the frame as it arrives, so an own address is
 * the destination:
 *
 *     reply to an active open from local port p:
 *         toeplitz_flow(remote, local, remote_port, 0) ^ toeplitz_dst_port(is_v4, p)
 *
 * Addresses in the form of addr.h, ports and hashes in host order.  Read-only once it is set: workers
 * share one.  libc only. */
#ifndef STACK_BASE_TOEPLITZ_H
#define STACK_BASE_TOEPLITZ_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

#define TOEPLITZ_INPUT_BYTES_MAX 36
/* What the longest input reaches of a key; devices with longer keys (52 bytes) ignore the rest. */
#define TOEPLITZ_KEY_BYTES 40

struct toeplitz {
	uint32_t parts[TOEPLITZ_INPUT_BYTES_MAX][256]; /* what each byte value adds at each place */
};

/* The key of the specification's verification suite, the default of many devices. */
extern const uint8_t toeplitz_default_key[TOEPLITZ_KEY_BYTES];

/* False, and nothing is set, when the key is shorter than TOEPLITZ_KEY_BYTES. */
MUST_USE bool toeplitz_set_key(struct toeplitz *t, const uint8_t *key, uint32_t key_bytes);

/* Any input of at most TOEPLITZ_INPUT_BYTES_MAX bytes (what is beyond counts for nothing). */
uint32_t toeplitz_bytes(const struct toeplitz *t, const void *input, uint32_t bytes);
/* Addresses and ports; both addresses of one family. */
uint32_t toeplitz_flow(const struct toeplitz *t, const struct ip_addr *src, const struct ip_addr *dst,
		       uint16_t src_port, uint16_t dst_port);
/* Addresses only: what devices do with fragments and with protocols without ports. */
uint32_t toeplitz_addresses(const struct toeplitz *t, const struct ip_addr *src,
			    const struct ip_addr *dst);

/* What a port adds to the hash of a flow (linearity); 0 for port 0. */
static inline uint32_t toeplitz_port_at(const struct toeplitz *t, uint32_t place, uint16_t port)
{
	return t->parts[place][port >> 8] ^ t->parts[place + 1][port & 0xff];
}

static inline uint32_t toeplitz_src_port(const struct toeplitz *t, bool is_v4, uint16_t port)
{
	return toeplitz_port_at(t, is_v4 ? 8 : 32, port);
}

static inline uint32_t toeplitz_dst_port(const struct toeplitz *t, bool is_v4, uint16_t port)
{
	return toeplitz_port_at(t, is_v4 ? 10 : 34, port);
}

#endif
