/* A token bucket for ICMP messages that we send (RFC 4443 2.4 (f), RFC 1812 4.3.2.8). */
#ifndef STACK_IP_ICMP_LIMIT_H
#define STACK_IP_ICMP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct icmp_limit {
	uint64_t interval_ns; /* one token each */
	uint64_t burst;
	uint64_t full_at_ns;  /* when all tokens will be there again */
};

void icmp_limit_init(struct icmp_limit *limit, uint32_t per_second, uint32_t burst);
/* Takes a token; false when there is none. */
MUST_USE bool icmp_limit_take(struct icmp_limit *limit, uint64_t now_ns);

#endif
