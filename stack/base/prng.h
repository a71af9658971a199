/* Chance is an argument: a seeded generator (xoshiro256**, Blackman and Vigna 2018, state filled
 * by splitmix64).  Not for secrets: secrets come from the composition root as seed material. */
#ifndef STACK_BASE_PRNG_H
#define STACK_BASE_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t s[4];
};

void prng_seed(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound); bound > 0. */
uint32_t prng_below(struct prng *prng, uint32_t bound);
/* A child generator whose sequence is independent of what the parent yields afterwards. */
void prng_fork(struct prng *parent, struct prng *child);

#endif
