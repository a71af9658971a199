#include "stack/tcp/tcp_segment.h"

#include <string.h>

#include "stack/tcp/tcp_data.h"

#define PIECES_MAX 8

static const struct netif *netif_of(const struct tcp *tcp, const struct ip_route *route)
{
	return &tcp->params.netifs[route->netif];
}

uint32_t tcp_segment_payload_max(const struct tcp *tcp, const struct tcp_conn *conn)
{
	if (netif_of(tcp, &tcp_conn_cold(tcp, conn)->route)->tx_multi_segment)
		return conn->mss_bytes;
	uint32_t room = rte_pktmbuf_data_room_size(tcp->params.header_pool) - RTE_PKTMBUF_HEADROOM -
			TCP_HEADER_BYTES_MAX;

	return room < conn->mss_bytes ? room : conn->mss_bytes;
}

/* A direct mbuf with the header written and its checksum still zero. */
static struct rte_mbuf *header_mbuf(struct tcp *tcp, const struct tcp_header *header,
				    uint32_t *header_bytes)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(tcp->params.header_pool);

	if (!mbuf) {
		drop_count(tcp->params.drops, DROP_MBUF_EMPTY);
		return NULL;
	}
	*header_bytes = tcp_wire_build(header, rte_pktmbuf_mtod(mbuf, uint8_t *));
	mbuf->data_len = (uint16_t)*header_bytes;
	mbuf->pkt_len = *header_bytes;
	return mbuf;
}

static void emit(struct tcp *tcp, const struct flow_key *key, struct ip_route *route,
		 struct rte_mbuf *mbuf, uint32_t header_bytes, uint64_t now_ns)
{
	struct ip_output_meta meta = {
		.source = key->local, .destination = key->remote, .protocol = 6};

	tcp_wire_checksum(mbuf, &key->local, &key->remote, header_bytes,
			  netif_of(tcp, route)->tx_checksum_tcp);
	counter_inc(&tcp->params.counters->segments_out);
	ip_output(tcp->params.ip, route, &meta, mbuf, now_ns);
}

/* The node that holds `seq`.  The cursor makes the usual case, the next new byte, one step. */
static const struct slice_node *seek(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t seq,
				     uint32_t *offset_bytes)
{
	struct slice_node *node = conn->tx.head;
	uint32_t start = conn->snd_una;

	if (cold->cursor) {
		uint32_t cursor_start = cold->cursor_end_seq - cold->cursor->slice.length_bytes;

		if (seq_geq(seq, cursor_start)) {
			node = cold->cursor;
			start = cursor_start;
		}
	}
	while (node && seq - start >= node->slice.length_bytes) {
		start += node->slice.length_bytes;
		node = node->next;
	}
	*offset_bytes = seq - start;
	if (node && seq_geq(seq, conn->snd_nxt)) {
		cold->cursor = node;
		cold->cursor_end_seq = start + node->slice.length_bytes;
	}
	return node;
}

static bool is_few_pieces(const struct slice_node *node, uint32_t offset_bytes, uint32_t bytes)
{
	uint64_t reach_bytes = 0;

	for (unsigned count = 0; count < PIECES_MAX && node; count++, node = node->next)
		reach_bytes += node->slice.length_bytes;
	return reach_bytes >= (uint64_t)offset_bytes + bytes;
}

static bool attach(struct tcp *tcp, struct rte_mbuf *head, const struct slice_node *node,
		   uint32_t offset_bytes, uint32_t bytes)
{
	struct rte_mbuf *last = head;

	for (; bytes > 0; node = node->next, offset_bytes = 0) {
		struct rte_mbuf *indirect = rte_pktmbuf_alloc(tcp->params.indirect_pool);
		uint32_t here_bytes = node->slice.length_bytes - offset_bytes;

		if (!indirect) {
			drop_count(tcp->params.drops, DROP_MBUF_EMPTY);
			return false;
		}
		if (here_bytes > bytes)
			here_bytes = bytes;
		rte_pktmbuf_attach(indirect, node->slice.mbuf);
		indirect->data_off = (uint16_t)(node->slice.offset_bytes + offset_bytes);
		indirect->data_len = (uint16_t)here_bytes;
		indirect->pkt_len = here_bytes;
		indirect->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
		last->next = indirect;
		last = indirect;
		head->nb_segs++;
		head->pkt_len += here_bytes;
		bytes -= here_bytes;
	}
	return true;
}

static void copy_in(struct tcp *tcp, struct rte_mbuf *mbuf, const struct slice_node *node,
		    uint32_t offset_bytes, uint32_t bytes)
{
	uint8_t *to = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, mbuf->data_len);

	mbuf->data_len += (uint16_t)bytes;
	mbuf->pkt_len += bytes;
	tcp_count_copied(tcp, bytes);
	for (; bytes > 0; node = node->next, offset_bytes = 0) {
		uint32_t here_bytes = node->slice.length_bytes - offset_bytes;

		if (here_bytes > bytes)
			here_bytes = bytes;
		memcpy(to, slice_data(&node->slice) + offset_bytes, here_bytes);
		to += here_bytes;
		bytes -= here_bytes;
	}
}

static bool add_payload(struct tcp *tcp, struct tcp_conn *conn, struct rte_mbuf *mbuf, uint32_t seq,
			uint32_t bytes)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t offset_bytes;
	const struct slice_node *node = seek(conn, cold, seq, &offset_bytes);
	bool fits = bytes <= rte_pktmbuf_tailroom(mbuf);
	bool by_reference = netif_of(tcp, &cold->route)->tx_multi_segment &&
			    bytes > TCP_COPY_BYTES_MAX && is_few_pieces(node, offset_bytes, bytes);

	if (by_reference || !fits)
		return attach(tcp, mbuf, node, offset_bytes, bytes);
	copy_in(tcp, mbuf, node, offset_bytes, bytes);
	return true;
}

/* Advertised MSS: what the interface can take, options not counted (RFC 9293 3.7.1, RFC 6691). */
static uint16_t own_mss_bytes(const struct tcp *tcp, const struct tcp_cold *cold)
{
	uint16_t overhead = ip_addr_is_v4(&cold->key.remote) ? 40 : 60;

	return (uint16_t)(netif_of(tcp, &cold->route)->mtu_bytes - overhead);
}

static void fill_header(struct tcp *tcp, struct tcp_conn *conn, struct tcp_header *header,
			uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	bool syn = header->flags & TCP_SYN;

	header->source_port = cold->key.local_port;
	header->destination_port = cold->key.remote_port;
	header->wscale = TCP_NO_WSCALE;
	if (header->flags & TCP_ACK)
		header->ack = conn->rcv_nxt;
	uint32_t edge = tcp_data_window_edge(tcp, conn);
	uint32_t window = edge - conn->rcv_nxt;

	/* RFC 7323 2.2: the window of a SYN is never scaled. */
	if (syn) {
		header->window = (uint16_t)(window > UINT16_MAX ? UINT16_MAX : window);
		header->mss_bytes = own_mss_bytes(tcp, cold);
		if (conn->flags & TCP_F_WSCALE)
			header->wscale = conn->rcv_wscale;
		window = header->window;
	} else {
		header->window = (uint16_t)(window >> conn->rcv_wscale);
		window = (uint32_t)header->window << conn->rcv_wscale;
	}
	conn->rcv_edge = seq_max(conn->rcv_edge, conn->rcv_nxt + window);
	if (conn->flags & TCP_F_TIMESTAMPS) {
		header->has_timestamp = true;
		header->ts_val = tcp_now_ms(now_ns) + cold->ts_offset;
		header->ts_ecr = header->flags & TCP_ACK ? conn->ts_recent : 0;
	}
}

bool tcp_segment_send(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq, uint8_t flags,
		      uint32_t bytes, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct tcp_header header = {.seq = seq, .flags = flags};
	uint32_t header_bytes;

	fill_header(tcp, conn, &header, now_ns);
	struct rte_mbuf *mbuf = header_mbuf(tcp, &header, &header_bytes);

	if (!mbuf)
		return false;
	if (bytes > 0 && !add_payload(tcp, conn, mbuf, seq, bytes)) {
		rte_pktmbuf_free(mbuf);
		return false;
	}
	if (flags & TCP_ACK) {
		conn->last_ack_sent = conn->rcv_nxt;
		conn->flags &= ~TCP_F_ACK_NOW;
		conn->ack_deadline_ns = 0;
		conn->unacked_segments = 0;
	}
	emit(tcp, &cold->key, &cold->route, mbuf, header_bytes, now_ns);
	return true;
}

void tcp_segment_send_bare(struct tcp *tcp, const struct flow_key *key,
			   const struct tcp_header *header, uint64_t now_ns)
{
	struct ip_addr source = key->local;
	struct ip_route route = {0};
	uint32_t header_bytes;
	enum drop_reason reason =
		ip_route_resolve(tcp->params.ip, key->vrf, &key->remote, &source, &route);

	if (reason != DROP_NONE) {
		drop_count(tcp->params.drops, reason);
		return;
	}
	struct rte_mbuf *mbuf = header_mbuf(tcp, header, &header_bytes);

	if (mbuf)
		emit(tcp, key, &route, mbuf, header_bytes, now_ns);
}
