#include "stack/tcp/tcp_reassembly.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_data.h"
#include "stack/tcp/tcp_pressure.h"

static struct tcp_ooo_node *node_at(struct tcp *tcp, uint32_t index)
{
	return pool_at(&tcp->ooo_nodes, index);
}

static void drop_node(struct tcp *tcp, struct tcp_cold *cold, uint32_t *link)
{
	struct tcp_ooo_node *node = node_at(tcp, *link);

	cold->ooo_charge_bytes -= slice_charge_bytes(&node->slice);
	if (!PLANTED(REASSEMBLY_LEAK))
		slice_release(&node->slice);
	*link = node->next;
	pool_give(&tcp->ooo_nodes, node);
}

/* Cuts the part that comes before `seq`; the slice must reach further than that. */
static void trim_front(struct slice *slice, uint32_t *slice_seq, uint32_t seq)
{
	uint32_t cut_bytes = seq - *slice_seq;

	slice->offset_bytes += PLANTED(OVERLAP_TAKEN_TWICE) ? 0 : cut_bytes;
	slice->length_bytes -= cut_bytes;
	*slice_seq = seq;
}

enum drop_reason tcp_reassembly_add(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq,
				    struct slice slice)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t *link = &cold->ooo_head;
	uint32_t end = seq + slice.length_bytes;

	if (cold->ooo_charge_bytes + slice_charge_bytes(&slice) > tcp_rx_budget(tcp)) {
		slice_release(&slice);
		return DROP_TCP_REASSEMBLY_FULL;
	}
	while (*link != POOL_NO_INDEX) {
		struct tcp_ooo_node *node = node_at(tcp, *link);
		uint32_t node_end = node->seq + node->slice.length_bytes;

		if (seq_leq(end, node->seq))
			break;
		if (seq_lt(seq, node->seq)) {
			/* It covers the whole node: the newcomer replaces it. */
			if (seq_geq(end, node_end)) {
				drop_node(tcp, cold, link);
				continue;
			}
			slice.length_bytes -= end - node->seq;
			break;
		}
		if (seq_leq(end, node_end)) {
			slice_release(&slice);
			return DROP_TCP_DUPLICATE;
		}
		if (seq_lt(seq, node_end))
			trim_front(&slice, &seq, node_end);
		link = &node->next;
	}
	struct tcp_ooo_node *fresh = pool_take(&tcp->ooo_nodes);

	if (!fresh) {
		slice_release(&slice);
		return DROP_TCP_REASSEMBLY_FULL;
	}
	*fresh = (struct tcp_ooo_node){.slice = slice, .seq = seq, .next = *link};
	*link = pool_index(&tcp->ooo_nodes, fresh);
	cold->ooo_charge_bytes += slice_charge_bytes(&slice);
	return DROP_NONE;
}

void tcp_reassembly_drain(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	while (cold->ooo_head != POOL_NO_INDEX) {
		struct tcp_ooo_node *node = node_at(tcp, cold->ooo_head);
		uint32_t end = node->seq + node->slice.length_bytes;

		if (seq_gt(node->seq, conn->rcv_nxt))
			break;
		if (seq_leq(end, conn->rcv_nxt)) {
			drop_node(tcp, cold, &cold->ooo_head);
			continue;
		}
		trim_front(&node->slice, &node->seq, conn->rcv_nxt);
		/* The queue takes a reference of its own; on exhaustion the node waits here. */
		if (!tcp_data_append(tcp, conn, slice_share(&node->slice)))
			break;
		drop_node(tcp, cold, &cold->ooo_head);
	}
}

void tcp_reassembly_clear(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	while (cold->ooo_head != POOL_NO_INDEX)
		drop_node(tcp, cold, &cold->ooo_head);
}
