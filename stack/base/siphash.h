/* SipHash-1-3 and SipHash-2-4 (Aumasson and Bernstein 2012): keyed hashes for tables that a peer
 * must not be able to fill with collisions, and for initial sequence numbers (RFC 6528). */
#ifndef STACK_BASE_SIPHASH_H
#define STACK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0;
	uint64_t k1;
};

uint64_t siphash13(const struct siphash_key *key, const void *data, size_t length_bytes);
uint64_t siphash24(const struct siphash_key *key, const void *data, size_t length_bytes);

#endif
