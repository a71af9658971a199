/* Segments with plausible numbers, timers and an owner's calls against one TCP instance, from every
 * state: its sequence variables stay in order, what is in flight has a timer, nothing leaks.
 *
 * input: one byte = how it starts (bit 0: active open, bits 1 to 3: options of the peer), then
 * operations, one byte each (low three bits), with their operands behind it:
 *   0..3  a segment: flags, offsets from RCV.NXT and SND.UNA, window, payload, timestamp
 *   4     time passes       5  the owner writes      6  the owner reads
 *   7     the owner half-closes, releases, resets or opens */
#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_wire.h"
#include "tests/lib/eal.h"

#define OPERATIONS_MAX 256
#define MBUFS 1023
#define BUDGET_BYTES 32768
#define PAYLOAD_MAX 1460

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *mbufs, *indirect;
static struct netif netif = {.mtu_bytes = 1500, .rx_checksum_known = true};

struct input {
	const uint8_t *at;
	size_t left;
};

static struct {
	struct tcp *tcp;
	struct slice_pool slices;
	struct tcp_counters counters;
	struct drop_counters drops;
	struct stream *stream; /* NULL: none, or released */
	struct flow_key key;   /* of the connection that segments are for */
	uint64_t now_ns;
	uint8_t options;
} world;

enum drop_reason ip_route_resolve(struct ip_layer *ip, uint16_t vrf,
				  const struct ip_addr *destination, struct ip_addr *source,
				  struct ip_route *route)
{
	*route = (struct ip_route){.mtu_bytes = netif.mtu_bytes};
	if (ip_addr_is_any(source))
		*source = ip_addr_from_v4(0x0a000001);
	return DROP_NONE;
}

unsigned ip_route_sources(const struct ip_layer *ip, const struct ip_route *route,
			  const struct ip_addr *destination, const struct ip_addr *first,
			  struct ip_addr *out)
{
	out[0] = *first;
	return 1;
}

enum drop_reason ip_output(struct ip_layer *ip, struct ip_route *route,
			   const struct ip_output_meta *meta, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	if (mbuf->pkt_len + 20 > netif.mtu_bytes || mbuf->pkt_len < TCP_HEADER_BYTES)
		abort();
	rte_pktmbuf_free(mbuf);
	return DROP_NONE;
}

void ip_route_confirm(struct ip_layer *ip, const struct ip_route *route, uint64_t now_ns)
{
}

static uint8_t next8(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

static uint16_t next16(struct input *input)
{
	uint16_t high = next8(input);

	return (uint16_t)(high << 8 | next8(input));
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	if (stream != world.stream)
		abort();
	if (events & STREAM_RESET) {
		world.stream = NULL;
		stream_release(stream, now_ns);
	}
}

static const struct stream_owner_ops owner_ops = {.ready = ready};

static void own(struct stream *stream)
{
	struct stream_info info;

	world.stream = stream;
	stream->owner_ops = &owner_ops;
	stream_info(stream, &info);
	world.key = info.key;
}

static bool accept_stream(void *context, struct stream *stream, uint64_t now_ns)
{
	if (world.stream)
		return false;
	own(stream);
	return true;
}

static void check_conn(const struct tcp_conn *conn, const struct tcp_cold *cold)
{
	uint32_t in_flight = conn->snd_max - conn->snd_una;

	INVARIANT(conn->state < TCP_STATE_COUNT);
	if (conn->state == TCP_CLOSED || conn->state == TCP_TIME_WAIT) {
		INVARIANT(conn->rtx_deadline_ns == 0 && conn->tx.bytes == 0);
		return;
	}
	INVARIANT(seq_leq(conn->snd_una, conn->snd_nxt) && seq_leq(conn->snd_nxt, conn->snd_max));
	INVARIANT(conn->state == TCP_SYN_SENT || seq_leq(conn->rcv_nxt, conn->rcv_edge + 1));
	INVARIANT(cold->stream.rx.charge_bytes <= 3 * BUDGET_BYTES);
	INVARIANT(cold->ooo_charge_bytes <= BUDGET_BYTES);
	if (tcp_conn_synchronized(conn)) {
		INVARIANT(in_flight <= conn->tx.bytes + 1);
		INVARIANT(conn->cwnd >= conn->mss_bytes && conn->mss_bytes >= 32);
		INVARIANT(cold->ooo_head == POOL_NO_INDEX || conn->rcv_nxt != conn->rcv_edge);
	}
	/* What is in flight is timed, or about to be sent; the timer will wake the connection for it. */
	if (in_flight > 0)
		INVARIANT(conn->rtx_deadline_ns != 0 || (conn->flags & TCP_F_IN_OUTPUT));
	if (conn->rtx_deadline_ns != 0)
		INVARIANT(wheel_is_armed(&cold->timer) &&
			  cold->timer.deadline_ns <= conn->rtx_deadline_ns);
	/* What waits to be sent is on the output list, in flight, or probed for. */
	if (tcp_conn_synchronized(conn) && conn->tx.bytes > in_flight)
		INVARIANT((conn->flags & TCP_F_IN_OUTPUT) || conn->rtx_deadline_ns != 0);
}

static void check_all(void)
{
	uint32_t connections = 0;

	for (uint32_t i = 0; i < world.tcp->conns.capacity; i++) {
		if (!world.tcp->colds[i].tcp)
			continue;
		connections++;
		check_conn(tcp_conn_at(world.tcp, i), &world.tcp->colds[i]);
	}
	INVARIANT(connections == world.counters.connections);
	INVARIANT(world.counters.connections_established <= connections);
	INVARIANT(world.drops.count[DROP_TCP_INVARIANT] == 0);
}

static const struct tcp_conn *current(void)
{
	uint64_t hash = tcp_table_hash(&world.tcp->table, &world.key);
	uint32_t index = tcp_table_find(&world.tcp->table, hash, &world.key);

	return index == TCP_TABLE_NONE ? NULL : tcp_conn_at(world.tcp, index);
}

/* Small most of the time: the low bits of the operand say how far it reaches, odd ones not at all. */
static uint32_t offset(struct input *input)
{
	uint16_t raw = next16(input);
	uint32_t value = (uint32_t)((int16_t)raw >> 4);

	if (raw & 1)
		return 0;
	return (raw & 15) == 14 ? value << 16 : (raw & 15) == 12 ? value << 4 : value;
}

static void segment(struct input *input)
{
	const struct tcp_conn *conn = current();
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mbufs);
	struct tcp_header header = {.source_port = world.key.remote_port,
				    .destination_port = world.key.local_port,
				    .flags = next8(input) & 0x3f,
				    .wscale = TCP_NO_WSCALE};

	INVARIANT(mbuf != NULL);
	header.seq = offset(input) + (conn ? conn->rcv_nxt : 1000);
	header.ack = offset(input) + (conn ? conn->snd_max : 0);
	header.window = next16(input);
	uint32_t bytes = next16(input) % (PAYLOAD_MAX + 1);
	int8_t age = (int8_t)next8(input);

	if (header.flags & TCP_SYN) {
		header.mss_bytes = world.options & 2 ? next16(input) : 0;
		header.wscale = world.options & 4 ? next8(input) & 15 : TCP_NO_WSCALE;
	}
	header.has_timestamp = (world.options & 8) && age != -128;
	header.ts_val = (conn ? conn->ts_recent : 5) + (uint32_t)(int32_t)age;
	header.ts_ecr = (uint32_t)(world.now_ns / NS_PER_MS);
	uint32_t header_bytes = tcp_wire_build(&header, rte_pktmbuf_mtod(mbuf, uint8_t *));

	INVARIANT(rte_pktmbuf_append(mbuf, (uint16_t)(header_bytes + bytes)) != NULL);
	mbuf->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	struct ip_packet packet = {.mbuf = mbuf, .source = world.key.remote,
				   .destination = world.key.local,
				   .l4_bytes = (uint16_t)(header_bytes + bytes), .protocol = 6,
				   .hop_limit = 64};

	tcp_input(world.tcp, &packet, 1, world.now_ns);
}

static void owner_writes(uint32_t bytes)
{
	struct slice_queue queue = {0};
	struct rte_mbuf *mbuf;

	if (!world.stream || bytes == 0 || stream_room(world.stream) == 0)
		return;
	mbuf = rte_pktmbuf_alloc(mbufs);
	if (!mbuf)
		return;
	INVARIANT(rte_pktmbuf_append(mbuf, (uint16_t)bytes) != NULL);
	INVARIANT(slice_queue_push(&world.slices, &queue, (struct slice){mbuf, mbuf->data_off, bytes}));
	stream_write(world.stream, &queue, world.now_ns);
}

static void owner_does(uint8_t what)
{
	struct stream *stream = world.stream;
	struct stream_target target = {.remote = ip_addr_from_v4(0x0a000002), .remote_port = 7,
				       .local_port = 1234, .connect_timeout_ns = 5 * NS_PER_SECOND};
	enum stream_failure why;

	if (!stream) {
		stream = tcp_opener(world.tcp)->open(tcp_opener(world.tcp), &target, &why,
						     world.now_ns);
		if (stream)
			own(stream);
		return;
	}
	if ((what & 3) < 2) {
		stream_shutdown(stream, world.now_ns);
		return;
	}
	if ((what & 3) == 3)
		stream_reset(stream, world.now_ns);
	world.stream = NULL;
	stream_release(stream, world.now_ns);
}

static void operate(struct input *input)
{
	uint8_t operation = next8(input);

	switch (operation & 7) {
	case 4:
		world.now_ns += ((uint64_t)next8(input) * 20 << (operation >> 5)) * NS_PER_MS;
		tcp_expire(world.tcp, world.now_ns, 64);
		break;
	case 5:
		owner_writes(next16(input) % 2000);
		break;
	case 6:
		if (world.stream)
			stream_skip(world.stream, &world.slices, next16(input), world.now_ns);
		break;
	case 7:
		owner_does(operation >> 3);
		break;
	default:
		segment(input);
	}
}

static void boot(void)
{
	test_eal_start(64);
	mbufs = test_mbuf_pool("fuzz", MBUFS);
	indirect = test_indirect_pool("fuzz-indirect", MBUFS);
}

static void start(uint8_t how)
{
	memset(&world, 0, sizeof(world));
	world.options = how;
	netif.tx_multi_segment = how & 16;
	INVARIANT(slice_pool_create(&world.slices, 1024));
	struct tcp_params params = {.netifs = &netif, .header_pool = mbufs,
				    .indirect_pool = indirect, .slices = &world.slices,
				    .counters = &world.counters, .drops = &world.drops, .seed = 3,
				    .connections_max = 4, .timewait_max = 2,
				    .rx_budget_bytes = BUDGET_BYTES,
				    .tx_budget_bytes = BUDGET_BYTES};
	struct tcp_listen_params listen = {.local = ip_addr_from_v4(0), .any_family = true,
					   .local_port = 80, .backlog = 3, .accept = accept_stream};

	world.tcp = tcp_create(&params);
	INVARIANT(world.tcp && tcp_listen(world.tcp, &listen));
	world.key = (struct flow_key){.local = ip_addr_from_v4(0x0a000001),
				      .remote = ip_addr_from_v4(0x0a000002), .local_port = 80,
				      .remote_port = 999};
	if (how & 1)
		owner_does(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	if (!mbufs)
		boot();
	start(next8(&input));
	for (unsigned i = 0; i < OPERATIONS_MAX && input.left > 0; i++) {
		operate(&input);
		tcp_deliver(world.tcp, world.now_ns);
		/* At times the port is full, and output waits. */
		tcp_output(world.tcp, i % 7 == 6 ? 0 : 8, world.now_ns);
		check_all();
	}
	if (world.stream)
		stream_release(world.stream, world.now_ns);
	tcp_destroy(world.tcp);
	INVARIANT(world.slices.available == world.slices.capacity);
	slice_pool_destroy(&world.slices);
	INVARIANT(rte_mempool_in_use_count(mbufs) == 0 && rte_mempool_in_use_count(indirect) == 0);
	return 0;
}
