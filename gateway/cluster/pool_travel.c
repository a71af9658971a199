/* An idle connection to a host goes to the pool of another worker. */
#include "gateway/cluster/pool.h"
#include "gateway/travel.h"
#include "stack/base/planted.h"

bool pool_owns(const struct stream *stream)
{
	return stream->owner_ops == &pool_owner_ops;
}

bool pool_may_travel(const struct upstream *upstream)
{
	return upstream->state == UPSTREAM_IDLE && !upstream->stream->rx.bytes &&
	       !upstream->peer_ended && !upstream->work.queued && !upstream->host->removed;
}

static void count_active(struct upstream *upstream, int change)
{
	struct host *host = upstream->host;

	gauge_add(&stats_cluster(upstream->gateway, host->cluster_slot)->upstream_cx_active, change);
	gauge_add(&stats_endpoint(upstream->gateway, host->stat_slot)->cx_active, change);
	host->cluster->connections += (uint32_t)change;
}

void pool_suspend(struct upstream *upstream, struct gateway_traveller *out)
{
	struct gateway *gateway = upstream->gateway;

	pool_count_received(upstream);
	*out = (struct gateway_traveller){
		.cluster_id = upstream->host->cluster_id,
		.addr = upstream->host->addr,
		.port = upstream->host->port,
		.config_version = gateway->config ? gateway->config->version : 0,
		.opened_ns = upstream->opened_ns,
		.deadline_ns = upstream->deadline_ns,
		.requests = upstream->requests,
		.rx_counted_bytes = upstream->rx_counted_bytes,
	};
	list_remove(&upstream->in_idle);
	gateway_timer_stop(gateway, &upstream->timer);
	upstream->state = UPSTREAM_AWAY;
	count_active(upstream, -1);
}

/* Serves who waits, or rests for as long as it still would have. */
static void serve_or_rest(struct upstream *upstream, uint64_t deadline_ns, uint64_t now_ns)
{
	count_active(upstream, 1);
	pool_release(upstream, now_ns);
	if (upstream->state == UPSTREAM_IDLE) {
		upstream->deadline_ns = deadline_ns;
		gateway_timer_by(upstream->gateway, &upstream->timer, deadline_ns);
	}
}

void pool_resume(struct upstream *upstream, uint64_t now_ns)
{
	serve_or_rest(upstream, upstream->deadline_ns, now_ns);
}

static const struct config_endpoint *find_endpoint(const struct config *config,
						   const struct gateway_traveller *traveller)
{
	const struct config_endpoints *all = config_find_endpoints(config, traveller->cluster_id);

	for (uint32_t i = 0; all && i < all->endpoint_count; i++)
		if (!all->endpoints[i].pipe && all->endpoints[i].port == traveller->port &&
		    ip_addr_equal(&all->endpoints[i].addr, &traveller->addr))
			return &all->endpoints[i];
	return NULL;
}

bool pool_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
		 struct stream *stream, uint64_t now_ns)
{
	const struct config_cluster *cluster =
		config_find_cluster(gateway->config, traveller->cluster_id);
	const struct config_endpoint *endpoint = find_endpoint(gateway->config, traveller);
	struct cluster_state *state = cluster_state(gateway, traveller->cluster_id);

	if (!cluster || !endpoint || !state ||
	    state->connections >= cluster->breakers.connections_max)
		return false;
	struct upstream *upstream = pool_take(&gateway->upstreams);

	if (!upstream)
		return false;
	upstream->host = host_get(gateway, cluster, endpoint);
	if (!upstream->host) {
		pool_give(&gateway->upstreams, upstream);
		return false;
	}
	pool_adopt(upstream, gateway, cluster, stream);
	upstream->opened_ns = traveller->opened_ns;
	upstream->requests = traveller->requests;
	upstream->rx_counted_bytes = traveller->rx_counted_bytes;
	upstream->host->connections++;
	serve_or_rest(upstream, traveller->deadline_ns, now_ns);
	return true;
}
