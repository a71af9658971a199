#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_open.h"

#define MTU_MIN_V4_BYTES 576 /* a smaller claim is more likely an attack (RFC 5927 7) */
#define MTU_MIN_V6_BYTES 1280

bool tcp_path_error(struct tcp *tcp, const struct flow_key *key, uint32_t sequence,
		    uint16_t mtu_bytes, uint64_t now_ns)
{
	uint64_t hash = tcp_table_hash(&tcp->table, key);
	uint32_t index = tcp_table_find(&tcp->table, hash, key);

	if (index == TCP_TABLE_NONE)
		return false;
	struct tcp_conn *conn = tcp_conn_at(tcp, index);
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	/* RFC 5927 4.1: it has to quote something that is in flight. */
	if (seq_lt(sequence, conn->snd_una) || seq_geq(sequence, conn->snd_max))
		return true;
	counter_inc(&tcp->params.counters->path_errors);
	if (mtu_bytes == 0) {
		/* Hard only while opening, where another endpoint can still be tried; later it is advice
		 * (RFC 5461 4.1, RFC 9293 3.9.2.2). */
		if (conn->state == TCP_SYN_SENT)
			tcp_conn_close(tcp, conn, STREAM_FAILURE_REFUSED);
		return true;
	}
	uint16_t floor = ip_addr_is_v4(&key->remote) ? MTU_MIN_V4_BYTES : MTU_MIN_V6_BYTES;

	if (mtu_bytes < floor)
		mtu_bytes = floor;
	if (mtu_bytes >= cold->route.mtu_bytes)
		return true;
	cold->route.mtu_bytes = mtu_bytes;
	tcp_open_update_mss(conn, cold);
	/* RFC 1191 6.4: what was too big goes again, smaller, without a congestion penalty. */
	if (tcp_conn_synchronized(conn)) {
		conn->flags |= TCP_F_RTX_NOW;
		tcp_conn_want_output(tcp, conn);
	}
	return true;
}
