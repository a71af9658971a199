/* A token bucket, kept as the moment at which it will be full again: for ICMP messages that we send
 * (RFC 4443 2.4 (f), RFC 1812 4.3.2.8) and for what goes to the kernel.  One owner. */
#ifndef STACK_BASE_TOKEN_BUCKET_H
#define STACK_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct token_bucket {
	uint64_t interval_ns; /* one token each */
	uint64_t burst;
	uint64_t full_at_ns;  /* when all tokens will be there again */
};

/* Full.  per_second: 1 … 1,000,000,000; burst: the most it holds, at least 1. */
void token_bucket_init(struct token_bucket *bucket, uint32_t per_second, uint32_t burst);
/* Takes a token, but none of the last `reserved`; false when there is none to take. */
MUST_USE bool token_bucket_take(struct token_bucket *bucket, uint32_t reserved, uint64_t now_ns);

#endif
