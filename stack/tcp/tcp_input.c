#include <rte_prefetch.h>

#include "stack/tcp/tcp_accept_segment.h"
#include "stack/base/planted.h"
#include "stack/tcp/tcp_ack.h"
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_data.h"
#include "stack/tcp/tcp_fin.h"
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_open.h"
#include "stack/tcp/tcp_reset.h"
#include "stack/tcp/tcp_synsent.h"
#include "stack/tcp/tcp_timewait.h"
#include "stack/tcp/tcp_trace.h"

#define BATCH_MAX 32

/* One packet of a batch on its way through the stages. */
struct staged {
	struct tcp_segment segment;
	struct flow_key key;
	uint64_t hash;
	uint32_t index;
	bool good;
};

static struct flow_key key_of(const struct tcp_segment *segment)
{
	return (struct flow_key){
		.local = segment->packet->destination,
		.remote = segment->packet->source,
		.local_port = segment->destination_port,
		.remote_port = segment->source_port,
		.vrf = segment->packet->vrf,
	};
}

static bool checksum_ok(const struct tcp *tcp, const struct ip_packet *packet)
{
	uint64_t known = packet->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (tcp->params.netifs[packet->netif].rx_checksum_known) {
		if (known == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
			return true;
		if (known == RTE_MBUF_F_RX_L4_CKSUM_BAD)
			return false;
	}
	return PLANTED(CHECKSUM_UNCHECKED) || tcp_wire_checksum_ok(packet);
}

/* Seventh and eighth: payload and FIN.  The mbuf has been taken when *owned is false. */
static enum drop_reason input_text(struct tcp *tcp, struct tcp_conn *conn,
				   const struct tcp_segment *segment, bool *owned, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	enum drop_reason reason = DROP_NONE;

	if (segment->payload_bytes == 0 && !(segment->flags & TCP_FIN) &&
	    !(conn->flags & TCP_F_FIN_SEEN))
		return DROP_NONE;
	if (!tcp_conn_receives(conn))
		return DROP_NONE;
	if (segment->payload_bytes > 0) {
		/* RFC 2525 2.17: nobody will read this; the peer has to know. */
		if (conn->flags & TCP_F_RELEASED) {
			tcp_reset_conn(tcp, conn, STREAM_FAILURE_LOCAL_RESET, now_ns);
			return DROP_TCP_AFTER_CLOSE;
		}
		reason = tcp_data_input(tcp, conn, segment, owned, now_ns);
	}
	if (segment->flags & TCP_FIN)
		tcp_fin_seen(conn, cold, segment->seq + segment->payload_bytes);
	if (conn->flags & TCP_F_FIN_SEEN)
		tcp_fin_advance(tcp, conn, now_ns);
	return reason;
}

/* Header prediction: the next in-order segment of an established connection whose ACK needs no
 * second look takes none of the tests that it would pass anyway. */
static bool is_expected(const struct tcp_conn *conn, const struct tcp_segment *segment)
{
	bool timestamp_ok = !(conn->flags & TCP_F_TIMESTAMPS) ||
			    (segment->has_timestamp && seq_geq(segment->ts_val, conn->ts_recent));

	return conn->state == TCP_ESTABLISHED && (segment->flags & ~TCP_PSH) == TCP_ACK &&
	       segment->seq == conn->rcv_nxt && timestamp_ok &&
	       segment->payload_bytes <= conn->rcv_edge - conn->rcv_nxt &&
	       seq_geq(segment->ack, conn->snd_una) && seq_leq(segment->ack, conn->snd_max);
}

static enum drop_reason input_conn(struct tcp *tcp, struct tcp_conn *conn,
				   struct tcp_segment *segment, bool *owned, uint64_t now_ns)
{
	enum drop_reason reason;

	if (conn->state == TCP_SYN_SENT)
		return tcp_synsent_input(tcp, conn, segment, now_ns);
	if (is_expected(conn, segment)) {
		tcp_accept_timestamp(conn, segment, now_ns);
		if (tcp_ack_input(tcp, conn, segment, now_ns))
			return DROP_TCP_INVARIANT;
		return input_text(tcp, conn, segment, owned, now_ns);
	}
	reason = tcp_accept_segment(tcp, conn, segment, now_ns);
	if (reason != DROP_NONE || conn->state == TCP_CLOSED)
		return reason;
	if (conn->state == TCP_SYN_RECEIVED)
		tcp_open_established(tcp, conn, segment, now_ns);
	else if (tcp_ack_input(tcp, conn, segment, now_ns))
		tcp_fin_acked(tcp, conn, now_ns);
	return input_text(tcp, conn, segment, owned, now_ns);
}

/* Nobody listens there, or on every port, where what does not open belongs to someone else.  True when
 * somebody else has taken the segment. */
static bool is_taken_elsewhere(struct tcp *tcp, const struct tcp_listener *listener,
			       const struct tcp_segment *segment, uint64_t now_ns)
{
	bool is_syn = (segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;

	if (!tcp->params.not_ours || (listener && (is_syn || listener->params.local_port != 0)))
		return false;
	return tcp->params.not_ours(tcp->params.not_ours_context, segment->packet, is_syn, now_ns);
}

/* LISTEN and CLOSED (RFC 9293 3.10.7.1, 3.10.7.2).  The mbuf has been taken when *owned is false. */
static enum drop_reason input_new(struct tcp *tcp, struct staged *staged, const uint32_t *iss_after,
				  bool *owned, uint64_t now_ns)
{
	const struct tcp_segment *segment = &staged->segment;
	struct tcp_listener *listener = tcp_listener_find(tcp, &staged->key);

	if (unlikely_true(tcp->trace != NULL))
		tcp_trace_listener(tcp, &staged->key, listener);
	if (is_taken_elsewhere(tcp, listener, segment, now_ns)) {
		*owned = false;
		return DROP_NONE;
	}
	if (segment->flags & TCP_RST)
		return DROP_TCP_NO_CONNECTION;
	if (!listener || (segment->flags & TCP_ACK)) {
		tcp_reset_reply(tcp, &staged->key, segment, now_ns);
		return DROP_TCP_NO_CONNECTION;
	}
	if ((segment->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN)
		return DROP_TCP_BAD_FLAGS;
	return tcp_listener_syn(tcp, listener, &staged->key, staged->hash, segment, iss_after, now_ns);
}

static void process(struct tcp *tcp, struct staged *staged, uint32_t generation, uint64_t now_ns)
{
	struct rte_mbuf *mbuf = staged->segment.packet->mbuf;
	enum drop_reason reason;
	uint32_t iss_after;
	bool owned = true;

	/* An earlier packet of the batch has opened or closed something: look again. */
	if (tcp->table.generation != generation)
		staged->index = tcp_table_find(&tcp->table, staged->hash, &staged->key);
	if (staged->index != TCP_TABLE_NONE) {
		struct tcp_conn *conn = tcp_conn_at(tcp, staged->index);

		reason = input_conn(tcp, conn, &staged->segment, &owned, now_ns);
		if (tcp_is_traced(conn) && reason == DROP_NONE)
			tcp_trace_segment(tcp, conn, &staged->segment);
	} else {
		uint32_t waiting =
			tcp_table_find(&tcp->timewait.table, staged->hash, &staged->key);

		if (waiting == TCP_TABLE_NONE)
			reason = input_new(tcp, staged, NULL, &owned, now_ns);
		else if (tcp_timewait_input(tcp, waiting, &staged->segment, &iss_after, now_ns))
			reason = DROP_NONE;
		else
			reason = input_new(tcp, staged, &iss_after, &owned, now_ns);
	}
	if (reason != DROP_NONE) {
		drop_count(tcp->params.drops, reason);
		drop_watch_tell(tcp->drop_watch, mbuf, reason);
	}
	if (owned)
		rte_pktmbuf_free(mbuf);
}

static void input_batch(struct tcp *tcp, const struct ip_packet *packets, uint32_t count,
			uint64_t now_ns)
{
	struct staged staged[BATCH_MAX];
	uint32_t generation = tcp->table.generation;

	for (uint32_t i = 0; i < count; i++) {
		struct staged *s = &staged[i];
		enum drop_reason reason = tcp_wire_parse(&packets[i], &s->segment);

		if (reason == DROP_NONE && !checksum_ok(tcp, &packets[i]))
			reason = tcp_wire_checksum_is_unfinished(&packets[i]) ?
					 DROP_TCP_CHECKSUM_UNFINISHED : DROP_TCP_CHECKSUM;
		s->good = reason == DROP_NONE;
		if (!s->good) {
			drop_count(tcp->params.drops, reason);
			drop_watch_tell(tcp->drop_watch, packets[i].mbuf, reason);
			rte_pktmbuf_free(packets[i].mbuf);
			continue;
		}
		s->key = key_of(&s->segment);
		s->hash = tcp_table_hash(&tcp->table, &s->key);
		tcp_table_prefetch(&tcp->table, s->hash);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!staged[i].good)
			continue;
		staged[i].index = tcp_table_find(&tcp->table, staged[i].hash, &staged[i].key);
		if (staged[i].index != TCP_TABLE_NONE) {
			rte_prefetch0(tcp_conn_at(tcp, staged[i].index));
			rte_prefetch0(&tcp_conn_at(tcp, staged[i].index)->tx);
		}
	}
	for (uint32_t i = 0; i < count; i++)
		if (staged[i].good)
			process(tcp, &staged[i], generation, now_ns);
}

void tcp_input(struct tcp *tcp, const struct ip_packet *packets, uint32_t count, uint64_t now_ns)
{
	counter_add(&tcp->params.counters->segments_in, count);
	for (uint32_t done = 0; done < count; done += BATCH_MAX) {
		uint32_t batch = count - done < BATCH_MAX ? count - done : BATCH_MAX;

		input_batch(tcp, packets + done, batch, now_ns);
	}
}
