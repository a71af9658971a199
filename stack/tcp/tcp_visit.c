#include "stack/tcp/tcp_conn.h"

bool tcp_knows(const struct tcp *tcp, const struct flow_key *key)
{
	uint64_t hash = tcp_table_hash(&tcp->table, key);

	return tcp_table_find(&tcp->table, hash, key) != TCP_TABLE_NONE ||
	       tcp_table_find(&tcp->timewait.table, hash, key) != TCP_TABLE_NONE;
}

void tcp_set_flow_watch(struct tcp *tcp,
			void (*watch)(void *context, const struct flow_key *key, int change),
			void *context)
{
	tcp->table.watch = watch;
	tcp->table.watch_context = context;
	tcp->timewait.table.watch = watch;
	tcp->timewait.table.watch_context = context;
}

void tcp_visit(struct tcp *tcp, uint32_t *cursor, uint32_t max,
	       void (*visit)(void *context, const struct stream_info *info), void *context)
{
	uint32_t index = *cursor;

	for (uint32_t seen = 0; index < tcp->conns.capacity && seen < max; index++) {
		const struct stream *stream = &tcp->colds[index].stream;
		struct stream_owner_info owner = {0};
		struct stream_info info;

		if (!tcp->colds[index].tcp)
			continue;
		stream_info(stream, &info);
		if (stream->owner_ops && stream->owner_ops->describe &&
		    !(tcp_conn_at(tcp, index)->flags & TCP_F_RELEASED))
			stream->owner_ops->describe(stream, &owner);
		info.owner = &owner;
		visit(context, &info);
		seen++;
	}
	*cursor = index < tcp->conns.capacity ? index : 0;
}

void tcp_visit_streams(struct tcp *tcp, uint32_t *cursor, uint32_t max_slots,
		       void (*visit)(void *context, struct stream *stream), void *context)
{
	uint32_t end = tcp->conns.capacity - *cursor < max_slots ? tcp->conns.capacity
								  : *cursor + max_slots;
	uint32_t index = *cursor;

	for (; index < end; index++)
		if (tcp->colds[index].tcp && tcp_conn_at(tcp, index)->state == TCP_ESTABLISHED &&
		    !(tcp_conn_at(tcp, index)->flags & TCP_F_RELEASED))
			visit(context, &tcp->colds[index].stream);
	*cursor = index < tcp->conns.capacity ? index : 0;
}

void tcp_set_drop_watch(struct tcp *tcp, struct drop_watch *watch)
{
	tcp->drop_watch = watch;
}
