#include "stack/tcp/tcp_port.h"

void tcp_set_port_filter(struct tcp *tcp, bool (*filter)(void *context, const struct flow_key *key),
			 void *context)
{
	tcp->port_filter = filter;
	tcp->port_filter_context = context;
}

void tcp_leave_ports(struct tcp *tcp, uint16_t first, uint16_t last)
{
	tcp->left_port_first = first;
	tcp->left_port_count = (uint16_t)(last - first + 1);
}

/* The n-th of the ports that are ours to take. */
static uint16_t port_at(const struct tcp *tcp, uint32_t n)
{
	uint32_t port = TCP_PORT_FIRST + n;

	if (tcp->left_port_count > 0 && port >= tcp->left_port_first)
		port += tcp->left_port_count;
	return (uint16_t)port;
}

static bool try_ports(struct tcp *tcp, struct flow_key *key, uint32_t tries)
{
	uint32_t range = UINT16_MAX + 1 - TCP_PORT_FIRST - (uint32_t)tcp->left_port_count;

	key->local_port = 0;
	uint32_t offset = (uint32_t)siphash13(&tcp->port_key, key, sizeof(*key));

	for (uint32_t i = 0; i < tries; i++) {
		key->local_port = port_at(tcp, (uint32_t)(offset + tcp->port_counter++) % range);
		if (tcp->port_filter && !tcp->port_filter(tcp->port_filter_context, key))
			continue;
		uint64_t hash = tcp_table_hash(&tcp->table, key);

		if (tcp_table_find(&tcp->table, hash, key) == TCP_TABLE_NONE &&
		    tcp_table_find(&tcp->timewait.table, hash, key) == TCP_TABLE_NONE)
			return true;
	}
	return false;
}

static bool give_up(struct tcp *tcp)
{
	counter_inc(&tcp->params.counters->ports_used_up);
	return false;
}

bool tcp_port_choose(struct tcp *tcp, struct flow_key *key)
{
	return try_ports(tcp, key, TCP_PORT_TRIES_MAX) || give_up(tcp);
}

static bool is_scarce(const struct tcp *tcp, const struct flow_key *key)
{
	const struct flow_key *to = &tcp->scarce.to;

	return to->remote_port == key->remote_port && to->vrf == key->vrf &&
	       ip_addr_equal(&to->remote, &key->remote);
}

bool tcp_port_choose_source(struct tcp *tcp, const struct ip_route *route, struct flow_key *key)
{
	struct ip_addr sources[NETIF_ADDRESSES_MAX], first = key->local;
	bool scarce = is_scarce(tcp, key);

	if (likely_true(!scarce && try_ports(tcp, key, TCP_PORT_FIRST_TRIES_MAX)))
		return true;
	unsigned count = ip_route_sources(tcp->params.ip, route, &key->remote, &first, sources);
	unsigned turn = scarce ? tcp->scarce.source : 0;

	for (unsigned i = 0; i < count; i++, turn++) {
		key->local = sources[turn % count];
		if (!try_ports(tcp, key, (TCP_PORT_TRIES_MAX - TCP_PORT_FIRST_TRIES_MAX) / count))
			continue;
		tcp->scarce.to = *key;
		tcp->scarce.source = (uint8_t)(turn % count);
		if (turn % count != 0)
			counter_inc(&tcp->params.counters->opens_from_other_addresses);
		return true;
	}
	key->local = first;
	return give_up(tcp);
}
