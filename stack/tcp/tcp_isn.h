/* Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 5.4). */
#ifndef STACK_TCP_TCP_ISN_H
#define STACK_TCP_TCP_ISN_H

#include "stack/base/siphash.h"
#include "stack/tcp/tcp_conn.h"

/* M + F(4-tuple, secret); M ticks every 4.096 us. */
uint32_t tcp_isn(const struct siphash_key *secret, const struct flow_key *key, uint64_t now_ns);
/* Constant for a pair of addresses, so that PAWS and TIME-WAIT reuse work over ports' lifetimes. */
uint32_t tcp_timestamp_offset(const struct siphash_key *secret, const struct flow_key *key);

#endif
