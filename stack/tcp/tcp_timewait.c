#include "stack/tcp/tcp_timewait.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_segment.h"

static struct tcp_timewait_entry *entry_at(const struct tcp_timewait *timewait, uint32_t index)
{
	return pool_at(&timewait->pool, index);
}

bool tcp_timewait_create(struct tcp_timewait *timewait, uint32_t capacity,
			 const struct siphash_key *hash_key)
{
	if (!pool_create(&timewait->pool, sizeof(struct tcp_timewait_entry), capacity))
		return false;
	timewait->oldest = POOL_NO_INDEX;
	timewait->newest = POOL_NO_INDEX;
	return tcp_table_create(&timewait->table, capacity, timewait->pool.blocks,
				(uint32_t)timewait->pool.block_bytes, hash_key);
}

static void unlink_entry(struct tcp_timewait *timewait, struct tcp_timewait_entry *entry)
{
	if (entry->older != POOL_NO_INDEX)
		entry_at(timewait, entry->older)->newer = entry->newer;
	else
		timewait->oldest = entry->newer;
	if (entry->newer != POOL_NO_INDEX)
		entry_at(timewait, entry->newer)->older = entry->older;
	else
		timewait->newest = entry->older;
}

/* All wait equally long, so the list in order of entry is in order of expiry. */
static void link_newest(struct tcp_timewait *timewait, struct tcp_timewait_entry *entry)
{
	uint32_t index = pool_index(&timewait->pool, entry);

	entry->older = timewait->newest;
	entry->newer = POOL_NO_INDEX;
	if (timewait->newest != POOL_NO_INDEX)
		entry_at(timewait, timewait->newest)->newer = index;
	else
		timewait->oldest = index;
	timewait->newest = index;
}

static void drop_entry(struct tcp_timewait *timewait, struct tcp_timewait_entry *entry)
{
	unlink_entry(timewait, entry);
	tcp_table_remove(&timewait->table, entry->hash, pool_index(&timewait->pool, entry));
	if (!PLANTED(TIMEWAIT_LEAK))
		pool_give(&timewait->pool, entry);
}

void tcp_timewait_destroy(struct tcp_timewait *timewait)
{
	if (!timewait->pool.blocks)
		return;
	while (timewait->table.buckets && timewait->oldest != POOL_NO_INDEX)
		drop_entry(timewait, entry_at(timewait, timewait->oldest));
	tcp_table_destroy(&timewait->table);
	pool_destroy(&timewait->pool);
}

void tcp_timewait_enter(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_timewait *timewait = &tcp->timewait;
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct tcp_timewait_entry *entry = pool_take(&timewait->pool);

	if (!entry) {
		drop_entry(timewait, entry_at(timewait, timewait->oldest));
		counter_inc(&tcp->params.counters->timewait_evicted);
		gauge_add(&tcp->params.counters->timewait, -1);
		entry = pool_take(&timewait->pool);
	}
	*entry = (struct tcp_timewait_entry){
		.key = cold->key,
		.hash = cold->hash,
		.expires_ns = now_ns + TCP_TIME_WAIT_NS,
		.snd_nxt = conn->snd_nxt,
		.rcv_nxt = conn->rcv_nxt,
		.ts_recent = conn->ts_recent,
		.ts_offset = cold->ts_offset,
		.window = (uint16_t)((conn->rcv_edge - conn->rcv_nxt) >> conn->rcv_wscale),
		.has_timestamp = conn->flags & TCP_F_TIMESTAMPS,
	};
	link_newest(timewait, entry);
	gauge_add(&tcp->params.counters->timewait, 1);
	tcp_conn_detach(tcp, conn);
	tcp_conn_set_state(tcp, conn, TCP_TIME_WAIT);
	tcp_table_insert(&timewait->table, entry->hash, pool_index(&timewait->pool, entry));
}

static void send_ack(struct tcp *tcp, const struct tcp_timewait_entry *entry, uint64_t now_ns)
{
	struct tcp_header header = {
		.source_port = entry->key.local_port,
		.destination_port = entry->key.remote_port,
		.seq = entry->snd_nxt,
		.ack = entry->rcv_nxt,
		.window = entry->window,
		.wscale = TCP_NO_WSCALE,
		.flags = TCP_ACK,
		.has_timestamp = entry->has_timestamp,
		.ts_val = tcp_now_ms(now_ns) + entry->ts_offset,
		.ts_ecr = entry->ts_recent,
	};

	tcp_segment_send_bare(tcp, &entry->key, &header, now_ns);
}

/* RFC 6191 2: a later timestamp, or a later sequence number where there are none. */
static bool may_reuse(const struct tcp_timewait_entry *entry, const struct tcp_segment *segment)
{
	if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
		return false;
	if (entry->has_timestamp && segment->has_timestamp &&
	    segment->ts_val != entry->ts_recent)
		return seq_gt(segment->ts_val, entry->ts_recent);
	return seq_gt(segment->seq, entry->rcv_nxt);
}

bool tcp_timewait_input(struct tcp *tcp, uint32_t index, const struct tcp_segment *segment,
			uint32_t *iss_after, uint64_t now_ns)
{
	struct tcp_timewait_entry *entry = entry_at(&tcp->timewait, index);

	if (may_reuse(entry, segment)) {
		*iss_after = entry->snd_nxt;
		drop_entry(&tcp->timewait, entry);
		counter_inc(&tcp->params.counters->timewait_reused);
		gauge_add(&tcp->params.counters->timewait, -1);
		return false;
	}
	drop_count(tcp->params.drops, DROP_TCP_TIMEWAIT);
	if (segment->flags & TCP_RST)
		return true;
	/* RFC 9293 3.10.7.4, eighth: a FIN sent again restarts the 2 MSL timeout. */
	if (segment->flags & TCP_FIN) {
		unlink_entry(&tcp->timewait, entry);
		entry->expires_ns = now_ns + TCP_TIME_WAIT_NS;
		link_newest(&tcp->timewait, entry);
	}
	if (tcp_segment_seq_bytes(segment) > 0)
		send_ack(tcp, entry, now_ns);
	return true;
}

uint64_t tcp_timewait_deadline_ns(const struct tcp *tcp)
{
	if (tcp->timewait.oldest == POOL_NO_INDEX)
		return DEADLINE_NEVER_NS;
	return entry_at(&tcp->timewait, tcp->timewait.oldest)->expires_ns;
}

uint32_t tcp_timewait_expire(struct tcp *tcp, uint64_t now_ns, uint32_t max)
{
	uint32_t expired = 0;

	while (expired < max && tcp_timewait_deadline_ns(tcp) <= now_ns) {
		drop_entry(&tcp->timewait, entry_at(&tcp->timewait, tcp->timewait.oldest));
		gauge_add(&tcp->params.counters->timewait, -1);
		expired++;
	}
	return expired;
}
