#include "tests/lib/fake_tcp.h"

#include <string.h>

struct fake_tcp fake_tcp;

static struct tcp_params made_with;

void fake_tcp_reset(void)
{
	fake_tcp = (struct fake_tcp){0};
}

struct tcp *tcp_create(const struct tcp_params *params)
{
	made_with = *params;
	return (struct tcp *)&made_with;
}

void tcp_set_trace(struct tcp *tcp, struct trace *trace)
{
}

void tcp_trace_flow(struct tcp *tcp, const struct flow_key *key, uint32_t word)
{
}

void tcp_set_drop_watch(struct tcp *tcp, struct drop_watch *watch)
{
}

void tcp_set_pressure(struct tcp *tcp, enum tcp_pressure pressure)
{
}

void tcp_destroy(struct tcp *tcp)
{
}

void tcp_input(struct tcp *tcp, const struct ip_packet *packets, uint32_t count, uint64_t now_ns)
{
	fake_tcp.batches++;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t bytes = packets[i].l4_bytes < 60 ? packets[i].l4_bytes : 60;

		memcpy(fake_tcp.last_l4,
		       rte_pktmbuf_mtod_offset(packets[i].mbuf, void *, packets[i].l4_offset), bytes);
		fake_tcp.last = packets[i];
		fake_tcp.packets++;
		rte_pktmbuf_free(packets[i].mbuf);
	}
}

uint32_t tcp_output(struct tcp *tcp, uint32_t max_packets, uint64_t now_ns)
{
	uint32_t sent = 0;

	fake_tcp.asked_packets = max_packets;
	for (; sent < max_packets && fake_tcp.to_send > 0; sent++, fake_tcp.to_send--) {
		struct ip_output_meta meta = {.destination = fake_tcp.send_to, .protocol = 6};
		struct ip_route route;
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(made_with.header_pool);

		if (!mbuf)
			break;
		memset(rte_pktmbuf_append(mbuf, 20), 0, 20);
		meta.source = ip_addr_from_v4(0);
		if (ip_route_resolve(made_with.ip, 0, &meta.destination, &meta.source, &route) !=
		    DROP_NONE)
			rte_pktmbuf_free(mbuf);
		else
			ip_output(made_with.ip, &route, &meta, mbuf, now_ns);
	}
	return sent;
}

uint64_t tcp_deadline_ns(const struct tcp *tcp)
{
	return UINT64_MAX;
}

uint32_t tcp_expire(struct tcp *tcp, uint64_t now_ns, uint32_t max_fired)
{
	return 0;
}

uint32_t tcp_deliver(struct tcp *tcp, uint64_t now_ns)
{
	return 0;
}

bool tcp_has_work(const struct tcp *tcp)
{
	return fake_tcp.to_send > 0;
}

bool tcp_path_error(struct tcp *tcp, const struct flow_key *key, uint32_t sequence,
		    uint16_t mtu_bytes, uint64_t now_ns)
{
	fake_tcp.path_errors++;
	fake_tcp.error_key = *key;
	fake_tcp.error_sequence = sequence;
	fake_tcp.error_mtu_bytes = mtu_bytes;
	return true;
}
