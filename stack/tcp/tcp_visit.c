#include "stack/tcp/tcp_conn.h"

void tcp_visit(struct tcp *tcp, uint32_t *cursor, uint32_t max,
	       void (*visit)(void *context, const struct stream_info *info), void *context)
{
	uint32_t index = *cursor;

	for (uint32_t seen = 0; index < tcp->conns.capacity && seen < max; index++) {
		struct stream_info info;

		if (!tcp->colds[index].tcp)
			continue;
		stream_info(&tcp->colds[index].stream, &info);
		visit(context, &info);
		seen++;
	}
	*cursor = index < tcp->conns.capacity ? index : 0;
}
