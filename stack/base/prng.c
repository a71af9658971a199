#include "stack/base/prng.h"

#include "stack/base/invariant.h"

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

void prng_seed(struct prng *prng, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		prng->s[i] = splitmix64(&seed);
}

uint64_t prng_next(struct prng *prng)
{
	uint64_t *s = prng->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint32_t prng_below(struct prng *prng, uint32_t bound)
{
	INVARIANT(bound > 0);
	/* Lemire's multiply-shift; the bias of 2^-32 * bound is of no account to its users. */
	return (uint32_t)(((prng_next(prng) >> 32) * bound) >> 32);
}

void prng_fork(struct prng *parent, struct prng *child)
{
	prng_seed(child, prng_next(parent));
}
