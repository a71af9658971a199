#include "gateway/cluster/pool.h"

#include "gateway/exchange/exchange_trace.h"
#include "gateway/http1/h1_client.h"
#include "stack/base/planted.h"

static struct cluster_stats *cluster_stats(const struct upstream *upstream)
{
	return stats_cluster(upstream->gateway, upstream->host->cluster_slot);
}

static struct endpoint_stats *endpoint_stats(const struct upstream *upstream)
{
	return stats_endpoint(upstream->gateway, upstream->host->stat_slot);
}

/* --- requests that wait ------------------------------------------------------------------------ */

static void waiter_add(struct gateway *gateway, struct host *host, struct upstream_waiter *waiter)
{
	struct cluster_stats *stats = stats_cluster(gateway, host->cluster_slot);

	waiter->host = host;
	list_add_last(waiter->fresh ? &host->fresh_waiters : &host->waiters, &waiter->in_host);
	host->waiter_count++;
	host->cluster->pending++;
	counter_inc(&stats->upstream_rq_pending_total);
	gauge_add(&stats->upstream_rq_pending_active, 1);
	gauge_add(&stats_endpoint(gateway, host->stat_slot)->rq_pending_active, 1);
}

static void waiter_remove(struct gateway *gateway, struct upstream_waiter *waiter)
{
	struct host *host = waiter->host;

	list_remove(&waiter->in_host);
	waiter->host = NULL;
	host->waiter_count--;
	host->cluster->pending--;
	gauge_add(&stats_cluster(gateway, host->cluster_slot)->upstream_rq_pending_active, -1);
	gauge_add(&stats_endpoint(gateway, host->stat_slot)->rq_pending_active, -1);
}

static struct upstream_waiter *first_of(struct list *waiters)
{
	return list_is_empty(waiters)
		       ? NULL
		       : container_of_member(waiters->next, struct upstream_waiter, in_host);
}

/* Those that only a new connection can serve come first: nothing else helps them. */
static struct upstream_waiter *waiter_first(struct host *host)
{
	struct upstream_waiter *fresh = first_of(&host->fresh_waiters);

	return fresh ? fresh : first_of(&host->waiters);
}

void pool_cancel(struct gateway *gateway, struct upstream_waiter *waiter)
{
	struct host *host = waiter->host;

	if (!host)
		return;
	counter_inc(&stats_cluster(gateway, host->cluster_slot)->upstream_rq_cancelled);
	waiter_remove(gateway, waiter);
	host_put(gateway, host);
}

static void upstream_free(struct work *work, uint64_t now_ns);

/* --- connections ------------------------------------------------------------------------------- */

void pool_count_received(struct upstream *upstream)
{
	count_received(upstream->stream, &upstream->rx_counted_bytes,
		       &cluster_stats(upstream)->upstream_cx_rx_bytes_total);
}

void pool_close(struct upstream *upstream, bool abort, bool remote, uint64_t now_ns)
{
	struct cluster_stats *stats = cluster_stats(upstream);

	if (upstream->state == UPSTREAM_CLOSED)
		return;
	INVARIANT(!upstream->exchange);
	if (upstream->state == UPSTREAM_CONNECTING)
		upstream->host->connecting--;
	list_remove(&upstream->in_idle);
	gateway_timer_stop(upstream->gateway, &upstream->timer);
	pool_count_received(upstream);
	counter_inc(&stats->upstream_cx_destroy);
	counter_inc(remote ? &stats->upstream_cx_destroy_remote : &stats->upstream_cx_destroy_local);
	stats_record(upstream->gateway, HISTOGRAM_CLUSTER_UPSTREAM_CX_LENGTH,
		     upstream->host->cluster_slot, now_ns - upstream->opened_ns);
	stats_record(upstream->gateway, HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX,
		     upstream->host->cluster_slot, upstream->requests * NS_PER_MS);
	gauge_add(&stats->upstream_cx_active, -1);
	gauge_add(&endpoint_stats(upstream)->cx_active, -1);
	upstream->host->cluster->connections--;
	if (abort)
		stream_reset(upstream->stream, now_ns);
	stream_release(upstream->stream, now_ns);
	upstream->stream = NULL;
	upstream->state = UPSTREAM_CLOSED;
	gateway_defer(upstream->gateway, &upstream->work, upstream_free);
}

void pool_close_idle(struct gateway *gateway, struct host *host, uint64_t now_ns)
{
	(void)gateway;
	while (!list_is_empty(&host->idle))
		pool_close(container_of_member(host->idle.next, struct upstream, in_idle), false,
			   false, now_ns);
}

/* Those who wait can be served by nobody any more: each gets its answer.  One at a time, because an
 * answer may start a retry that waits here again. */
static void waiters_fail(struct gateway *gateway, struct host *host, uint32_t count,
			 enum exchange_reset why, enum stream_failure failure, uint64_t now_ns)
{
	for (struct upstream_waiter *waiter; count > 0 && (waiter = waiter_first(host)); count--) {
		waiter_remove(gateway, waiter);
		struct cluster_stats *stats = stats_cluster(gateway, host->cluster_slot);

		if (why == RESET_OVERFLOW) {
			counter_inc(&stats->upstream_rq_pending_overflow);
		} else {
			counter_inc(&stats->upstream_rq_pending_failure_eject);
			counter_inc(&stats_endpoint(gateway, host->stat_slot)->rq_error);
		}
		waiter->failure = failure;
		waiter->failed(waiter, why, now_ns);
	}
}

static void connect_failed(struct upstream *upstream, enum stream_failure failure, uint64_t now_ns)
{
	struct host *host = upstream->host;
	enum exchange_reset why = failure == STREAM_FAILURE_TIMEOUT ? RESET_CONNECT_TIMEOUT
								    : RESET_CONNECT_FAILURE;
	uint32_t open, fail = 1;

	counter_inc(&cluster_stats(upstream)->upstream_cx_connect_fail);
	counter_inc(&endpoint_stats(upstream)->cx_connect_fail);
	if (why == RESET_CONNECT_TIMEOUT)
		counter_inc(&cluster_stats(upstream)->upstream_cx_connect_timeout);
	UPSTREAM_TRACE(upstream, CONNECT_FAILED, .n = {now_ns - upstream->opened_ns},
		       .t = {trace_text(exchange_reset_name(why))});
	pool_close(upstream, why == RESET_CONNECT_TIMEOUT, why != RESET_CONNECT_TIMEOUT, now_ns);
	/* What is still connecting or busy may yet serve some of those who wait. */
	open = host->connecting + host->requests;
	if (open == 0)
		fail = host->waiter_count;
	waiters_fail(upstream->gateway, host, fail, why, failure, now_ns);
}

static void upstream_timer(struct gateway_timer *timer, uint64_t now_ns)
{
	struct upstream *upstream = container_of_member(timer, struct upstream, timer);

	if (upstream->state == UPSTREAM_BUSY)
		return; /* armed again when it becomes idle */
	if (now_ns < upstream->deadline_ns) {
		gateway_timer_by(upstream->gateway, timer, upstream->deadline_ns);
		return;
	}
	if (upstream->state == UPSTREAM_CONNECTING) {
		connect_failed(upstream, STREAM_FAILURE_TIMEOUT, now_ns);
	} else {
		counter_inc(&cluster_stats(upstream)->upstream_cx_idle_timeout);
		pool_close(upstream, false, false, now_ns);
	}
}

static void upstream_opened(struct upstream *upstream, uint64_t now_ns)
{
	upstream->host->connecting--;
	upstream->state = UPSTREAM_IDLE;
	UPSTREAM_TRACE(upstream, CONNECTED, .n = {now_ns - upstream->opened_ns});
	stats_record(upstream->gateway, HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT,
		     upstream->host->cluster_slot, now_ns - upstream->opened_ns);
	pool_release(upstream, now_ns);
}

static void upstream_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct upstream *upstream = stream->owner;

	if (upstream->state == UPSTREAM_CONNECTING) {
		if (events & STREAM_RESET) {
			struct stream_info info;

			stream_info(stream, &info);
			connect_failed(upstream, info.failure, now_ns);
			return;
		}
		if (events & STREAM_OPENED)
			upstream_opened(upstream, now_ns);
	}
	if (upstream->state == UPSTREAM_BUSY) {
		upstream->codec->ready(upstream, events, now_ns);
	} else if (upstream->state == UPSTREAM_IDLE) {
		/* Bytes that nobody asked for: the framing can no longer be trusted. */
		if (stream->rx.bytes)
			counter_inc(&cluster_stats(upstream)->upstream_cx_protocol_error);
		if (stream->rx.bytes || (events & (STREAM_ENDED | STREAM_RESET)))
			pool_close(upstream, stream->rx.bytes > 0, true, now_ns);
	}
}

/* A cluster that the configuration has lost since has no name any more. */
static void upstream_describe(const struct stream *stream, struct stream_owner_info *out)
{
	const struct upstream *upstream = stream->owner;
	const struct config *config = upstream->gateway->config;
	uint32_t id = upstream->host->cluster_id;

	if (config && id < config->cluster_count && config->clusters[id]) {
		out->cluster = config->clusters[id]->name.data;
		out->cluster_length = config->clusters[id]->name.length;
	}
}

const struct stream_owner_ops pool_owner_ops = {.ready = upstream_ready,
						.describe = upstream_describe};

void pool_adopt(struct upstream *upstream, struct gateway *gateway,
		const struct config_cluster *cluster, struct stream *stream)
{
	upstream->stream = stream;
	stream->owner = upstream;
	stream->owner_ops = &pool_owner_ops;
	upstream->gateway = gateway;
	upstream->codec = &h1_client_codec;
	upstream->idle_timeout_ns = cluster->idle_timeout_ns;
	upstream->requests_max = cluster->requests_per_connection_max;
	upstream->timer.fire = upstream_timer;
	list_add(&gateway->upstream_list, &upstream->in_gateway);
}

static void count_opened(struct upstream *upstream)
{
	counter_inc(&cluster_stats(upstream)->upstream_cx_total);
	counter_inc(&cluster_stats(upstream)->upstream_cx_http1_total);
	gauge_add(&cluster_stats(upstream)->upstream_cx_active, 1);
	counter_inc(&endpoint_stats(upstream)->cx_total);
	gauge_add(&endpoint_stats(upstream)->cx_active, 1);
	upstream->host->connections++;
	upstream->host->connecting++;
	upstream->host->cluster->connections++;
}

/* For this request; false when no connection can be started. */
static bool upstream_open(struct gateway *gateway, const struct config_cluster *cluster,
			  struct host *host, const struct upstream_waiter *waiter, uint64_t now_ns)
{
	struct stream_target target = {.remote = host->addr,
				       .remote_port = host->port,
				       .pipe = host->pipe,
				       .local = cluster->source,
				       .vrf = cluster->vrf,
				       .connect_timeout_ns = cluster->connect_timeout_ns};
	struct upstream *upstream = pool_take(&gateway->upstreams);
	enum stream_failure why = STREAM_FAILURE_NONE;

	if (!upstream) {
		counter_inc(&stats_cluster(gateway, host->cluster_slot)->upstream_cx_pool_overflow);
		return false;
	}
	upstream->stream = gateway->params.opener->open(gateway->params.opener, &target, &why, now_ns);
	if (!upstream->stream) {
		counter_inc(&stats_cluster(gateway, host->cluster_slot)->upstream_cx_connect_fail);
		pool_give(&gateway->upstreams, upstream);
		return false;
	}
	pool_adopt(upstream, gateway, cluster, upstream->stream);
	upstream->host = host;
	upstream->state = UPSTREAM_CONNECTING;
	upstream->opened_ns = now_ns;
	upstream->deadline_ns = now_ns + cluster->connect_timeout_ns;
	gateway_timer_by(gateway, &upstream->timer, upstream->deadline_ns);
	count_opened(upstream);
	stream_set_trace(upstream->stream, trace_upstream(waiter->trace));
	UPSTREAM_TRACE(upstream, POOL_OPENS, .n = {host->connections});
	return true;
}

/* Somebody still waits for a host whose connection has gone: another one, or a failure. */
static void host_reopen(struct gateway *gateway, struct host *host, uint64_t now_ns)
{
	const struct config_cluster *cluster =
		gateway->config ? config_find_cluster(gateway->config, host->cluster_id) : NULL;

	if (host->waiter_count <= host->connecting || PLANTED(WAITERS_FORGOTTEN))
		return;
	if (cluster && (host->connections == 1 ||
			host->cluster->connections < cluster->breakers.connections_max) &&
	    upstream_open(gateway, cluster, host, waiter_first(host), now_ns))
		return;
	if (host->connections == 1)
		waiters_fail(gateway, host, host->waiter_count, RESET_CONNECT_FAILURE,
			     STREAM_FAILURE_RESOURCES, now_ns);
}

void pool_forget(struct upstream *upstream, uint64_t now_ns)
{
	struct gateway *gateway = upstream->gateway;
	struct host *host = upstream->host;

	list_remove(&upstream->in_gateway);
	pool_give(&gateway->upstreams, upstream);
	/* Counted until here, so that what fails now finds the host still there. */
	if (host->waiter_count)
		host_reopen(gateway, host, now_ns);
	host->connections--;
	host_put(gateway, host);
}

static void upstream_free(struct work *work, uint64_t now_ns)
{
	pool_forget(container_of_member(work, struct upstream, work), now_ns);
}

static enum pool_result pool_wait(struct gateway *gateway, const struct config_cluster *cluster,
				  struct host *host, struct upstream_waiter *waiter,
				  uint64_t now_ns)
{
	struct cluster_stats *stats = stats_cluster(gateway, cluster->stat_slot);
	struct cluster_state *state = host->cluster;

	if (state->pending >= cluster->breakers.pending_max) {
		counter_inc(&stats->upstream_rq_pending_overflow);
		return POOL_OVERFLOW;
	}
	/* At the limit an idle connection makes place for the new one that is asked for. */
	if (waiter->fresh && state->connections >= cluster->breakers.connections_max &&
	    !list_is_empty(&host->idle))
		pool_close(container_of_member(host->idle.next, struct upstream, in_idle), false,
			   false, now_ns);
	/* A connection for everyone who waits; a host without any gets one even over the limit, or
	 * its requests could never be served (as Envoy). */
	if (host->connecting <= host->waiter_count) {
		bool over = state->connections >= cluster->breakers.connections_max;

		if (over)
			counter_inc(&stats->upstream_cx_overflow);
		if ((!over || host->connections == 0) &&
		    !upstream_open(gateway, cluster, host, waiter, now_ns) && host->connections == 0)
			return POOL_FAILED;
	}
	waiter_add(gateway, host, waiter);
	return POOL_WAITING;
}

enum pool_result pool_acquire(struct gateway *gateway, const struct config_cluster *cluster,
			      const struct config_endpoint *endpoint,
			      struct upstream_waiter *waiter, struct upstream **upstream,
			      uint64_t now_ns)
{
	struct host *host = host_get(gateway, cluster, endpoint);
	enum pool_result result;

	if (!host) {
		counter_inc(&stats_cluster(gateway, cluster->stat_slot)->upstream_cx_pool_overflow);
		return POOL_FAILED;
	}
	host->cluster->requests_max = cluster->breakers.requests_max;
	if (!list_is_empty(&host->idle) && !waiter->fresh) {
		if (host->cluster->requests >= cluster->breakers.requests_max) {
			counter_inc(&stats_cluster(gateway, cluster->stat_slot)
					     ->upstream_rq_pending_overflow);
			host_put(gateway, host);
			return POOL_OVERFLOW;
		}
		*upstream = container_of_member(host->idle.next, struct upstream, in_idle);
		list_remove(&(*upstream)->in_idle);
		(*upstream)->state = UPSTREAM_BUSY;
		return POOL_READY;
	}
	result = pool_wait(gateway, cluster, host, waiter, now_ns);
	if (result != POOL_WAITING)
		host_put(gateway, host);
	return result;
}

void pool_release(struct upstream *upstream, uint64_t now_ns)
{
	struct host *host = upstream->host;

	/* As Envoy: the breaker is asked when a request could go out; until then it only waits. */
	if (host->waiter_count && host->cluster->requests >= host->cluster->requests_max)
		waiters_fail(upstream->gateway, host, host->waiter_count, RESET_OVERFLOW,
			     STREAM_FAILURE_NONE, now_ns);
	struct upstream_waiter *waiter =
		upstream->requests == 0 ? waiter_first(host) : first_of(&host->waiters);
	/* Those who wait for a new connection need the place of this one. */
	bool gives_way = !waiter && host->waiter_count > host->connecting;

	upstream->exchange = NULL;
	if (upstream->requests_max && upstream->requests >= upstream->requests_max)
		counter_inc(&cluster_stats(upstream)->upstream_cx_max_requests);
	if (gives_way || (upstream->peer_ended && !PLANTED(ENDED_REUSED)) || upstream->stream->rx.bytes ||
	    (upstream->requests_max && upstream->requests >= upstream->requests_max) ||
	    (host->removed && !waiter)) {
		pool_close(upstream, upstream->stream->rx.bytes > 0, upstream->peer_ended, now_ns);
		return;
	}
	if (waiter) {
		upstream->state = UPSTREAM_BUSY;
		waiter_remove(upstream->gateway, waiter);
		waiter->ready(waiter, upstream, now_ns);
		return;
	}
	UPSTREAM_TRACE(upstream, POOL_IDLE, .n = {0});
	stream_set_trace(upstream->stream, 0);
	upstream->state = UPSTREAM_IDLE;
	upstream->rested = true;
	list_add(&host->idle, &upstream->in_idle);
	upstream->deadline_ns = DEADLINE_NEVER_NS;
	if (upstream->idle_timeout_ns)
		upstream->deadline_ns = now_ns + upstream->idle_timeout_ns;
	gateway_timer_by(upstream->gateway, &upstream->timer, upstream->deadline_ns);
}

void pool_request_begin(struct upstream *upstream)
{
	struct host *host = upstream->host;

	upstream->requests++;
	host->requests++;
	host->cluster->requests++;
	counter_inc(&cluster_stats(upstream)->upstream_rq_total);
	gauge_add(&cluster_stats(upstream)->upstream_rq_active, 1);
	counter_inc(&endpoint_stats(upstream)->rq_total);
	gauge_add(&endpoint_stats(upstream)->rq_active, 1);
}

void pool_request_end(struct upstream *upstream)
{
	struct host *host = upstream->host;

	host->requests--;
	host->cluster->requests--;
	gauge_add(&cluster_stats(upstream)->upstream_rq_active, PLANTED(ACTIVE_NOT_COUNTED_DOWN) - 1);
	gauge_add(&endpoint_stats(upstream)->rq_active, -1);
}
