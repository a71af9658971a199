#include "dataplane/worker/worker.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/capture/capture_tap.h"
#include "dataplane/counters/worker_counters.h"
#include "dataplane/kernel_stream/kernel_streams.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/worker_listeners.h"
#include "dataplane/worker/worker_pressure.h"
#include "dataplane/worker/worker_tx.h"
#include "stack/base/time.h"

#define RX_BURST 64
/* Bounds of one poll: each kind of work gets its share, what is left waits for the next poll. */
#define MAIL_A_POLL 16
#define TIMERS_A_POLL 256
#define VISITS_A_POLL 256
#define SERVE_ROUNDS 8
/* How soon a port that took nothing is offered its frames again: sooner at first, for a full ring
 * drains in no time and a peer that is not there (memif) may take days to come. */
#define TX_RETRY_LEAST_NS (50 * NS_PER_US)
#define TX_RETRY_MOST_NS (5 * NS_PER_MS)
#define VISITS_WAITING_MAX 8

struct worker {
	struct worker_params params;
	struct slice_pool slices;
	struct stack *stack;
	struct kernel_streams *kernel; /* NULL: there are none */
	struct stream_opener opener;
	struct gateway *gateway;
	struct config_holds holds;
	struct worker_visit *visits[VISITS_WAITING_MAX];
	uint32_t visit_count;
	bool draining;
	enum tcp_pressure pressure;
	uint64_t tx_retry_ns;
	struct capture_tap *tap; /* NULL = no capture runs */
	struct worker_tx tx[WORKER_PORTS_MAX];
	struct netif netifs[WORKER_PORTS_MAX];
	struct worker_listeners listeners;
	struct mailbox mailbox;
	/* Read by other threads; written only when it changes. */
	uint64_t config_version CACHE_ALIGNED;
	uint64_t new_config_version;
	bool drained;
};

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

static bool create_parts(struct worker *w)
{
	const struct worker_params *p = &w->params;

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
		.now_ns = p->now_ns,
	};
	w->stack = stack_create(&stack);
	if (!w->stack || !create_kernel(w, stack.rx_budget_bytes))
		return false;
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
		free(w);
		return NULL;
	}
	worker_listeners_init(&w->listeners, stack_tcp(w->stack), w->gateway, &w->holds);
	w->listeners.kernel = w->kernel;
	w->listeners.has_ports = params->port_count > 0;
	stack_announce(w->stack, params->now_ns);
	return w;
}

void worker_destroy(struct worker *w)
{
	worker_listeners_clear(&w->listeners, w->params.now_ns);
	gateway_destroy(w->gateway);
	for (unsigned i = 0; i < w->params.port_count; i++)
		worker_tx_clear(&w->tx[i], w->params.drops);
	if (w->kernel)
		kernel_streams_destroy(w->kernel);
	stack_destroy(w->stack);
	slice_pool_destroy(&w->slices);
	free(w);
}

/* --- one poll ---------------------------------------------------------------------------- */

/* Before the burst that could take the last buffers is shown to the stack. */
static void look_at_buffers(struct worker *w)
{
	struct rte_mempool *rx = w->params.rx_pool, *header = w->params.header_pool;
	uint32_t available = worker_pressure_available(rx);
	enum tcp_pressure pressure =
		worker_pressure_decide(w->pressure, available, rx->size,
				       worker_pressure_available(header), header->size);

	gauge_add(&w->params.counters->mbufs_available,
		  (int64_t)(available - w->params.counters->mbufs_available));
	if (likely_true(pressure == w->pressure))
		return;
	gauge_add(&w->params.counters->mbuf_pressure, (int64_t)pressure - (int64_t)w->pressure);
	w->pressure = pressure;
	stack_set_pressure(w->stack, pressure);
	if (w->kernel)
		kernel_streams_set_pressure(w->kernel, pressure);
}

static bool receive(struct worker *w, uint64_t now_ns)
{
	bool worked = false;

	look_at_buffers(w);

	for (uint16_t i = 0; i < w->params.port_count; i++) {
		struct rte_mbuf *frames[RX_BURST];
		struct port *port = w->params.ports[i];
		struct port_counters *counters = w->params.port_counters[i];
		uint32_t count = port->ops->rx(port, w->params.queue, frames, RX_BURST);
		uint64_t bytes = 0;

		if (count == 0)
			continue;
		for (uint32_t k = 0; k < count; k++)
			bytes += frames[k]->pkt_len;
		counter_add(&counters->rx_frames, count);
		counter_add(&counters->rx_bytes, bytes);
		counter_inc(&counters->rx_bursts);
		capture_see(w->tap, i, CAPTURE_RX, frames, count, now_ns);
		counter_add(&w->params.counters->rx_frames, count);
		counter_add(&w->params.counters->rx_bytes, bytes);
		stack_input(w->stack, i, frames, count, now_ns);
		capture_seen(w->tap);
		worked = true;
	}
	if (w->kernel && kernel_streams_input(w->kernel, now_ns) > 0)
		worked = true;
	return worked;
}

static void take_config(struct worker *w, const struct config *config, uint64_t now_ns)
{
	gateway_set_config(w->gateway, config, now_ns);
	worker_listeners_update(&w->listeners, config, now_ns);
	w->new_config_version = config->version;
	counter_inc(&w->params.counters->config_switches);
	gauge_add(&w->params.counters->config_version,
		  (int64_t)(config->version - w->params.counters->config_version));
}

static void take_mail(struct worker *w, const struct mail *mail, uint64_t now_ns)
{
	switch (mail->kind) {
	case MAIL_CONFIG:
		take_config(w, mail->config, now_ns);
		break;
	case MAIL_DRAIN:
		w->draining = true;
		worker_listeners_drain(&w->listeners, now_ns);
		gateway_drain(w->gateway, GATEWAY_DRAIN_ALL, now_ns);
		break;
	case MAIL_ASK_TO_GO:
		gateway_drain(w->gateway, mail->directions, now_ns);
		break;
	case MAIL_VISIT:
		/* Not more can be waiting: take_mails stops before that. */
		w->visits[w->visit_count++] = mail->visit;
		break;
	case MAIL_CALL:
		mail->call->run(mail->call->context, w, now_ns);
		__atomic_store_n(&mail->call->done, true, __ATOMIC_RELEASE);
		break;
	case MAIL_ADDRESS:
		stack_set_address_state(w->stack, mail->address.netif, mail->address.index,
					(enum netif_address_state)mail->address.state);
		break;
	case MAIL_KIND_COUNT:
		break;
	}
}

static bool take_mails(struct worker *w, uint64_t now_ns)
{
	struct mail mail;
	unsigned taken = 0;

	while (taken < MAIL_A_POLL && w->visit_count < VISITS_WAITING_MAX &&
	       mailbox_take(&w->mailbox, &mail)) {
		take_mail(w, &mail, now_ns);
		taken++;
	}
	counter_add(&w->params.counters->mailbox_messages, taken);
	return taken > 0;
}

static bool visit_connections(struct worker *w)
{
	struct worker_visit *visit;

	if (w->visit_count == 0)
		return false;
	visit = w->visits[0];
	if (!visit->kernel)
		tcp_visit(stack_tcp(w->stack), &visit->cursor, VISITS_A_POLL, visit->visit,
			  visit->context);
	else
		kernel_streams_visit(w->kernel, &visit->cursor, VISITS_A_POLL, visit->visit,
				     visit->context);
	if (visit->cursor == 0 && w->kernel && !visit->kernel) {
		visit->kernel = true;
	} else if (visit->cursor == 0) {
		w->visit_count--;
		memmove(w->visits, w->visits + 1, w->visit_count * sizeof(w->visits[0]));
		__atomic_store_n(&visit->done, true, __ATOMIC_RELEASE);
	}
	return true;
}

static bool expire(struct worker *w, uint64_t now_ns)
{
	uint32_t fired = 0;

	if (stack_deadline_ns(w->stack) <= now_ns)
		fired += stack_expire(w->stack, now_ns);
	if (w->kernel && kernel_streams_deadline_ns(w->kernel) <= now_ns)
		fired += kernel_streams_expire(w->kernel, now_ns, TIMERS_A_POLL);
	if (gateway_deadline_ns(w->gateway) <= now_ns)
		fired += gateway_expire(w->gateway, now_ns, TIMERS_A_POLL);
	return fired > 0;
}

/* Events make work and work makes events: some rounds now, the rest in the next poll. */
static bool serve(struct worker *w, uint64_t now_ns)
{
	bool worked = false;

	for (int round = 0; round < SERVE_ROUNDS; round++) {
		uint32_t served = stack_deliver(w->stack, now_ns);

		if (w->kernel)
			served += kernel_streams_deliver(w->kernel, now_ns);
		served += gateway_run(w->gateway, now_ns);
		if (served == 0)
			break;
		worked = true;
	}
	return worked;
}

static bool transmit(struct worker *w, uint64_t now_ns)
{
	uint32_t sent = 0;
	uint64_t bytes_before, bytes = 0;

	for (uint16_t i = 0; i < w->params.port_count; i++) {
		struct port_counters *counters = w->params.port_counters[i];

		bytes_before = counters->tx_bytes;
		sent += worker_tx_run(&w->tx[i], w->stack, w->tap, i, w->params.ports[i], w->params.queue,
				      counters, now_ns);
		bytes += counters->tx_bytes - bytes_before;
	}
	w->tx_retry_ns = sent > 0 || w->tx_retry_ns == 0 ? TX_RETRY_LEAST_NS :
			 w->tx_retry_ns * 2 < TX_RETRY_MOST_NS ? w->tx_retry_ns * 2 :
								  TX_RETRY_MOST_NS;
	if (sent > 0) {
		counter_add(&w->params.counters->tx_frames, sent);
		counter_add(&w->params.counters->tx_bytes, bytes);
	}
	if (w->kernel)
		sent += kernel_streams_output(w->kernel, now_ns);
	return sent > 0;
}

static uint64_t next_deadline_ns(const struct worker *w, uint64_t now_ns)
{
	uint64_t deadline_ns = deadline_earlier_ns(stack_deadline_ns(w->stack),
						   gateway_deadline_ns(w->gateway));

	if (w->kernel) {
		if (kernel_streams_has_work(w->kernel))
			return now_ns;
		deadline_ns = deadline_earlier_ns(deadline_ns,
						  kernel_streams_deadline_ns(w->kernel));
	}
	/* A blocked port must not make a spinning worker of this one. */
	for (unsigned i = 0; i < w->params.port_count; i++)
		if (w->tx[i].count > 0)
			return deadline_earlier_ns(deadline_ns, now_ns + w->tx_retry_ns);
	if (stack_has_work(w->stack) || gateway_has_work(w->gateway) || w->visit_count > 0 ||
	    !mailbox_is_empty(&w->mailbox))
		return now_ns;
	return deadline_ns;
}

/* The end of a poll is the quiescent moment: nothing found through a root is kept but by holds. */
static void report(struct worker *w)
{
	if (w->new_config_version != w->config_version)
		__atomic_store_n(&w->config_version, w->new_config_version, __ATOMIC_RELEASE);
	if (w->draining && !w->drained && gateway_connections(w->gateway) == 0)
		__atomic_store_n(&w->drained, true, __ATOMIC_RELEASE);
	gauge_add(&w->params.counters->gateway_connections,
		  (int64_t)(gateway_connections(w->gateway) -
			    w->params.counters->gateway_connections));
}

struct worker_result worker_poll(struct worker *w, uint64_t now_ns)
{
	struct worker_result result = {0};

	result.worked |= receive(w, now_ns);
	result.worked |= take_mails(w, now_ns);
	result.worked |= visit_connections(w);
	result.worked |= expire(w, now_ns);
	result.worked |= serve(w, now_ns);
	result.worked |= transmit(w, now_ns);
	report(w);
	result.deadline_ns = next_deadline_ns(w, now_ns);
	return result;
}

/* --- looking ----------------------------------------------------------------------------- */

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

struct gateway *worker_gateway(struct worker *w)
{
	return w->gateway;
}

void worker_set_tap(struct worker *w, struct capture_tap *tap)
{
	w->tap = tap;
	stack_set_drop_watch(w->stack, tap ? &tap->watch : NULL);
}

struct stack *worker_stack(struct worker *w)
{
	return w->stack;
}

const uint64_t *worker_config_version(const struct worker *w)
{
	return &w->config_version;
}

bool worker_is_drained(const struct worker *w)
{
	return __atomic_load_n(&w->drained, __ATOMIC_ACQUIRE);
}

uint32_t worker_listen_failures(const struct worker *w)
{
	return __atomic_load_n(&w->listeners.failures, __ATOMIC_RELAXED);
}
