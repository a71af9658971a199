#include "stack/base/siphash.h"

#include <string.h>

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate_left(v[1], 13) ^ v[0];
	v[0] = rotate_left(v[0], 32);
	v[2] += v[3];
	v[3] = rotate_left(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate_left(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate_left(v[1], 17) ^ v[2];
	v[2] = rotate_left(v[2], 32);
}

static inline void sip_rounds(uint64_t v[4], unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sip_round(v);
}

/* c rounds a word and d rounds at the end; both are constants after inlining. */
static inline uint64_t siphash(const struct siphash_key *key, const void *data, size_t length_bytes,
			       unsigned c, unsigned d)
{
	uint64_t v[4] = {key->k0 ^ UINT64_C(0x736f6d6570736575), key->k1 ^ UINT64_C(0x646f72616e646f6d),
			 key->k0 ^ UINT64_C(0x6c7967656e657261), key->k1 ^ UINT64_C(0x7465646279746573)};
	const uint8_t *bytes = data;
	uint64_t last = (uint64_t)length_bytes << 56;
	uint64_t word;

	for (; length_bytes >= 8; length_bytes -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		v[3] ^= word;
		sip_rounds(v, c);
		v[0] ^= word;
	}
	for (size_t i = 0; i < length_bytes; i++)
		last |= (uint64_t)bytes[i] << (8 * i);
	v[3] ^= last;
	sip_rounds(v, c);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash13(const struct siphash_key *key, const void *data, size_t length_bytes)
{
	return siphash(key, data, length_bytes, 1, 3);
}

uint64_t siphash24(const struct siphash_key *key, const void *data, size_t length_bytes)
{
	return siphash(key, data, length_bytes, 2, 4);
}
