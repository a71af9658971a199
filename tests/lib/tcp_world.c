#include "tests/lib/tcp_world.h"

#include <stdlib.h>
#include <string.h>

#include "stack/tcp/tcp_wire.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define MBUFS 4095
#define DELAY_NS (100 * NS_PER_US)
#define STEPS_MAX 2000000u

static struct rte_mempool *direct_pool;
static struct rte_mempool *indirect_pool;
static struct rte_mempool *wire_pool;

static uint8_t pattern(uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

enum drop_reason ip_route_resolve(struct ip_layer *ip, uint16_t vrf,
				  const struct ip_addr *destination, struct ip_addr *source,
				  struct ip_route *route)
{
	struct host *host = &ip->world->hosts[ip->side];

	*route = (struct ip_route){.netif = 0, .mtu_bytes = host->netif.mtu_bytes};
	if (ip_addr_is_any(source) || source->words[1] == 0)
		*source = host->addr;
	return DROP_NONE;
}

unsigned ip_route_sources(const struct ip_layer *ip, const struct ip_route *route,
			  const struct ip_addr *destination, const struct ip_addr *first,
			  struct ip_addr *out)
{
	struct host *host = &ip->world->hosts[ip->side];

	out[0] = *first;
	for (unsigned i = 0; i < host->other_addr_count; i++)
		out[1 + i] = host->other_addrs[i];
	return 1 + host->other_addr_count;
}

void ip_route_confirm(struct ip_layer *ip, const struct ip_route *route, uint64_t now_ns)
{
	ip->world->hosts[ip->side].confirmations++;
}

static void put_on_wire(struct world *world, unsigned to, const struct rte_mbuf *mbuf)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(wire_pool);
	uint64_t jitter = world->params.jitter_us ? prng_below(&world->prng, world->params.jitter_us) : 0;

	if (!copy || world->packet_count == WORLD_PACKETS_MAX) {
		rte_pktmbuf_free(copy);
		return;
	}
	uint32_t at = 0;
	struct rte_mbuf *last = copy;

	while (at < mbuf->pkt_len) {
		uint32_t room = world->params.split_bytes ? world->params.split_bytes : 2048;
		uint32_t part = mbuf->pkt_len - at < room ? mbuf->pkt_len - at : room;
		uint8_t bytes[2048];

		if (last->data_len > 0) {
			last->next = rte_pktmbuf_alloc(wire_pool);
			if (!last->next)
				break;
			last = last->next;
			copy->nb_segs++;
		}
		memcpy(rte_pktmbuf_mtod(last, void *), rte_pktmbuf_read(mbuf, at, part, bytes), part);
		last->data_len = (uint16_t)part;
		copy->pkt_len += last == copy ? 0 : part;
		if (last == copy)
			copy->pkt_len = part;
		at += part;
	}
	world->packets[world->packet_count++] =
		(struct wire_packet){.mbuf = copy,
				     .due_ns = world->now_ns + DELAY_NS + jitter * NS_PER_US,
				     .order = world->order++,
				     .to = to};
}

enum drop_reason ip_output(struct ip_layer *ip, struct ip_route *route,
			   const struct ip_output_meta *meta, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	struct world *world = ip->world;
	bool lost = prng_below(&world->prng, 100) < world->params.loss_percent || world->cut;

	CU_ASSERT(rte_pktmbuf_headroom(mbuf) >= IP_OUTPUT_HEADROOM_BYTES);
	CU_ASSERT(mbuf->pkt_len + (world->params.v6 ? 40u : 20u) <= route->mtu_bytes);
	CU_ASSERT(!world->params.linear || mbuf->nb_segs == 1);
	if (++world->sent == world->lose_nth)
		lost = true;
	if (!lost)
		put_on_wire(world, !ip->side, mbuf);
	if (!lost && prng_below(&world->prng, 100) < world->params.copy_percent)
		put_on_wire(world, !ip->side, mbuf);
	rte_pktmbuf_free(mbuf);
	return DROP_NONE;
}

static void deliver_packet(struct world *world, struct wire_packet *wire)
{
	struct host *host = &world->hosts[wire->to];
	struct ip_packet packet = {
		.mbuf = wire->mbuf,
		.source = world->hosts[!wire->to].addr,
		.destination = host->addr,
		.l4_bytes = (uint16_t)wire->mbuf->pkt_len,
		.protocol = 6,
		.hop_limit = 64,
		.is_v6 = world->params.v6,
	};

	tcp_input(host->tcp, &packet, 1, world->now_ns);
}

static struct wire_packet *next_packet(struct world *world)
{
	struct wire_packet *next = NULL;

	for (uint32_t i = 0; i < world->packet_count; i++) {
		struct wire_packet *packet = &world->packets[i];

		if (!next || packet->due_ns < next->due_ns ||
		    (packet->due_ns == next->due_ns && packet->order < next->order))
			next = packet;
	}
	return next;
}

static void settle(struct world *world)
{
	for (unsigned round = 0; round < 10000; round++) {
		bool worked = false;

		for (unsigned side = 0; side < 2; side++) {
			struct tcp *tcp = world->hosts[side].tcp;

			if (!tcp_has_work(tcp))
				continue;
			worked |= tcp_deliver(tcp, world->now_ns) > 0;
			worked |= tcp_output(tcp, 32, world->now_ns) > 0;
		}
		if (!worked)
			return;
	}
	CU_FAIL("the world does not settle");
}

void world_run(struct world *world, uint64_t until_ns)
{
	for (unsigned step = 0; step < STEPS_MAX; step++) {
		settle(world);
		struct wire_packet *packet = next_packet(world);
		uint64_t next_ns = packet ? packet->due_ns : DEADLINE_NEVER_NS;

		for (unsigned side = 0; side < 2; side++)
			next_ns = deadline_earlier_ns(next_ns, tcp_deadline_ns(world->hosts[side].tcp));
		if (next_ns > until_ns) {
			world->now_ns = until_ns;
			return;
		}
		if (next_ns > world->now_ns)
			world->now_ns = next_ns;
		while (packet && packet->due_ns <= world->now_ns) {
			struct wire_packet taken = *packet;

			*packet = world->packets[--world->packet_count];
			deliver_packet(world, &taken);
			packet = world->params.bursts ? next_packet(world) : NULL;
		}
		for (unsigned side = 0; side < 2; side++)
			tcp_expire(world->hosts[side].tcp, world->now_ns, 64);
	}
	CU_FAIL("too many steps");
}

static void app_read(struct app *app)
{
	struct host *host = &app->world->hosts[app->side];
	struct slice_queue *rx = &app->stream->rx;

	for (struct slice_node *node = rx->head; node; node = node->next) {
		const uint8_t *bytes = slice_data(&node->slice);

		for (uint32_t i = 0; i < node->slice.length_bytes; i++)
			if (bytes[i] != pattern(app->received + i))
				app->corrupt = true;
		app->received += node->slice.length_bytes;
	}
	stream_skip(app->stream, &host->slices, rx->bytes, app->world->now_ns);
}

static bool app_write_one(struct app *app)
{
	struct host *host = &app->world->hosts[app->side];
	uint64_t left = app->to_send - app->written;
	uint32_t bytes = left < app->write_bytes ? (uint32_t)left : app->write_bytes;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(direct_pool);
	struct slice_queue queue = {0};

	if (!mbuf)
		return false;
	uint8_t *to = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)bytes);

	for (uint32_t i = 0; i < bytes; i++)
		to[i] = pattern(app->written + i);
	if (!slice_queue_push(&host->slices, &queue, (struct slice){mbuf, mbuf->data_off, bytes})) {
		rte_pktmbuf_free(mbuf);
		return false;
	}
	stream_write(app->stream, &queue, app->world->now_ns);
	app->written += bytes;
	return true;
}

void app_pump(struct app *app)
{
	if (app->released || (app->events & STREAM_RESET))
		return;
	if (!app->hold)
		app_read(app);
	while (app->written < app->to_send && stream_room(app->stream) > 0)
		if (!app_write_one(app))
			break;
	if (app->written == app->to_send && !app->keep_open && !app->shut &&
	    (app->events & (STREAM_OPENED | STREAM_WRITABLE))) {
		app->shut = true;
		stream_shutdown(app->stream, app->world->now_ns);
	}
}

void app_release(struct app *app)
{
	if (app->released)
		return;
	stream_info(app->stream, &app->last);
	app->released = true;
	stream_release(app->stream, app->world->now_ns);
	app->stream = NULL;
}

static void app_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct app *app = stream->owner;

	CU_ASSERT(!app->released);
	app->events |= events;
	app_pump(app);
	if ((events & STREAM_RESET) || (app->shut && (app->events & STREAM_ENDED) && !app->hold))
		app_release(app);
}

static const struct stream_owner_ops app_ops = {.ready = app_ready};

static struct app *app_new(struct world *world, unsigned side, struct stream *stream)
{
	CU_ASSERT_FATAL(world->app_count < WORLD_APPS_MAX);
	struct app *app = &world->apps[world->app_count++];

	*app = (struct app){.world = world, .side = side, .stream = stream, .write_bytes = 1000};
	if (stream) {
		stream->owner = app;
		stream->owner_ops = &app_ops;
	}
	return app;
}

static bool host_accept(void *context, struct stream *stream, uint64_t now_ns)
{
	struct host *host = context;

	if (host->refuse_accept)
		return false;
	struct app *app = app_new(host->ip.world, host->ip.side, stream);

	app->to_send = host->ip.world->accepted_to_send;
	app->hold = host->ip.world->accepted_hold;
	app->keep_open = host->ip.world->accepted_keep_open;
	return true;
}

static void host_start(struct world *world, unsigned side)
{
	struct host *host = &world->hosts[side];
	const struct world_params *params = &world->params;

	host->ip = (struct ip_layer){world, side};
	host->netif = (struct netif){.mtu_bytes = params->mtu_bytes ? params->mtu_bytes : 1500,
				     .tx_multi_segment = !params->linear};
	CU_ASSERT_FATAL(ip_addr_parse(params->v6 ? (side ? "2001:db8::2" : "2001:db8::1")
						 : (side ? "10.0.0.2" : "10.0.0.1"),
				      &host->addr));
	CU_ASSERT_FATAL(slice_pool_create(&host->slices, 8192));
	struct tcp_params tcp = {.ip = &host->ip,
				 .netifs = &host->netif,
				 .header_pool = direct_pool,
				 .indirect_pool = indirect_pool,
				 .slices = &host->slices,
				 .counters = &host->counters,
				 .drops = &host->drops,
				 .seed = params->seed * 2 + side,
				 .connections_max = params->connections_max ? params->connections_max : 64,
				 .timewait_max = params->timewait_max ? params->timewait_max : 64,
				 .rx_budget_bytes = params->rx_budget_bytes ? params->rx_budget_bytes : 262144,
				 .tx_budget_bytes = 131072,
				 .now_ns = params->start_ns};
	host->tcp = tcp_create(&tcp);
	CU_ASSERT_FATAL(host->tcp != NULL);
	struct tcp_listen_params listen = {.local = ip_addr_from_v4(0),
					   .any_family = true,
					   .local_port = WORLD_PORT,
					   .backlog = 32,
					   .accept = host_accept,
					   .context = host};

	host->listener = tcp_listen(host->tcp, &listen);
	CU_ASSERT_FATAL(host->listener != NULL);
}

void world_start(struct world *world, const struct world_params *params)
{
	if (!direct_pool) {
		test_eal_start(64);
		direct_pool = test_mbuf_pool("direct", MBUFS);
		indirect_pool = test_indirect_pool("indirect", MBUFS);
		wire_pool = test_mbuf_pool("wire", 2 * MBUFS);
	}
	memset(world, 0, sizeof(*world));
	world->params = *params;
	world->now_ns = params->start_ns;
	prng_seed(&world->prng, params->seed);
	host_start(world, 0);
	host_start(world, 1);
}

void world_stop(struct world *world)
{
	for (unsigned i = 0; i < world->app_count; i++)
		if (world->apps[i].stream)
			app_release(&world->apps[i]);
	world_run(world, world->now_ns + 1000 * NS_PER_SECOND);
	for (unsigned side = 0; side < 2; side++) {
		struct host *host = &world->hosts[side];

		CU_ASSERT_EQUAL(host->counters.connections, 0);
		CU_ASSERT_EQUAL(host->counters.connections_established, 0);
		CU_ASSERT_EQUAL(host->counters.timewait, 0);
		tcp_destroy(host->tcp);
		CU_ASSERT_EQUAL_FATAL(host->slices.available, host->slices.capacity);
		slice_pool_destroy(&host->slices);
		CU_ASSERT_EQUAL(host->drops.count[DROP_TCP_CHECKSUM], 0);
		CU_ASSERT_EQUAL(host->drops.count[DROP_TCP_INVARIANT], 0);
	}
	for (uint32_t i = 0; i < world->packet_count; i++)
		rte_pktmbuf_free(world->packets[i].mbuf);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(direct_pool), MBUFS);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(indirect_pool), MBUFS);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(wire_pool), 2 * MBUFS);
}

struct app *world_open(struct world *world, unsigned side, uint64_t to_send, uint16_t local_port)
{
	struct stream_opener *opener = tcp_opener(world->hosts[side].tcp);
	struct stream_target target = {.remote = world->hosts[!side].addr,
				       .remote_port = WORLD_PORT,
				       .local_port = local_port,
				       .connect_timeout_ns = 300 * NS_PER_SECOND};
	enum stream_failure why = STREAM_FAILURE_NONE;
	struct stream *stream = opener->open(opener, &target, &why, world->now_ns);
	struct app *app = app_new(world, side, stream);

	app->to_send = to_send;
	app->last.failure = why;
	app->released = stream == NULL;
	return app;
}

void world_inject_segment(struct world *world, unsigned to, const struct flow_key *key,
			  const struct tcp_header *fields, const void *payload, uint32_t bytes)
{
	struct tcp_header header = *fields;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(direct_pool);

	CU_ASSERT_FATAL(mbuf != NULL);
	header.source_port = key->remote_port;
	header.destination_port = key->local_port;
	uint32_t header_bytes = tcp_wire_build(&header, rte_pktmbuf_mtod(mbuf, uint8_t *));

	rte_pktmbuf_append(mbuf, (uint16_t)(header_bytes + bytes));
	if (bytes > 0)
		memcpy(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, header_bytes), payload, bytes);
	tcp_wire_checksum(mbuf, &key->remote, &key->local, header_bytes, false);
	put_on_wire(world, to, mbuf);
	rte_pktmbuf_free(mbuf);
}

void world_inject(struct world *world, unsigned to, const struct flow_key *key, uint32_t seq,
		  uint32_t ack, uint8_t flags, uint16_t window)
{
	struct tcp_header header = {
		.seq = seq, .ack = ack, .flags = flags, .window = window, .wscale = TCP_NO_WSCALE};

	world_inject_segment(world, to, key, &header, NULL, 0);
}
