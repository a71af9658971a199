#include "tests/unit/dataplane/peers_fixture.h"

#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/filters/filter.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define POOL 4095

struct peers_wire wire;
struct one ones[WORKERS];

static uint32_t wire_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	uint32_t count = wire.in_count[queue] < max ? wire.in_count[queue] : max;

	wire.used_by |= 1u << queue;
	memcpy(frames, wire.in[queue], count * sizeof(*frames));
	wire.in_count[queue] -= count;
	return count;
}

static uint32_t wire_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	wire.used_by |= 1u << queue;
	count = count < wire.takes ? count : wire.takes;
	for (uint32_t i = 0; i < count; i++)
		wire.out[wire.out_count++] = frames[i];
	wire.takes -= count;
	return count;
}

static const struct port_ops wire_ops = {.rx = wire_rx, .tx = wire_tx};
static struct port *ports[] = {&wire.port};
static struct rte_mempool *pool, *indirect;
struct fabric *fabric;
uint64_t now_ns;
struct worker *(*make_worker)(const struct worker_params *params) = worker_create;

static void no_line(struct log_sink *self, uint32_t sink, const char *text, uint32_t length)
{
}

static void no_record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		      uint64_t value_ns)
{
}

static struct log_sink sink = {.line = no_line};

static struct config_listen_address at = {.port = 80};
static struct config_http_filter filters[] = {{.name = {"router", 6}, .type = &filter_router}};
static struct config_hcm hcm = {.filters = filters, .filter_count = 1, .headers_kb_max = 60,
				.headers_count_max = 100};
static struct config_filter_chain chain = {.kind = NETWORK_HTTP, .http = &hcm};
static struct config_listener listener = {.name = {"l", 1}, .addresses = &at, .address_count = 1,
					  .backlog = 4096, .chains = &chain, .chain_count = 1,
					  .buffer_limit_bytes = 65536};
static struct config_listener *listeners[] = {&listener};
static struct config config = {.version = 1, .listeners = listeners, .listener_count = 1};
static struct config renewed[WORKERS];

static void start_worker(uint16_t index)
{
	struct one *one = &ones[index];

	memset(one, 0, sizeof(*one));
	one->stats = (struct gateway_stats){one->listeners, one->https, one->clusters, one->endpoints,
					    one->routes, one->tcp_proxies, no_record};
	one->port_counter_list[0] = &one->port_counters;
	struct worker_params params = {
		.index = index, .queue = index, .fabric = fabric, .port_count = 1, .ports = ports,
		.header_pool = pool, .indirect_pool = indirect, .counters = &one->counters,
		.port_counters = one->port_counter_list, .tcp_counters = &one->tcp,
		.drops = &one->drops, .stats = &one->stats,
		.holds = {.counts = one->holds, .capacity = 16}, .log = &sink,
		.seed = index + 1, .now_ns = now_ns, .connections_max = 2048, .timewait_max = 64,
		.slices_max = 4096,
	};
	struct mail mail = {.kind = MAIL_CONFIG, .config = &config};

	one->worker = make_worker(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(one->worker);
	fabric_attach(fabric, index, worker_mailbox(one->worker), NULL);
	CU_ASSERT(mailbox_post(worker_mailbox(one->worker), &mail));
}

static struct netif_address more[4];
static uint8_t more_count;

void add_address(const char *text, uint8_t prefix_bits)
{
	more[more_count].prefix_bits = prefix_bits;
	CU_ASSERT_FATAL(ip_addr_parse(text, &more[more_count++].addr));
}

static void take_addresses(struct netif *netif)
{
	for (uint8_t i = 0; i < more_count; i++)
		netif->addresses[netif->address_count++] = more[i];
	more_count = 0;
}

void start(void)
{
	start_with_queues(1);
}

void start_with_queues(uint16_t queues)
{
	struct fabric_params params = {.workers = WORKERS, .ports = 1, .queues = &queues};
	struct why why;

	test_eal_start(128);
	if (!pool) {
		pool = test_mbuf_pool("peers", POOL);
		indirect = test_indirect_pool("peers-ref", POOL);
	}
	at.addr = ip_addr_from_v4(OURS);
	now_ns = NS_PER_SECOND;
	memset(&wire, 0, sizeof(wire));
	wire.takes = UINT32_MAX;
	wire.port = (struct port){.ops = &wire_ops, .wait_fd = -1, .queues = queues,
				  .netif = {.name = "w", .mac = {2, 0, 0, 0, 0, 1},
					    .mtu_bytes = 1500, .address_count = 1,
					    .addresses[0] = {ip_addr_from_v4(OURS), 24}}};
	take_addresses(&wire.port.netif);
	CU_ASSERT_FATAL(fabric_create(&fabric, &params, &why));
	for (uint16_t i = 0; i < WORKERS; i++)
		start_worker(i);
}

void finish(void)
{
	for (uint16_t i = 0; i < WORKERS; i++)
		worker_destroy(ones[i].worker);
	fabric_destroy(fabric);
	rte_pktmbuf_free_bulk(wire.out, wire.out_count);
	CU_ASSERT_EQUAL(wire.used_by, (1u << wire.port.queues) - 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(indirect), 0);
}

static bool poll_all(void)
{
	bool worked = false;

	for (uint16_t i = 0; i < WORKERS; i++)
		worked |= worker_poll(ones[i].worker, now_ns).worked;
	return worked;
}

void settle(void)
{
	for (int i = 0; i < 20 && poll_all(); i++)
		;
}

static struct rte_mbuf *frame(const uint8_t *head, uint32_t bytes)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	if (!mbuf)
		abort();
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), head, bytes);
	return mbuf;
}

void hear_frame(const uint8_t *bytes, uint32_t length_bytes)
{
	struct rte_mbuf *mbuf = frame(bytes, length_bytes);
	uint16_t queue = wire.spread ? wire.spread(mbuf) : 0;

	wire.in[queue][wire.in_count[queue]++] = mbuf;
}

/* Of 10.0.0.2, whose MAC is 02:00:00:00:00:09. */
void hear_arp(uint8_t op)
{
	uint8_t head[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, op,
			    2, 0, 0, 0, 0, 9, 10, 0, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1};

	hear_frame(head, sizeof(head));
}

void hear_text(uint16_t source_port, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
	uint8_t head[54 + 200] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0,
			  0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2,
			  10, 0, 0, 1, (uint8_t)(source_port >> 8), (uint8_t)source_port, 0, 80,
			  0, 0, 0, (uint8_t)seq, 0, 0, 0, 0, 0x50, flags, 0x40, 0, 0, 0, 0, 0};
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(head + 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(head + 34);

	ip->total_length = rte_cpu_to_be_16((uint16_t)(40 + strlen(text)));
	tcp->recv_ack = rte_cpu_to_be_32(ack);
	memcpy(head + 54, text, strlen(text));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	hear_frame(head, 54 + (uint32_t)strlen(text));
}

void hear_segment(uint16_t source_port, uint8_t flags, uint32_t seq)
{
	hear_text(source_port, flags, seq, 0, "");
}

void renew_config(uint16_t index, uint64_t version)
{
	struct mail mail = {.kind = MAIL_CONFIG, .config = &renewed[index]};

	renewed[index] = config;
	renewed[index].version = version;
	CU_ASSERT(mailbox_post(worker_mailbox(ones[index].worker), &mail));
}

void hear_syn(uint16_t source_port)
{
	hear_segment(source_port, 2, 1);
}
