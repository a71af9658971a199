#include "stack/tcp/tcp_rto.h"

#define CLOCK_GRANULARITY_US 1000

void tcp_rto_sample(struct tcp_conn *conn, struct tcp_cold *cold, uint64_t rtt_us)
{
	uint32_t sample = rtt_us > TCP_RTO_MAX_US ? TCP_RTO_MAX_US : rtt_us == 0 ? 1 : (uint32_t)rtt_us;

	if (cold->srtt_us == 0) {
		cold->srtt_us = sample;
		cold->rttvar_us = sample / 2;
	} else {
		uint32_t error = cold->srtt_us > sample ? cold->srtt_us - sample : sample - cold->srtt_us;

		cold->rttvar_us = cold->rttvar_us - cold->rttvar_us / 4 + error / 4;
		cold->srtt_us = cold->srtt_us - cold->srtt_us / 8 + sample / 8;
		if (cold->srtt_us == 0)
			cold->srtt_us = 1;
	}
	uint32_t spread = 4 * cold->rttvar_us;
	uint32_t rto = cold->srtt_us + (spread > CLOCK_GRANULARITY_US ? spread : CLOCK_GRANULARITY_US);

	if (rto < TCP_RTO_MIN_US)
		rto = TCP_RTO_MIN_US;
	conn->rto_us = rto > TCP_RTO_MAX_US ? TCP_RTO_MAX_US : rto;
}

void tcp_rto_acked(struct tcp_conn *conn, struct tcp_cold *cold, const struct tcp_segment *segment,
		   uint64_t now_ns)
{
	if (conn->flags & TCP_F_RTT_RUNNING) {
		if (seq_leq(segment->ack, cold->rtt_seq))
			return;
		conn->flags &= ~TCP_F_RTT_RUNNING;
		tcp_rto_sample(conn, cold, (now_ns - cold->rtt_sent_ns) / NS_PER_US);
	} else if ((conn->flags & TCP_F_TIMESTAMPS) && segment->has_timestamp && segment->ts_ecr) {
		uint32_t rtt_ms = tcp_now_ms(now_ns) + cold->ts_offset - segment->ts_ecr;

		if (rtt_ms <= TCP_RTO_MAX_US / 1000)
			tcp_rto_sample(conn, cold, (uint64_t)rtt_ms * 1000);
	}
}

uint64_t tcp_rto_ns(const struct tcp_conn *conn)
{
	uint64_t us = (uint64_t)conn->rto_us << (conn->backoff < 16 ? conn->backoff : 16);

	return (us > TCP_RTO_MAX_US ? TCP_RTO_MAX_US : us) * NS_PER_US;
}
