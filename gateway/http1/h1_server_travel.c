/* An idle connection goes to another worker. */
#include "gateway/http1/h1_server.h"
#include "stack/base/planted.h"

bool h1_server_owns(const struct stream *stream)
{
	return stream->owner_ops == &h1_server_owner_ops;
}

bool h1_server_may_travel(const struct h1_server *server)
{
	return server->state == H1_SERVER_IDLE && !server->stream->rx.bytes && !server->peer_ended &&
	       !server->work.queued;
}

static void count_active(struct h1_server *server, int change)
{
	struct http_stats *stats = h1_server_stats(server);

	gauge_add(&stats->downstream_cx_active, change);
	gauge_add(&stats->downstream_cx_http1_active, change);
	gauge_add(&stats_listener(server->gateway, server->listener->stat_slot)->downstream_cx_active,
		  change);
}

void h1_server_suspend(struct h1_server *server, struct gateway_traveller *out)
{
	struct gateway *gateway = server->gateway;

	count_received(server->stream, &server->rx_counted_bytes,
		       &h1_server_stats(server)->downstream_cx_rx_bytes_total);
	*out = (struct gateway_traveller){
		.listener = server->listener,
		.hcm = server->hcm,
		.config_version = gateway->config ? gateway->config->version : 0,
		.opened_ns = server->opened_ns,
		.deadline_ns = server->deadline_ns,
		.requests = server->requests,
		.rx_counted_bytes = server->rx_counted_bytes,
	};
	gateway_timer_stop(gateway, &server->timer);
	server->state = H1_SERVER_AWAY;
	if (!PLANTED(TRAVELLER_COUNTED_TWICE))
		count_active(server, -1);
}

/* A drain that began meanwhile has not asked it to go. */
static void become_idle(struct h1_server *server, uint64_t deadline_ns, uint64_t now_ns)
{
	server->state = H1_SERVER_IDLE;
	count_active(server, 1);
	h1_server_deadline(server, deadline_ns);
	if (gateway_drains(server->gateway, server->listener))
		h1_server_drain(server, now_ns);
}

void h1_server_resume(struct h1_server *server, uint64_t now_ns)
{
	become_idle(server, server->deadline_ns, now_ns);
}

void h1_server_forget(struct h1_server *server)
{
	struct gateway *gateway = server->gateway;

	if (!PLANTED(TRAVELLER_HOLD_LEAK))
		config_release(gateway->params.holds, &server->listener->object);
	list_remove(&server->in_gateway);
	pool_give(&gateway->downstreams, server);
}

bool h1_server_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
		      struct stream *stream, uint64_t now_ns)
{
	struct h1_server *server =
		h1_server_make(gateway, traveller->listener, traveller->hcm, stream);

	if (!server)
		return false;
	config_take_over(gateway->params.holds, &traveller->listener->object);
	server->opened_ns = traveller->opened_ns;
	server->requests = traveller->requests;
	server->rx_counted_bytes = traveller->rx_counted_bytes;
	become_idle(server, traveller->deadline_ns, now_ns);
	return true;
}
