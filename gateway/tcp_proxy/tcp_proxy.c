#include "gateway/tcp_proxy/tcp_proxy.h"

#include <string.h>

#include "gateway/exchange/exchange_trace.h"
#include "gateway/log/format.h"
#include "stack/base/planted.h"

#define FLAG_BIT(id) (UINT64_C(1) << RESPONSE_FLAG_BIT_##id)

static void proxy_connect(struct tcp_proxy *proxy, uint64_t now_ns);

static struct tcp_proxy_stats *proxy_stats(const struct tcp_proxy *proxy)
{
	return &proxy->gateway->params.stats->tcp_proxies[proxy->config->stat_slot];
}

#define PROXY_TRACE(proxy, kind, ...)                                                              \
	TRACE((proxy)->gateway->trace, (proxy)->down->trace, kind, __VA_ARGS__)

/* --- the end ----------------------------------------------------------------------------------- */

static void proxy_log(struct tcp_proxy *proxy, uint64_t now_ns)
{
	struct gateway *gateway = proxy->gateway;
	struct stream_info down, up;
	char space[HOST_TEXT_BYTES];
	struct log_context context = {
		.protocol = HTTP_1_1,
		.response_flags = proxy->response_flags,
		.bytes_received = proxy->received_bytes,
		.bytes_sent = proxy->sent_bytes,
		.start_wall_ns = gateway_wall_ns(gateway, proxy->opened_ns),
		.duration_ns = now_ns - proxy->opened_ns,
		.attempts = proxy->attempts,
	};

	if (!gateway->params.log)
		return;
	stream_info(proxy->down, &down);
	context.downstream = &down;
	if (proxy->cluster)
		context.cluster_name = proxy->cluster->name;
	if (proxy->up) {
		stream_info(proxy->up, &up);
		context.upstream = &up;
		const char *host = host_text(proxy->host, space);

		context.upstream_host = (struct str){host, (uint32_t)strlen(host)};
	}
	for (uint32_t i = 0; i < proxy->config->log_count; i++) {
		const struct config_access_log *log = &proxy->config->logs[i];
		uint32_t length = log_format_write(log->format, &context, gateway->log_line,
						   GATEWAY_LOG_LINE_BYTES);

		gateway->params.log->line(gateway->params.log, log->sink, gateway->log_line, length);
	}
}

static void upstream_drop(struct tcp_proxy *proxy, bool abort, bool remote, uint64_t now_ns)
{
	struct gateway *gateway = proxy->gateway;
	struct host *host = proxy->host;
	struct cluster_stats *stats;

	if (!proxy->up)
		return;
	stats = stats_cluster(gateway, host->cluster_slot);
	counter_inc(&stats->upstream_cx_destroy);
	counter_inc(remote ? &stats->upstream_cx_destroy_remote : &stats->upstream_cx_destroy_local);
	stats_record(gateway, HISTOGRAM_CLUSTER_UPSTREAM_CX_LENGTH, host->cluster_slot,
		     now_ns - proxy->dialled_ns);
	gauge_add(&stats->upstream_cx_active, -1);
	gauge_add(&stats_endpoint(gateway, host->stat_slot)->cx_active, -1);
	if (abort)
		stream_reset(proxy->up, now_ns);
	stream_release(proxy->up, now_ns);
	proxy->up = NULL;
	proxy->host = NULL;
	host->cluster->connections--;
	host->connections--;
	host_put(gateway, host);
}

static void proxy_free(struct work *work, uint64_t now_ns)
{
	struct tcp_proxy *proxy = container_of_member(work, struct tcp_proxy, work);

	(void)now_ns;
	list_remove(&proxy->in_gateway);
	pool_give(&proxy->gateway->tcp_proxies, proxy);
}

static COLD_CALL void proxy_trace_end(struct tcp_proxy *proxy, uint64_t now_ns)
{
	char flags[64];
	uint32_t length = proxy->response_flags
				  ? log_response_flags_write(proxy->response_flags, flags, sizeof(flags))
				  : 0;

	PROXY_TRACE(proxy, PROXY_END,
		    .n = {now_ns - proxy->opened_ns, 0, proxy->received_bytes, proxy->sent_bytes},
		    .t = {{flags, length < sizeof(flags) ? length : sizeof(flags)}});
}

static void proxy_close(struct tcp_proxy *proxy, bool abort, uint64_t now_ns)
{
	struct gateway *gateway = proxy->gateway;
	struct listener_stats *listener =
		stats_listener(gateway, proxy->listener->stat_slot);

	if (proxy->closed)
		return;
	proxy->closed = true;
	if (proxy->config->log_count)
		proxy_log(proxy, now_ns);
	if (unlikely_true(proxy->down->trace != 0))
		proxy_trace_end(proxy, now_ns);
	upstream_drop(proxy, abort, false, now_ns);
	gateway_timer_stop(gateway, &proxy->timer);
	if (abort)
		stream_reset(proxy->down, now_ns);
	stream_release(proxy->down, now_ns);
	proxy->down = NULL;
	gauge_add(&proxy_stats(proxy)->downstream_cx_active, -1);
	gauge_add(&listener->downstream_cx_active, -1);
	counter_inc(&listener->downstream_cx_destroy);
	stats_record(gateway, HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH,
		     proxy->listener->stat_slot, now_ns - proxy->opened_ns);
	if (proxy->cluster)
		config_release(gateway->params.holds, &proxy->cluster->object);
	config_release(gateway->params.holds, &proxy->listener->object);
	gateway_defer(gateway, &proxy->work, proxy_free);
}

/* --- bytes ------------------------------------------------------------------------------------- */

static uint32_t move_bytes(struct tcp_proxy *proxy, struct stream *from, struct stream *to,
			   uint64_t now_ns)
{
	struct slice_queue bytes = {0};
	uint32_t room = stream_room(to), moved = 0;

	if (from->rx.bytes && room)
		moved = stream_take(from, proxy->gateway->params.slices, &bytes, room, now_ns);
	if (moved) {
		proxy->activity_ns = now_ns;
		stream_write(to, &bytes, now_ns);
	}
	return moved;
}

static void proxy_move(struct tcp_proxy *proxy, uint64_t now_ns)
{
	struct tcp_proxy_stats *stats = proxy_stats(proxy);
	struct cluster_stats *cluster;
	uint32_t moved;

	if (!proxy->connected)
		return;
	cluster = stats_cluster(proxy->gateway, proxy->host->cluster_slot);
	moved = move_bytes(proxy, proxy->down, proxy->up, now_ns);
	proxy->received_bytes += moved;
	counter_add(&stats->downstream_cx_rx_bytes_total, moved);
	counter_add(&cluster->upstream_cx_tx_bytes_total, moved);
	moved = move_bytes(proxy, proxy->up, proxy->down, now_ns);
	proxy->sent_bytes += moved;
	counter_add(&stats->downstream_cx_tx_bytes_total, moved);
	counter_add(&cluster->upstream_cx_rx_bytes_total, moved);
	if (proxy->down_ended && !proxy->up_shut && !proxy->down->rx.bytes) {
		proxy->up_shut = true;
		if (!PLANTED(HALF_CLOSE_LOST))
			stream_shutdown(proxy->up, now_ns);
	}
	if (proxy->up_ended && !proxy->down_shut && !proxy->up->rx.bytes) {
		proxy->down_shut = true;
		stream_shutdown(proxy->down, now_ns);
	}
	if (proxy->up_shut && proxy->down_shut)
		proxy_close(proxy, false, now_ns);
}

static void down_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct tcp_proxy *proxy = stream->owner;

	if (events & STREAM_RESET) {
		proxy->response_flags |= FLAG_BIT(DOWNSTREAM_TERMINATION);
		proxy_close(proxy, true, now_ns);
		return;
	}
	if (events & STREAM_ENDED)
		proxy->down_ended = true;
	proxy_move(proxy, now_ns);
}

static void connect_failed(struct tcp_proxy *proxy, bool timeout, uint64_t now_ns)
{
	struct cluster_stats *stats = stats_cluster(proxy->gateway, proxy->host->cluster_slot);

	PROXY_TRACE(proxy, CONNECT_FAILED, .n = {now_ns - proxy->dialled_ns},
		    .t = {trace_text(timeout ? "connection timeout" : "connection failure")});
	counter_inc(&stats->upstream_cx_connect_fail);
	if (timeout)
		counter_inc(&stats->upstream_cx_connect_timeout);
	counter_inc(&stats_endpoint(proxy->gateway, proxy->host->stat_slot)->cx_connect_fail);
	proxy->response_flags |= FLAG_BIT(UPSTREAM_CONNECTION_FAILURE);
	upstream_drop(proxy, timeout, !timeout, now_ns);
	proxy_connect(proxy, now_ns);
}

static void up_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct tcp_proxy *proxy = stream->owner;

	if (events & STREAM_RESET) {
		if (!proxy->connected) {
			connect_failed(proxy, false, now_ns);
			return;
		}
		proxy->response_flags |= FLAG_BIT(UPSTREAM_RESET);
		proxy_close(proxy, true, now_ns);
		return;
	}
	if ((events & STREAM_OPENED) && !proxy->connected) {
		proxy->connected = true;
		PROXY_TRACE(proxy, CONNECTED, .n = {now_ns - proxy->dialled_ns});
		proxy->response_flags = 0;
		proxy->connect_deadline_ns = DEADLINE_NEVER_NS;
		proxy->activity_ns = now_ns;
		stats_record(proxy->gateway, HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT,
			     proxy->host->cluster_slot, now_ns - proxy->dialled_ns);
	}
	if (events & STREAM_ENDED)
		proxy->up_ended = true;
	proxy_move(proxy, now_ns);
}

static void proxy_describe(const struct stream *stream, struct stream_owner_info *out)
{
	const struct tcp_proxy *proxy = stream->owner;

	out->listener = proxy->listener->name.data;
	out->listener_length = proxy->listener->name.length;
	if (proxy->cluster) {
		out->cluster = proxy->cluster->name.data;
		out->cluster_length = proxy->cluster->name.length;
	}
}

static const struct stream_owner_ops down_ops = {.ready = down_ready, .describe = proxy_describe};
static const struct stream_owner_ops up_ops = {.ready = up_ready, .describe = proxy_describe};

/* --- connecting -------------------------------------------------------------------------------- */

static uint64_t proxy_deadline_ns(const struct tcp_proxy *proxy)
{
	uint64_t deadline_ns = proxy->connect_deadline_ns;

	if (proxy->config->idle_timeout_ns)
		deadline_ns = deadline_earlier_ns(deadline_ns, proxy->activity_ns +
								       proxy->config->idle_timeout_ns);
	if (proxy->config->connection_duration_max_ns)
		deadline_ns =
			deadline_earlier_ns(deadline_ns, proxy->opened_ns +
							 proxy->config->connection_duration_max_ns);
	return deadline_ns;
}

/* One attempt; false when it could not even start. */
static bool proxy_dial(struct tcp_proxy *proxy, const struct config_endpoint *endpoint,
		       uint64_t now_ns)
{
	struct gateway *gateway = proxy->gateway;
	const struct config_cluster *cluster = proxy->cluster;
	struct stream_target target = {.remote = endpoint->addr,
				       .remote_port = endpoint->port,
				       .pipe = endpoint->pipe,
				       .local = cluster->source,
				       .vrf = cluster->vrf,
				       .connect_timeout_ns = cluster->connect_timeout_ns};
	struct cluster_stats *stats = stats_cluster(gateway, cluster->stat_slot);
	struct host *host = host_get(gateway, cluster, endpoint);
	enum stream_failure why;

	if (!host) {
		counter_inc(&stats->upstream_cx_pool_overflow);
		return false;
	}
	proxy->up = gateway->params.opener->open(gateway->params.opener, &target, &why, now_ns);
	if (!proxy->up) {
		counter_inc(&stats->upstream_cx_connect_fail);
		host_put(gateway, host);
		return false;
	}
	stream_set_trace(proxy->up, trace_upstream(proxy->down->trace));
	PROXY_TRACE(proxy, POOL_OPENS, .n = {host->connections + 1});
	proxy->up->owner = proxy;
	proxy->up->owner_ops = &up_ops;
	proxy->host = host;
	proxy->dialled_ns = now_ns;
	host->connections++;
	host->cluster->connections++;
	proxy->connect_deadline_ns = now_ns + cluster->connect_timeout_ns;
	counter_inc(&stats->upstream_cx_total);
	gauge_add(&stats->upstream_cx_active, 1);
	counter_inc(&stats_endpoint(gateway, host->stat_slot)->cx_total);
	gauge_add(&stats_endpoint(gateway, host->stat_slot)->cx_active, 1);
	gateway_timer_by(gateway, &proxy->timer, proxy_deadline_ns(proxy));
	return true;
}

static void proxy_connect(struct tcp_proxy *proxy, uint64_t now_ns)
{
	struct gateway *gateway = proxy->gateway;
	uint32_t attempts_max = proxy->config->connect_attempts_max;
	struct cluster_state *state = cluster_state(gateway, proxy->cluster->object.id);

	while (proxy->attempts < (attempts_max ? attempts_max : 1)) {
		const struct config_endpoint *endpoint = cluster_choose(gateway, proxy->cluster, 0);

		if (unlikely_true(proxy->down->trace != 0))
			trace_put_host(gateway, proxy->down->trace, proxy->cluster, endpoint);
		if (!endpoint) {
			counter_inc(&stats_cluster(gateway, proxy->cluster->stat_slot)
					     ->upstream_cx_none_healthy);
			proxy->response_flags |= FLAG_BIT(NO_HEALTHY_UPSTREAM);
			proxy_close(proxy, true, now_ns);
			return;
		}
		if (state->connections >= proxy->cluster->breakers.connections_max) {
			counter_inc(&stats_cluster(gateway, proxy->cluster->stat_slot)
					     ->upstream_cx_overflow);
			proxy->response_flags |= FLAG_BIT(UPSTREAM_OVERFLOW);
			proxy_close(proxy, true, now_ns);
			return;
		}
		proxy->attempts++;
		if (proxy_dial(proxy, endpoint, now_ns))
			return;
	}
	counter_inc(&stats_cluster(gateway, proxy->cluster->stat_slot)
			     ->upstream_cx_connect_attempts_exceeded);
	proxy->response_flags |= FLAG_BIT(UPSTREAM_CONNECTION_FAILURE);
	proxy->response_flags |= FLAG_BIT(UPSTREAM_RETRY_LIMIT);
	proxy_close(proxy, true, now_ns);
}

static void proxy_timer(struct gateway_timer *timer, uint64_t now_ns)
{
	struct tcp_proxy *proxy = container_of_member(timer, struct tcp_proxy, timer);
	const struct config_tcp_proxy *config = proxy->config;

	if (now_ns >= proxy->connect_deadline_ns) {
		connect_failed(proxy, true, now_ns);
	} else if (config->idle_timeout_ns &&
		   now_ns >= proxy->activity_ns + config->idle_timeout_ns) {
		counter_inc(&proxy_stats(proxy)->idle_timeout);
		proxy->response_flags |= FLAG_BIT(STREAM_IDLE_TIMEOUT);
		proxy_close(proxy, true, now_ns);
	} else if (config->connection_duration_max_ns &&
		   now_ns >= proxy->opened_ns + config->connection_duration_max_ns) {
		counter_inc(&proxy_stats(proxy)->max_downstream_connection_duration);
		proxy->response_flags |= FLAG_BIT(DURATION_TIMEOUT);
		proxy_close(proxy, true, now_ns);
	}
	if (!proxy->closed)
		gateway_timer_by(proxy->gateway, timer, proxy_deadline_ns(proxy));
}

static uint32_t choose_cluster(struct tcp_proxy *proxy)
{
	const struct config_tcp_proxy *config = proxy->config;
	uint32_t at, i;

	if (config->cluster_count == 0)
		return UINT32_MAX;
	if (config->cluster_count == 1 || !config->total_weight)
		return config->clusters[0].cluster_id;
	at = prng_below(&proxy->gateway->prng, config->total_weight);
	for (i = 0; i + 1 < config->cluster_count && at >= config->clusters[i].weight; i++)
		at -= config->clusters[i].weight;
	return config->clusters[i].cluster_id;
}

bool tcp_proxy_accept(struct gateway *gateway, const struct config_listener *listener,
		      const struct config_tcp_proxy *config, struct stream *stream, uint64_t now_ns)
{
	struct tcp_proxy *proxy = pool_take(&gateway->tcp_proxies);

	if (!proxy)
		return false;
	config_hold(gateway->params.holds, &listener->object);
	proxy->gateway = gateway;
	proxy->listener = listener;
	proxy->config = config;
	proxy->down = stream;
	proxy->opened_ns = proxy->activity_ns = now_ns;
	proxy->connect_deadline_ns = DEADLINE_NEVER_NS;
	proxy->timer.fire = proxy_timer;
	stream->owner = proxy;
	stream->owner_ops = &down_ops;
	list_add(&gateway->tcp_proxy_list, &proxy->in_gateway);
	counter_inc(&proxy_stats(proxy)->downstream_cx_total);
	gauge_add(&proxy_stats(proxy)->downstream_cx_active, 1);
	gauge_add(&stats_listener(gateway, listener->stat_slot)->downstream_cx_active, 1);
	proxy->cluster = gateway->config
				 ? config_find_cluster(gateway->config, choose_cluster(proxy))
				 : NULL;
	if (proxy->cluster) {
		config_hold(gateway->params.holds, &proxy->cluster->object);
		PROXY_TRACE(proxy, CLUSTER, .t = {TRACE_STR(proxy->cluster->name)});
	}
	if (!proxy->cluster || !cluster_state(gateway, proxy->cluster->object.id)) {
		counter_inc(&proxy_stats(proxy)->downstream_cx_no_route);
		proxy->response_flags |= FLAG_BIT(NO_CLUSTER);
		proxy_close(proxy, true, now_ns);
		return true;
	}
	proxy_connect(proxy, now_ns);
	return true;
}

void tcp_proxy_abort(struct tcp_proxy *proxy, uint64_t now_ns)
{
	proxy->response_flags |= FLAG_BIT(LOCAL_RESET);
	proxy_close(proxy, true, now_ns);
}
