/* Boot and end of a worker: all its memory. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/worker/worker_private.h"

/* Loopback addresses and Unix sockets are the kernel's, all others the stack's; without a port there
 * is nobody else than the kernel. */
static struct stream *open_stream(struct stream_opener *self, const struct stream_target *target,
				  enum stream_failure *why, uint64_t now_ns)
{
	struct worker *w = container_of_member(self, struct worker, opener);
	struct stream_opener *opener = tcp_opener(stack_tcp(w->stack));

	if (target->pipe || ip_addr_is_loopback(&target->remote) || w->params.port_count == 0) {
		if (!w->kernel) {
			*why = STREAM_FAILURE_NO_ROUTE;
			return NULL;
		}
		opener = kernel_opener(w->kernel);
	}
	return opener->open(opener, target, why, now_ns);
}

static bool create_kernel(struct worker *w, uint32_t budget_bytes)
{
	struct kernel_streams_params params = {
		.io = w->params.kernel,
		.rx_pool = w->params.rx_pool,
		.slices = &w->slices,
		.counters = w->params.counters,
		.connections_max = w->params.connections_max,
		.budget_bytes = budget_bytes,
		.now_ns = w->params.now_ns,
	};

	if (!w->params.kernel)
		return true;
	w->kernel = kernel_streams_create(&params);
	return w->kernel != NULL;
}

/* One for all workers: they share the addresses. */
static bool is_announcer(const struct worker_params *params)
{
	return !params->fabric || params->index == WORKER_ANNOUNCER;
}

static bool create_parts(struct worker *w)
{
	const struct worker_params *p = &w->params;

	for (unsigned i = 0; i < p->port_count; i++)
		w->ports[i] = p->ports[i];
	if (p->fabric) {
		w->peers = worker_peers_create(p, w->netifs);
		if (!w->peers)
			return false;
	}
	if (p->exceptions) {
		w->exceptions = worker_exceptions_create(p, w->netifs);
		if (!w->exceptions)
			return false;
	}
	if (!slice_pool_create(&w->slices, p->slices_max))
		return false;
	struct stack_params stack = {
		.netifs = w->netifs,
		.netif_count = p->port_count,
		.header_pool = p->header_pool,
		.indirect_pool = p->indirect_pool,
		.slices = &w->slices,
		.tcp_counters = p->tcp_counters,
		.drops = p->drops,
		.seed = p->seed,
		.neighbours_max = 1024,
		.connections_max = p->connections_max,
		.timewait_max = p->timewait_max,
		.rx_budget_bytes = p->stream_budget_bytes ? p->stream_budget_bytes : 1u << 20,
		.tx_budget_bytes = p->stream_budget_bytes ? p->stream_budget_bytes : 1u << 20,
		.neighbour_news = w->peers ? worker_peers_tell : NULL,
		.neighbour_news_context = w->peers,
		.address_heard = w->peers && !is_announcer(p) ? worker_peers_tell_announcer : NULL,
		.address_heard_context = w->peers,
		.pass_on = w->peers ? worker_peers_pass_on : NULL,
		.pass_on_context = w->peers,
		.exception = worker_exceptions_give,
		.exception_context = w->exceptions,
		.now_ns = p->now_ns,
	};
	w->stack = stack_create(&stack);
	if (!w->stack || !create_kernel(w, stack.rx_budget_bytes))
		return false;
	if (w->peers)
		worker_peers_start(w->peers, w->stack, w->ports);
	if (w->exceptions)
		worker_exceptions_start(w->exceptions, w->stack);
	if (p->kernel_port_last > 0)
		tcp_leave_ports(stack_tcp(w->stack), p->kernel_port_first, p->kernel_port_last);
	w->opener.open = open_stream;
	struct gateway_params gateway = {
		.opener = &w->opener,
		.header_pool = p->header_pool,
		.slices = &w->slices,
		.holds = &w->holds,
		.stats = p->stats,
		.log = p->log,
		.seed = p->seed ^ UINT64_C(0x9e3779b97f4a7c15),
		.now_ns = p->now_ns,
		.wall_offset_ns = p->wall_offset_ns,
		.connections_max = p->connections_max,
		.upstreams_max = p->connections_max,
		.exchanges_max = p->connections_max,
		.arena_chunks_max = p->connections_max,
	};
	w->gateway = gateway_create(&gateway);
	if (w->gateway && w->peers)
		worker_peers_join(w->peers, w->gateway);
	return w->gateway != NULL;
}

struct worker *worker_create(const struct worker_params *params)
{
	struct worker *w;

	if (params->port_count > WORKER_PORTS_MAX)
		return NULL;
	w = aligned_alloc(CACHE_LINE_BYTES,
			  (sizeof(*w) + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES);
	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->params = *params;
	w->holds = params->holds;
	if (!w->params.rx_pool)
		w->params.rx_pool = params->header_pool;
	gauge_add(&params->counters->mbufs_capacity, w->params.rx_pool->size);
	for (unsigned i = 0; i < params->port_count; i++)
		w->netifs[i] = params->ports[i]->netif;
	mailbox_init(&w->mailbox);
	w->mailbox.doorbell = params->doorbell;
	if (!create_parts(w)) {
		if (w->kernel)
			kernel_streams_destroy(w->kernel);
		if (w->stack)
			stack_destroy(w->stack);
		if (w->slices.nodes)
			slice_pool_destroy(&w->slices);
		worker_peers_destroy(w->peers);
		worker_exceptions_destroy(w->exceptions);
		free(w);
		return NULL;
	}
	worker_listeners_init(&w->listeners, stack_tcp(w->stack), w->gateway, &w->holds);
	w->listeners.kernel = w->kernel;
	trace_tap_init(&w->trace_tap, stack_tcp(w->stack), w->netifs);
	w->listeners.has_ports = params->port_count > 0;
	if (is_announcer(params))
		stack_announce(w->stack, params->now_ns);
	else
		stack_follow_addresses(w->stack);
	return w;
}

void worker_destroy(struct worker *w)
{
	if (w->peers)
		worker_peers_stop(w->peers, w->params.now_ns);
	worker_listeners_clear(&w->listeners, w->params.now_ns);
	gateway_destroy(w->gateway);
	for (unsigned i = 0; i < w->params.port_count; i++)
		worker_tx_clear(&w->tx[i], w->params.drops);
	if (w->kernel)
		kernel_streams_destroy(w->kernel);
	stack_destroy(w->stack);
	slice_pool_destroy(&w->slices);
	worker_peers_destroy(w->peers);
	worker_exceptions_destroy(w->exceptions);
	free(w);
}
