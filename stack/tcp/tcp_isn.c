#include "stack/tcp/tcp_isn.h"

#define ISN_TICK_SHIFT 12

uint32_t tcp_isn(const struct siphash_key *secret, const struct flow_key *key, uint64_t now_ns)
{
	return (uint32_t)siphash24(secret, key, sizeof(*key)) + (uint32_t)(now_ns >> ISN_TICK_SHIFT);
}

uint32_t tcp_timestamp_offset(const struct siphash_key *secret, const struct flow_key *key)
{
	return (uint32_t)(siphash24(secret, key, 2 * sizeof(struct ip_addr)) >> 32);
}
