/* What a connection may hold while packet buffers are short.
 *
 * Budgets times connections exceed any pool, so under pressure everyone's budget shrinks.  A window
 * that was advertised is never taken back: LOW stops it from growing; RESERVE drops what comes into
 * it beyond the small budget (the peer sends it again, RFC 9293 3.8.6 leaves that to the receiver). */
#ifndef STACK_TCP_TCP_PRESSURE_H
#define STACK_TCP_TCP_PRESSURE_H

#include "stack/tcp/tcp_conn.h"

/* What queues may be charged with: a dozen buffers, and two. */
#define TCP_LOW_BUDGET_BYTES (32u << 10)
#define TCP_RESERVE_BUDGET_BYTES (4u << 10)

static inline uint32_t tcp_pressed_budget(enum tcp_pressure pressure, uint32_t budget_bytes)
{
	uint32_t most = UINT32_MAX;

	if (pressure == TCP_PRESSURE_LOW)
		most = TCP_LOW_BUDGET_BYTES;
	else if (pressure == TCP_PRESSURE_RESERVE)
		most = TCP_RESERVE_BUDGET_BYTES;
	return budget_bytes < most ? budget_bytes : most;
}

static inline uint32_t tcp_rx_budget(const struct tcp *tcp)
{
	return tcp_pressed_budget(tcp->pressure, tcp->params.rx_budget_bytes);
}

static inline uint32_t tcp_tx_budget(const struct tcp *tcp)
{
	return tcp_pressed_budget(tcp->pressure, tcp->params.tx_budget_bytes);
}

/* Whether one more received buffer may be pinned by a queue that is charged with so much. */
static inline bool tcp_may_pin(const struct tcp *tcp, uint32_t charge_bytes, uint32_t more_bytes)
{
	if (tcp->pressure == TCP_PRESSURE_RESERVE)
		return charge_bytes < TCP_RESERVE_BUDGET_BYTES;
	return charge_bytes + more_bytes <= 2 * tcp->params.rx_budget_bytes;
}

#endif
