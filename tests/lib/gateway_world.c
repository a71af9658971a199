#include "tests/lib/gateway_world.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/filters/filter.h"
#include "gateway/route/route.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"

#define WORLD_MBUFS 2047

static void peer_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct peer *peer = stream->owner;
	struct slice slice;

	if (events & STREAM_RESET)
		peer->broken = true;
	if (events & STREAM_ENDED)
		peer->ended = true;
	struct slice_queue taken = {0};

	stream_take(stream, &peer->world->slices, &taken, peer->read_max, now_ns);
	while (slice_queue_pop(&peer->world->slices, &taken, &slice)) {
		CU_ASSERT_FATAL(peer->got_bytes + slice.length_bytes < WORLD_TEXT_BYTES);
		memcpy(peer->got + peer->got_bytes, slice_data(&slice), slice.length_bytes);
		peer->got_bytes += slice.length_bytes;
		peer->got[peer->got_bytes] = 0;
		slice_release(&slice);
	}
	if (peer->world->origin_readable && peer >= peer->world->origins &&
	    peer < peer->world->origins + WORLD_PEERS && !peer->broken)
		peer->world->origin_readable(peer);
}

static const struct stream_owner_ops peer_ops = {.ready = peer_ready};

static void peer_init(struct world *world, struct peer *peer, struct pipe_end *end)
{
	peer->world = world;
	peer->end = end;
	peer->read_max = UINT32_MAX;
	peer->got = calloc(1, WORLD_TEXT_BYTES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(peer->got);
	end->stream.owner = peer;
	end->stream.owner_ops = &peer_ops;
}

static struct stream *world_open(struct stream_opener *opener, const struct stream_target *target,
				 enum stream_failure *why, uint64_t now_ns)
{
	struct world *world = container_of_member(opener, struct world, opener);
	struct pipe_end *end = pipes_pair(&world->pipes);

	(void)now_ns;
	if (!end || world->origin_count == WORLD_PEERS) {
		*why = STREAM_FAILURE_RESOURCES;
		return NULL;
	}
	struct peer *origin = &world->origins[world->origin_count++];

	peer_init(world, origin, end->peer);
	origin->port = target->remote_port;
	end->key.remote = target->remote;
	end->key.remote_port = target->remote_port;
	if (world->origin_mode == ORIGIN_REFUSES)
		pipe_break(end, STREAM_FAILURE_REFUSED);
	else if (world->origin_mode == ORIGIN_HANGS)
		end->opening = true;
	else
		end->events |= STREAM_OPENED;
	return &end->stream;
}

static void world_log(struct log_sink *sink, uint32_t which, const char *text, uint32_t length)
{
	struct world *world = container_of_member(sink, struct world, log);
	size_t used = strlen(world->log_text);

	(void)which;
	if (used + length < sizeof(world->log_text)) {
		memcpy(world->log_text + used, text, length);
		world->log_text[used + length] = 0;
	}
}

static void init_clusters(struct world *world)
{
	for (uint32_t i = 0; i < WORLD_CLUSTERS; i++) {
		struct config_cluster *cluster = &world->clusters[i];
		struct config_endpoints *endpoints = &world->endpoints[i];

		*cluster = (struct config_cluster){
			.object = {CONFIG_CLUSTER, i, 10 + i, 1, NULL},
			.name = STR("backend"),
			.connect_timeout_ns = 5 * NS_PER_SECOND,
			.idle_timeout_ns = 3600 * NS_PER_SECOND,
			.breakers = {1024, 1024, 1024, 3, false},
			.stat_slot = i + 1,
		};
		endpoints->object = (struct config_object){CONFIG_ENDPOINTS, i, 20 + i, 1, NULL};
		endpoints->endpoints = world->endpoint[i];
		endpoints->endpoint_count = 1;
		for (uint32_t k = 0; k < WORLD_ENDPOINTS; k++)
			world->endpoint[i][k] =
				(struct config_endpoint){.addr = ip_addr_from_v4(0x0a000100 + i),
							 .port = (uint16_t)(8000 + k),
							 .weight = 1,
							 .stat_slot = 1 + i * WORLD_ENDPOINTS + k};
		world->cluster_pointers[i] = cluster;
		world->endpoint_pointers[i] = endpoints;
		world->route_clusters[i] = (struct config_weighted_cluster){i, 1};
	}
}

static void init_routes(struct world *world)
{
	for (uint32_t i = 0; i < ARRAY_LEN(world->routes); i++)
		world->routes[i] = (struct config_route){
			.match = {.kind = PATH_MATCH_PREFIX, .path = STR("/")},
			.clusters = &world->route_clusters[0],
			.cluster_count = 1,
			.total_weight = 1,
			.timeout_ns = 15 * NS_PER_SECOND,
			.cluster_not_found_status = 503,
			.stat_slot = UINT32_MAX,
		};
	world->domain = STR("*");
	world->host = (struct config_virtual_host){.name = STR("all"),
						   .domains = &world->domain,
						   .domain_count = 1,
						   .routes = world->routes,
						   .route_count = 1};
	world->table = (struct config_route_table){.object = {CONFIG_ROUTE_TABLE, 0, 2, 1, NULL},
						   .name = STR("table"),
						   .virtual_hosts = &world->host,
						   .virtual_host_count = 1};
	world->tables[0] = &world->table;
}

static void init_listener(struct world *world)
{
	world->filters[0] = (struct config_http_filter){.name = STR("router"), .type = &filter_router};
	world->hcm = (struct config_hcm){
		.stat_slot = 1,
		.filters = world->filters,
		.filter_count = 1,
		.server_name = STR("hydrofoil"),
		.use_remote_address = true,
		.accept_http_10 = true,
		.headers_kb_max = 60,
		.headers_count_max = 100,
		.idle_timeout_ns = 3600 * NS_PER_SECOND,
		.stream_idle_timeout_ns = 300 * NS_PER_SECOND,
	};
	world->chain = (struct config_filter_chain){
		.kind = NETWORK_HTTP, .http = &world->hcm, .tcp_proxy = &world->tcp_proxy};
	world->tcp_cluster = (struct config_weighted_cluster){0, 1};
	world->tcp_proxy = (struct config_tcp_proxy){.stat_slot = 1,
						     .clusters = &world->tcp_cluster,
						     .cluster_count = 1,
						     .total_weight = 1,
						     .connect_attempts_max = 1,
						     .idle_timeout_ns = 3600 * NS_PER_SECOND};
	world->listener = (struct config_listener){.object = {CONFIG_LISTENER, 0, 1, 1, NULL},
						   .stat_slot = 1,
						   .chains = &world->chain,
						   .chain_count = 1,
						   .buffer_limit_bytes = 16384};
	world->listeners[0] = &world->listener;
}

void world_init(struct world *world)
{
	static struct rte_mempool *mbufs;

	memset(world, 0, sizeof(*world));
	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("world", WORLD_MBUFS);
	world->mbufs = mbufs;
	world->mbufs_total = rte_mempool_avail_count(mbufs);
	CU_ASSERT_FATAL(slice_pool_create(&world->slices, 65536));
	pipes_init(&world->pipes, &world->slices);
	init_clusters(world);
	init_routes(world);
	init_listener(world);
	world->config = (struct config){.version = 1,
					.listeners = world->listeners,
					.listener_count = 1,
					.route_tables = world->tables,
					.route_table_count = 1,
					.clusters = world->cluster_pointers,
					.endpoints = world->endpoint_pointers,
					.cluster_count = WORLD_CLUSTERS};
	world->stats = (struct gateway_stats){.listeners = world->listener_stats,
					      .https = world->https,
					      .clusters = world->clusters_stats,
					      .endpoints = world->endpoint_stats,
					      .routes = world->route_stats,
					      .tcp_proxies = world->tcp_stats};
	world->holds = (struct config_holds){.counts = world->hold_counts,
					       .capacity = ARRAY_LEN(world->hold_counts)};
	world->opener.open = world_open;
	world->log.line = world_log;
	world->now_ns = NS_PER_SECOND;
	world->params = (struct gateway_params){.opener = &world->opener,
						.header_pool = mbufs,
						.slices = &world->slices,
						.holds = &world->holds,
						.stats = &world->stats,
						.log = &world->log,
						.seed = 1,
						.now_ns = world->now_ns,
						.wall_offset_ns = 784111776 * (int64_t)NS_PER_SECOND,
						.connections_max = 16,
						.upstreams_max = 16,
						.exchanges_max = 16,
						.arena_chunks_max = 64,
						.clusters_max = WORLD_CLUSTERS};
}

void world_start(struct world *world)
{
	struct why why;

	CU_ASSERT_FATAL(route_index_build(&world->table, &why));
	world->gateway = gateway_create(&world->params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world->gateway);
	gateway_set_config(world->gateway, &world->config, world->now_ns);
}

static void peer_free(struct peer *peer)
{
	if (peer->end)
		stream_release(&peer->end->stream, 0);
	free(peer->got);
}

static void assert_gauges_zero(struct world *world)
{
	CU_ASSERT_EQUAL(world->https[1].downstream_rq_active, 0);
	CU_ASSERT_EQUAL(world->https[1].downstream_cx_active, 0);
	CU_ASSERT_EQUAL(world->listener_stats[1].downstream_cx_active, 0);
	for (uint32_t i = 0; i < ARRAY_LEN(world->clusters_stats); i++) {
		CU_ASSERT_EQUAL(world->clusters_stats[i].upstream_cx_active, 0);
		CU_ASSERT_EQUAL(world->clusters_stats[i].upstream_rq_active, 0);
		CU_ASSERT_EQUAL(world->clusters_stats[i].upstream_rq_pending_active, 0);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(world->hold_counts); i++)
		CU_ASSERT_EQUAL(world->hold_counts[i], 0);
}

void world_end(struct world *world)
{
	struct gateway_outstanding left;

	for (unsigned i = 0; i < world->client_count; i++)
		peer_free(&world->clients[i]);
	for (unsigned i = 0; i < world->origin_count; i++)
		peer_free(&world->origins[i]);
	world->origin_readable = NULL;
	world_settle(world);
	world_wait(world, 4000 * NS_PER_SECOND);
	gateway_outstanding(world->gateway, &left);
	CU_ASSERT_EQUAL(left.downstream_connections, 0);
	CU_ASSERT_EQUAL(left.upstream_connections, 0);
	CU_ASSERT_EQUAL(left.exchanges, 0);
	CU_ASSERT_EQUAL(left.arena_chunks, 0);
	CU_ASSERT_EQUAL(left.timers, 0);
	assert_gauges_zero(world);
	gateway_destroy(world->gateway);
	route_index_free(world->table.index);
	CU_ASSERT_EQUAL(pipes_in_use(&world->pipes), 0);
	pipes_clear(&world->pipes);
	CU_ASSERT_EQUAL(world->slices.available, world->slices.capacity);
	slice_pool_destroy(&world->slices);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(world->mbufs), world->mbufs_total);
}

struct peer *world_client(struct world *world)
{
	struct pipe_end *end = pipes_pair(&world->pipes);

	CU_ASSERT_FATAL(end && world->client_count < WORLD_PEERS);
	struct peer *client = &world->clients[world->client_count++];

	peer_init(world, client, end);
	if (!gateway_accept(world->gateway, &world->listener, &end->peer->stream, world->now_ns)) {
		stream_reset(&end->peer->stream, world->now_ns);
		stream_release(&end->peer->stream, world->now_ns);
	}
	return client;
}

void peer_send_bytes(struct peer *peer, const char *data, uint32_t length)
{
	struct slice_queue out = {0};

	while (length > 0) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(peer->world->mbufs);
		uint32_t n = length < 1400 ? length : 1400;

		CU_ASSERT_PTR_NOT_NULL_FATAL(mbuf);
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)n), data, n);
		CU_ASSERT_FATAL(slice_queue_push(&peer->world->slices, &out,
						 (struct slice){mbuf, mbuf->data_off, n}));
		data += n;
		length -= n;
	}
	stream_write(&peer->end->stream, &out, peer->world->now_ns);
}

void peer_send(struct peer *peer, const char *text)
{
	peer_send_bytes(peer, text, (uint32_t)strlen(text));
}

void peer_finish(struct peer *peer)
{
	stream_shutdown(&peer->end->stream, peer->world->now_ns);
}

void peer_cut(struct peer *peer)
{
	stream_reset(&peer->end->stream, peer->world->now_ns);
	stream_release(&peer->end->stream, peer->world->now_ns);
	peer->end = NULL;
}

void world_settle(struct world *world)
{
	bool worked = true;

	for (uint32_t round = 0; worked; round++) {
		CU_ASSERT_FATAL(round < 1000000);
		worked = pipes_deliver(&world->pipes, world->now_ns);
		worked |= gateway_run(world->gateway, world->now_ns) > 0;
	}
}

void world_wait(struct world *world, uint64_t ns)
{
	uint64_t until_ns = world->now_ns + ns;

	world_settle(world);
	while (world->now_ns < until_ns) {
		uint64_t next_ns = gateway_deadline_ns(world->gateway);

		world->now_ns = next_ns > world->now_ns && next_ns < until_ns ? next_ns : until_ns;
		while (gateway_expire(world->gateway, world->now_ns, 8))
			world_settle(world);
		world_settle(world);
		/* The wheel fires up to a tick late. */
		if (next_ns <= world->now_ns && world->now_ns < until_ns)
			world->now_ns += UINT64_C(1) << 17;
	}
}

void origin_answers_ok(struct peer *origin)
{
	const char *at = origin->got;
	uint32_t complete = 0;

	while ((at = strstr(at, "\r\n\r\n")) != NULL) {
		complete++;
		at += 4;
	}
	for (; origin->answered < complete; origin->answered++)
		peer_send(origin, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}
