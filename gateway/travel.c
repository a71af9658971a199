#include "gateway/travel.h"

#include "gateway/cluster/pool.h"
#include "gateway/http1/h1_server.h"

bool gateway_may_travel(const struct stream *stream)
{
	if (pool_owns(stream))
		return pool_may_travel(stream->owner);
	return h1_server_owns(stream) && h1_server_may_travel(stream->owner);
}

void gateway_suspend(struct stream *stream, struct gateway_traveller *out)
{
	if (pool_owns(stream))
		pool_suspend(stream->owner, out);
	else
		h1_server_suspend(stream->owner, out);
}

void gateway_forget(struct stream *stream, uint64_t now_ns)
{
	if (pool_owns(stream))
		pool_forget(stream->owner, now_ns);
	else
		h1_server_forget(stream->owner);
	stream->owner = NULL;
	stream->owner_ops = NULL;
}

void gateway_resume(struct stream *stream, uint64_t now_ns)
{
	if (pool_owns(stream))
		pool_resume(stream->owner, now_ns);
	else
		h1_server_resume(stream->owner, now_ns);
}

bool gateway_arrive(struct gateway *gateway, const struct gateway_traveller *traveller,
		    struct stream *stream, uint64_t now_ns)
{
	/* An older one may not know the listener yet, and would ask the client to go. */
	if (!gateway->config || gateway->config->version < traveller->config_version)
		return false;
	return traveller->listener ? h1_server_arrive(gateway, traveller, stream, now_ns)
				   : pool_arrive(gateway, traveller, stream, now_ns);
}

void gateway_watch_idle(struct gateway *gateway,
			void (*watch)(void *context, struct stream *stream), void *context)
{
	gateway->idle_watch = watch;
	gateway->idle_watch_context = context;
}
