#include "stack/tcp/tcp_port.h"

void tcp_set_port_filter(struct tcp *tcp, bool (*filter)(void *context, const struct flow_key *key),
			 void *context)
{
	tcp->port_filter = filter;
	tcp->port_filter_context = context;
}

bool tcp_port_choose(struct tcp *tcp, struct flow_key *key)
{
	uint32_t range = UINT16_MAX + 1 - TCP_PORT_FIRST;

	key->local_port = 0;
	uint32_t offset = (uint32_t)siphash13(&tcp->port_key, key, sizeof(*key));

	for (uint32_t i = 0; i < TCP_PORT_TRIES_MAX; i++) {
		key->local_port =
			(uint16_t)(TCP_PORT_FIRST + (uint32_t)(offset + tcp->port_counter++) % range);
		if (tcp->port_filter && !tcp->port_filter(tcp->port_filter_context, key))
			continue;
		uint64_t hash = tcp_table_hash(&tcp->table, key);

		if (tcp_table_find(&tcp->table, hash, key) == TCP_TABLE_NONE &&
		    tcp_table_find(&tcp->timewait.table, hash, key) == TCP_TABLE_NONE)
			return true;
	}
	return false;
}
