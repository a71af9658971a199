#include "gateway/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/cluster/pool.h"
#include "gateway/exchange/exchange.h"
#include "gateway/exchange/request_memory.h"
#include "gateway/http1/h1_server.h"
#include "gateway/tcp_proxy/tcp_proxy.h"

/* --- deferred work ----------------------------------------------------------------------------- */

void gateway_defer(struct gateway *gateway, struct work *work,
		   void (*run)(struct work *work, uint64_t now_ns))
{
	work->run = run;
	if (work->queued)
		return;
	work->queued = true;
	work->next = NULL;
	*gateway->work_last = work;
	gateway->work_last = &work->next;
}

uint32_t gateway_run(struct gateway *gateway, uint64_t now_ns)
{
	uint32_t served = 0;

	while (gateway->work_first && served < GATEWAY_RUN_MAX) {
		struct work *work = gateway->work_first;

		gateway->work_first = work->next;
		if (!gateway->work_first)
			gateway->work_last = &gateway->work_first;
		work->queued = false;
		work->run(work, now_ns);
		served++;
	}
	return served;
}

bool gateway_has_work(const struct gateway *gateway)
{
	return gateway->work_first != NULL;
}

/* --- time -------------------------------------------------------------------------------------- */

static void timer_fired(struct wheel_timer *wheel, void *context, uint64_t now_ns)
{
	struct gateway_timer *timer = container_of_member(wheel, struct gateway_timer, wheel);

	(void)context;
	timer->fire(timer, now_ns);
}

uint64_t gateway_deadline_ns(const struct gateway *gateway)
{
	return wheel_deadline_ns(&gateway->wheel);
}

uint32_t gateway_expire(struct gateway *gateway, uint64_t now_ns, uint32_t max_fired)
{
	return wheel_expire(&gateway->wheel, now_ns, max_fired);
}

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".  Civil date from days, without the C library's
 * time zone. */
static void write_date(char *out, uint64_t second)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	uint64_t day = second / 86400, of_day = second % 86400;
	/* Years that begin in March put the leap day last (400-year eras of 146097 days). */
	uint64_t z = day + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	uint64_t year = yoe + era * 400 + (mp >= 10);
	const uint64_t numbers[] = {doy - (153 * mp + 2) / 5 + 1, year, of_day / 3600,
				    of_day / 60 % 60, of_day % 60};
	static const uint8_t at[] = {5, 12, 17, 20, 23}, digits[] = {2, 4, 2, 2, 2};

	memcpy(out, "Thu, 00 Jan 0000 00:00:00 GMT", 30);
	memcpy(out, days + day % 7 * 3, 3);
	memcpy(out + 8, months + mp * 3, 3);
	for (uint32_t i = 0; i < ARRAY_LEN(at); i++) {
		uint64_t number = numbers[i];

		for (int k = digits[i] - 1; k >= 0; k--, number /= 10)
			out[at[i] + k] = (char)('0' + number % 10);
	}
}

struct str gateway_date(struct gateway *gateway, uint64_t now_ns)
{
	uint64_t second = gateway_wall_ns(gateway, now_ns) / NS_PER_SECOND;

	if (second != gateway->date_second || !gateway->date[0]) {
		write_date(gateway->date, second);
		gateway->date_second = second;
	}
	return (struct str){gateway->date, 29};
}

/* --- boot -------------------------------------------------------------------------------------- */

static bool pools_create(struct gateway *gateway)
{
	const struct gateway_params *params = &gateway->params;

	gateway->requests = calloc(1, sizeof(*gateway->requests));
	if (!gateway->requests)
		return false;
	request_memory_set_slow(gateway->requests, REQUEST_SLOW_NS_DEFAULT);
	return pool_create(&gateway->chunks, ARENA_CHUNK_BYTES, params->arena_chunks_max) &&
	       pool_create(&gateway->exchanges, sizeof(struct exchange), params->exchanges_max) &&
	       pool_create(&gateway->downstreams, sizeof(struct h1_server),
			   params->connections_max) &&
	       pool_create(&gateway->tcp_proxies, sizeof(struct tcp_proxy),
			   params->connections_max) &&
	       pool_create(&gateway->upstreams, sizeof(struct upstream), params->upstreams_max) &&
	       pool_create(&gateway->hosts, sizeof(struct host), params->hosts_max) &&
	       pool_create(&gateway->large_heads, GATEWAY_SCRATCH_BYTES, GATEWAY_LARGE_HEADS) &&
	       clusters_create(gateway);
}

static void pools_destroy(struct gateway *gateway)
{
	struct pool *pools[] = {&gateway->chunks,      &gateway->exchanges, &gateway->downstreams,
				&gateway->tcp_proxies, &gateway->upstreams, &gateway->hosts,
				&gateway->large_heads};

	for (uint32_t i = 0; i < ARRAY_LEN(pools); i++)
		if (pools[i]->blocks)
			pool_destroy(pools[i]);
	clusters_destroy(gateway);
	free(gateway->requests);
	free(gateway);
}

struct gateway *gateway_create(const struct gateway_params *params)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));

	if (!gateway)
		return NULL;
	gateway->params = *params;
	if (!gateway->params.clusters_max)
		gateway->params.clusters_max = 4096;
	if (!gateway->params.hosts_max)
		gateway->params.hosts_max = params->upstreams_max;
	gateway->work_last = &gateway->work_first;
	list_init(&gateway->downstream_list);
	list_init(&gateway->tcp_proxy_list);
	list_init(&gateway->upstream_list);
	prng_seed(&gateway->prng, params->seed);
	wheel_init(&gateway->wheel, params->now_ns, timer_fired, gateway);
	if (!pools_create(gateway)) {
		pools_destroy(gateway);
		return NULL;
	}
	return gateway;
}

void gateway_destroy(struct gateway *gateway)
{
	uint64_t now_ns = gateway->wheel.now_tick << WHEEL_TICK_SHIFT;

	for (struct list *item = gateway->downstream_list.next; item != &gateway->downstream_list;
	     item = item->next)
		h1_server_abort(container_of_member(item, struct h1_server, in_gateway), now_ns);
	for (struct list *item = gateway->tcp_proxy_list.next; item != &gateway->tcp_proxy_list;
	     item = item->next)
		tcp_proxy_abort(container_of_member(item, struct tcp_proxy, in_gateway), now_ns);
	for (struct list *item = gateway->upstream_list.next; item != &gateway->upstream_list;
	     item = item->next)
		pool_close(container_of_member(item, struct upstream, in_gateway), true, false,
			   now_ns);
	while (gateway_has_work(gateway))
		gateway_run(gateway, now_ns);
	pools_destroy(gateway);
}

struct request_memory *gateway_requests(struct gateway *gateway)
{
	return gateway->requests;
}

void gateway_set_trace(struct gateway *gateway, struct trace *trace)
{
	gateway->trace = trace;
}

/* --- what the worker asks ---------------------------------------------------------------------- */

void gateway_set_config(struct gateway *gateway, const struct config *config, uint64_t now_ns)
{
	gateway->config = config;
	if (config)
		clusters_config_changed(gateway, now_ns);
}

static const struct config_filter_chain *find_chain(const struct config_listener *listener,
						    uint16_t port)
{
	const struct config_filter_chain *any = NULL;

	for (uint32_t i = 0; i < listener->chain_count; i++) {
		const struct config_filter_chain *chain = &listener->chains[i];

		if (chain->match_destination_port == port)
			return chain;
		if (!chain->match_destination_port && !any)
			any = chain;
	}
	return any ? any : listener->default_chain;
}

bool gateway_accept(struct gateway *gateway, const struct config_listener *listener,
		    struct stream *stream, uint64_t now_ns)
{
	struct listener_stats *stats = stats_listener(gateway, listener->stat_slot);
	const struct config_filter_chain *chain;
	struct stream_info info;

	stream_info(stream, &info);
	chain = find_chain(listener, info.key.local_port);
	if (!chain) {
		counter_inc(&stats->no_filter_chain_match);
		TRACE(gateway->trace, stream->trace, NO_CHAIN, .n = {listener->chain_count},
		      .t = {TRACE_STR(listener->name)});
		stream_reset(stream, now_ns);
		stream_release(stream, now_ns);
		return true;
	}
	TRACE(gateway->trace, stream->trace, LISTENER,
	      .n = {chain == listener->default_chain ? 0 : (uint64_t)(chain - listener->chains) + 1,
		    listener->chain_count},
	      .t = {TRACE_STR(listener->name),
		    trace_text(chain->kind == NETWORK_HTTP ? "HTTP" : "TCP proxy")});
	bool accepted =
		chain->kind == NETWORK_HTTP
			? h1_server_accept(gateway, listener, chain->http, stream, now_ns)
			: tcp_proxy_accept(gateway, listener, chain->tcp_proxy, stream, now_ns);

	if (!accepted)
		TRACE(gateway->trace, stream->trace, ACCEPT_SHED, .t = {TRACE_STR(listener->name)});
	counter_inc(accepted ? &stats->downstream_cx_total : &stats->downstream_cx_overflow);
	return accepted;
}

void gateway_drain(struct gateway *gateway, uint32_t directions, uint64_t now_ns)
{
	gateway->draining |= directions;
	for (struct list *item = gateway->downstream_list.next; item != &gateway->downstream_list;
	     item = item->next) {
		struct h1_server *server = container_of_member(item, struct h1_server, in_gateway);

		if (gateway_drains(gateway, server->listener))
			h1_server_drain(server, now_ns);
	}
}

uint32_t gateway_connections(const struct gateway *gateway)
{
	return pool_in_use(&gateway->downstreams) + pool_in_use(&gateway->tcp_proxies);
}

void gateway_outstanding(const struct gateway *gateway, struct gateway_outstanding *out)
{
	out->downstream_connections = gateway_connections(gateway);
	out->upstream_connections = pool_in_use(&gateway->upstreams);
	out->exchanges = pool_in_use(&gateway->exchanges);
	out->arena_chunks = pool_in_use(&gateway->chunks) + pool_in_use(&gateway->large_heads);
	out->timers = (uint32_t)gateway->wheel.armed;
}
