/* What TCP knows of the path below: here, whether its first hop hears us. */
#ifndef STACK_TCP_TCP_PATH_H
#define STACK_TCP_TCP_PATH_H

#include "stack/tcp/tcp_conn.h"

#define TCP_PROGRESS_TICK_SHIFT 30 /* ns to ticks of about a second */

/* New data, or an ACK of new data, has arrived (RFC 4861 7.3.1).  Told to the link once a tick. */
static inline void tcp_path_progress(struct tcp *tcp, struct tcp_cold *cold, uint64_t now_ns)
{
	uint32_t tick = (uint32_t)(now_ns >> TCP_PROGRESS_TICK_SHIFT) + 1;

	if (cold->progress_tick == tick)
		return;
	cold->progress_tick = tick;
	ip_route_confirm(tcp->params.ip, &cold->route, now_ns);
}

#endif
