/* A body passes client -> worker -> origin over DPDK ring ports.  What leaves refers to the very
 * buffers that came in, and the worker allocates nothing from its first poll on.
 *
 *     peer stack ── frames made direct, as a NIC does ──> far | ring | near ──> worker_poll
 *          ^                                                                        |
 *          └──────── inspect(): which buffers do these frames lie in? <─────────────┘ */
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/port_ethdev.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/worker.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/malloc_guard.h"
#include "tests/lib/unit.h"
#include "xds/bootstrap/bootstrap.h"

#define ORIGIN_PORT 8080
#define SEGMENT_BYTES 1448 /* of an MTU of 1500 with timestamps: no small one at the end */
#define BODY_BYTES (181 * SEGMENT_BYTES)
#define PIECE_BYTES 1400
#define BUFFERS 2047
#define SLOTS 4

static const char text[] =
	"hydrofoil: {ports: [{name: r, ring: {name: r}, addresses: [10.0.0.2/24]}]}\n"
	"static_resources:\n"
	"  listeners:\n"
	"  - name: web\n"
	"    address: {socket_address: {address: 10.0.0.2, port_value: 80}}\n"
	"    filter_chains:\n"
	"    - filters:\n"
	"      - name: http\n"
	"        typed_config:\n"
	"          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
	"          stat_prefix: web\n"
	"          http_filters:\n"
	"          - name: router\n"
	"            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n"
	"          route_config:\n"
	"            virtual_hosts:\n"
	"            - {name: all, domains: [\"*\"], routes: [{match: {prefix: /}, route: {cluster: app}}]}\n"
	"  clusters:\n"
	"  - name: app\n"
	"    load_assignment:\n"
	"      cluster_name: app\n"
	"      endpoints:\n"
	"      - lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 8080}}}}]\n";

static struct {
	struct rte_mempool *nic, *headers, *indirect, *peer_headers, *peer_indirect;
	struct port near, far;
	struct port *ports[1];
	struct worker *worker;
	struct worker_counters counters;
	struct port_counters port_counters, *port_counter_list[1];
	struct tcp_counters tcp, peer_tcp;
	struct drop_counters drops, peer_drops;
	struct listener_stats listeners[SLOTS];
	struct http_stats https[SLOTS];
	struct cluster_stats clusters[SLOTS];
	struct endpoint_stats endpoints[SLOTS];
	struct route_stats routes[SLOTS];
	struct tcp_proxy_stats tcp_proxies[SLOTS];
	struct gateway_stats stats;
	struct log_sink log;
	uint32_t holds[64];
	struct bootstrap bootstrap;
	struct config *root;
	struct translate_env env;
	struct stack *peer;
	struct slice_pool slices;
	struct stream *client, *origin;
	uint64_t now_ns;
	uint32_t client_sent, origin_body, allocations;
	bool origin_has_head, answered;
	uint64_t referred;      /* payload bytes out to the origin that lie in buffers that came in */
	uint64_t not_referred;
} w;

static void no_line(struct log_sink *self, uint32_t sink, const char *line, uint32_t length)
{
}

static void no_record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		      uint64_t value_ns)
{
}

static char body_byte(uint32_t at)
{
	return (char)(at * 7 + at / 251);
}

/* TCP payload of an Ethernet frame with IPv4 and TCP; 0 for others. */
static uint32_t payload_of(const struct rte_mbuf *frame, uint32_t *headers_bytes, uint16_t *to_port)
{
	const uint8_t *data = rte_pktmbuf_mtod(frame, const uint8_t *);

	if (data[12] != 8 || data[13] != 0 || data[23] != 6)
		return 0;
	*headers_bytes = 14 + 20 + (data[46] >> 4) * 4u;
	*to_port = (uint16_t)(data[36] << 8 | data[37]);
	return 14 + (uint32_t)(data[16] << 8 | data[17]) - *headers_bytes;
}

static void to_worker(struct rte_mbuf *sent)
{
	struct rte_mbuf *frame = rte_pktmbuf_alloc(w.nic);
	char *to = frame ? rte_pktmbuf_append(frame, (uint16_t)sent->pkt_len) : NULL;

	if (!to)
		abort();
	for (const struct rte_mbuf *part = sent; part; part = part->next) {
		memcpy(to, rte_pktmbuf_mtod(part, const char *), part->data_len);
		to += part->data_len;
	}
	rte_pktmbuf_free(sent);
	CU_ASSERT_EQUAL_FATAL(w.far.ops->tx(&w.far, 0, &frame, 1), 1);
}

/* Every byte of body that goes to the origin is looked at where it lies. */
static void inspect(const struct rte_mbuf *frame)
{
	uint32_t headers_bytes = 0;
	uint16_t port = 0;

	if (payload_of(frame, &headers_bytes, &port) == 0 || port != ORIGIN_PORT)
		return;
	w.not_referred += frame->data_len - headers_bytes;
	for (struct rte_mbuf *part = frame->next; part; part = part->next) {
		if (RTE_MBUF_CLONED(part) && rte_mbuf_from_indirect(part)->pool == w.nic)
			w.referred += part->data_len;
		else
			w.not_referred += part->data_len;
	}
}

static uint32_t peer_write(struct stream *stream, const char *bytes, uint32_t count)
{
	struct slice_queue queue = {0};
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w.peer_headers);
	char *data = mbuf ? rte_pktmbuf_append(mbuf, (uint16_t)count) : NULL;

	if (!data)
		abort();
	memcpy(data, bytes, count);
	CU_ASSERT_FATAL(slice_queue_push(&w.slices, &queue,
					 (struct slice){mbuf, mbuf->data_off, count}));
	stream_write(stream, &queue, w.now_ns);
	return count;
}

static void send_body(uint32_t until)
{
	char piece[PIECE_BYTES];

	while (w.client_sent < until && stream_room(w.client) >= PIECE_BYTES) {
		uint32_t count = until - w.client_sent < PIECE_BYTES ? until - w.client_sent : PIECE_BYTES;

		for (uint32_t i = 0; i < count; i++)
			piece[i] = body_byte(w.client_sent + i);
		w.client_sent += peer_write(w.client, piece, count);
	}
}

static void client_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	CU_ASSERT_FATAL(!(events & STREAM_RESET));
	if (stream->rx.head) {
		const struct slice *slice = &stream->rx.head->slice;

		w.answered = strncmp((const char *)slice_data(slice), "HTTP/1.1 200 ", 13) == 0;
		stream_skip(stream, &w.slices, UINT32_MAX, now_ns);
	}
}

static void origin_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	CU_ASSERT_FATAL(!(events & STREAM_RESET));
	while (stream->rx.head) {
		const struct slice *slice = &stream->rx.head->slice;
		const char *data = (const char *)slice_data(slice);
		uint32_t skip = slice->length_bytes, from = 0;

		if (!w.origin_has_head) {
			const char *end = memmem(data, skip, "\r\n\r\n", 4);

			CU_ASSERT_PTR_NOT_NULL_FATAL(end);
			w.origin_has_head = true;
			from = (uint32_t)(end + 4 - data);
		}
		for (uint32_t i = from; i < skip; i++)
			if (data[i] != body_byte(w.origin_body++))
				CU_FAIL_FATAL("the body differs");
		stream_skip(stream, &w.slices, skip, now_ns);
	}
	static const char answer[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

	if (w.origin_body == BODY_BYTES) {
		w.origin_body++;
		peer_write(stream, answer, sizeof(answer) - 1);
	}
}

static const struct stream_owner_ops client_ops = {.ready = client_ready},
					   origin_ops = {.ready = origin_ready};

static bool origin_accept(void *context, struct stream *stream, uint64_t now_ns)
{
	CU_ASSERT_PTR_NULL(w.origin);
	w.origin = stream;
	stream->owner_ops = &origin_ops;
	return true;
}

static void step(void)
{
	struct rte_mbuf *frames[32];
	uint32_t count;

	while ((count = stack_output(w.peer, 0, frames, 32, w.now_ns)) > 0)
		for (uint32_t i = 0; i < count; i++)
			to_worker(frames[i]);
	malloc_guard_begin();
	worker_poll(w.worker, w.now_ns);
	w.allocations += malloc_guard_end();
	while ((count = w.far.ops->rx(&w.far, 0, frames, 32)) > 0) {
		for (uint32_t i = 0; i < count; i++)
			inspect(frames[i]);
		stack_input(w.peer, 0, frames, count, w.now_ns);
	}
	stack_expire(w.peer, w.now_ns);
	stack_deliver(w.peer, w.now_ns);
	w.now_ns += 20 * NS_PER_US;
}

static void open_port(struct port *port, const char *name, uint32_t index, uint32_t address)
{
	struct port_settings settings = {.kind = PORT_KIND_RING, .device = "zero"};
	struct why why;

	memcpy(settings.name, name, strlen(name));
	CU_ASSERT_FATAL(port_open(port, &settings, index, 1, w.nic, &why));
	port->netif.address_count = 1;
	port->netif.addresses[0] = (struct netif_address){ip_addr_from_v4(address), 24};
}

static void load_config(void)
{
	struct config_resources *made = &w.bootstrap.resources;
	struct mail mail = {.kind = MAIL_CONFIG};

	w.env.names = config_names_create();
	CU_ASSERT_FATAL(bootstrap_parse(&w.bootstrap, "zero", text, strlen(text), TREE_YAML, &w.env));
	made->listeners[0]->object.hold = 1;
	made->route_tables[0]->object.hold = 2;
	made->clusters[0]->object.hold = 3;
	made->endpoints[0]->object.hold = 4;
	w.root = config_root_create(made, &w.env, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.root);
	mail.config = w.root;
	CU_ASSERT_FATAL(mailbox_post(worker_mailbox(w.worker), &mail));
}

static void start_worker(void)
{
	w.ports[0] = &w.near;
	w.port_counter_list[0] = &w.port_counters;
	w.log.line = no_line;
	w.stats = (struct gateway_stats){.listeners = w.listeners, .https = w.https,
					 .clusters = w.clusters, .endpoints = w.endpoints,
					 .routes = w.routes, .tcp_proxies = w.tcp_proxies,
					 .record = no_record};
	struct worker_params params = {
		.port_count = 1, .ports = w.ports, .header_pool = w.headers,
		.indirect_pool = w.indirect, .counters = &w.counters,
		.port_counters = w.port_counter_list, .tcp_counters = &w.tcp, .drops = &w.drops,
		.stats = &w.stats, .holds = {.counts = w.holds, .capacity = 64}, .log = &w.log, .seed = 1,
		.now_ns = w.now_ns, .connections_max = 64, .timewait_max = 64, .slices_max = 4096,
	};

	w.worker = worker_create(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.worker);
	load_config();
}

static void start_peer(void)
{
	CU_ASSERT_FATAL(slice_pool_create(&w.slices, 4096));
	struct stack_params params = {
		.netifs = &w.far.netif, .netif_count = 1, .header_pool = w.peer_headers,
		.indirect_pool = w.peer_indirect, .slices = &w.slices, .tcp_counters = &w.peer_tcp,
		.drops = &w.peer_drops, .seed = 2, .neighbours_max = 16, .connections_max = 16,
		.timewait_max = 16, .rx_budget_bytes = 256 * 1024, .tx_budget_bytes = 256 * 1024,
		.now_ns = w.now_ns,
	};
	struct tcp_listen_params listen = {.local = ip_addr_from_v4(0x0a000001),
					   .local_port = ORIGIN_PORT, .backlog = 4,
					   .accept = origin_accept};

	w.peer = stack_create(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_listen(stack_tcp(w.peer), &listen));
}

static void start(void)
{
	test_eal_start(128);
	w.now_ns = NS_PER_SECOND;
	w.nic = test_mbuf_pool("zero-nic", BUFFERS);
	w.headers = test_mbuf_pool("zero-head", BUFFERS);
	w.indirect = test_indirect_pool("zero-ref", BUFFERS);
	w.peer_headers = test_mbuf_pool("peer-head", BUFFERS);
	w.peer_indirect = test_indirect_pool("peer-ref", BUFFERS);
	open_port(&w.near, "near", 0, 0x0a000002);
	open_port(&w.far, "far", 1, 0x0a000001);
	start_worker();
	start_peer();
}

static void finish(void)
{
	stream_release(w.client, w.now_ns);
	if (w.origin)
		stream_release(w.origin, w.now_ns);
	stack_destroy(w.peer);
	worker_destroy(w.worker);
	port_close(&w.near);
	port_close(&w.far);
	slice_pool_destroy(&w.slices);
	free(w.root);
	bootstrap_free(&w.bootstrap);
	config_names_destroy(w.env.names);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(w.nic), BUFFERS);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(w.headers), BUFFERS);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(w.indirect), BUFFERS);
}

static void what_leaves_lies_in_what_came(void)
{
	static const char head[] = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 262088\r\n\r\n";
	struct stream_target target = {.remote = ip_addr_from_v4(0x0a000002), .remote_port = 80,
				       .connect_timeout_ns = NS_PER_SECOND};
	enum stream_failure failure;

	start();
	struct stream_opener *opener = tcp_opener(stack_tcp(w.peer));

	w.client = opener->open(opener, &target, &failure, w.now_ns);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.client);
	w.client->owner_ops = &client_ops;
	peer_write(w.client, head, sizeof(head) - 1);
	for (int i = 0; i < 1000 && !w.origin_has_head; i++)
		step();
	CU_ASSERT_FATAL(w.origin_has_head);
	uint64_t copied = w.tcp.payload_bytes_copied;

	w.not_referred = 0;
	for (int i = 0; i < 20000 && w.origin_body < BODY_BYTES; i++) {
		send_body(BODY_BYTES);
		step();
	}
	CU_ASSERT_EQUAL(w.origin_body, BODY_BYTES + 1);
	CU_ASSERT_EQUAL(w.tcp.payload_bytes_copied, copied);
	CU_ASSERT_EQUAL(w.not_referred, 0);
	CU_ASSERT_EQUAL(w.referred, BODY_BYTES);
	for (int i = 0; i < 1000 && !w.answered; i++)
		step();
	CU_ASSERT(w.answered);
	CU_ASSERT_EQUAL(w.allocations, 0);
	finish();
}

UNIT_TESTS(UNIT_TEST(what_leaves_lies_in_what_came))
