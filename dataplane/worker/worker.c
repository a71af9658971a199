#include <string.h>

#include "dataplane/capture/capture_tap.h"
#include "dataplane/worker/worker_private.h"
#include "dataplane/worker/worker_pressure.h"
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

/* --- one poll ---------------------------------------------------------------------------- */

static uint32_t show_available(struct rte_mempool *pool, uint64_t *gauge)
{
	uint32_t available = worker_pressure_available(pool);

	gauge_add(gauge, (int64_t)(available - *gauge));
	return available;
}

/* Before the burst that could take the last buffers is shown to the stack. */
static void look_at_buffers(struct worker *w)
{
	struct rte_mempool *rx = w->params.rx_pool, *header = w->params.header_pool;
	struct worker_counters *counters = w->params.counters;
	uint32_t rx_available = show_available(rx, &counters->mbufs_available);
	uint32_t header_available = show_available(header, &counters->header_mbufs_available);
	enum tcp_pressure pressure = worker_pressure_decide(w->pressure, rx_available, rx->size,
							    header_available, header->size);

	show_available(w->params.indirect_pool, &counters->indirect_mbufs_available);
	if (likely_true(pressure == w->pressure))
		return;
	gauge_add(&counters->mbuf_pressure, (int64_t)pressure - (int64_t)w->pressure);
	w->pressure = pressure;
	stack_set_pressure(w->stack, pressure);
	if (w->kernel)
		kernel_streams_set_pressure(w->kernel, pressure);
}

static bool receive(struct worker *w, uint64_t now_ns)
{
	bool worked = false;

	look_at_buffers(w);
	if (w->peers)
		worked |= worker_peers_begin(w->peers, now_ns);
	for (uint16_t i = 0; i < w->params.port_count; i++) {
		struct rte_mbuf *frames[RX_BURST];
		struct port *port = w->ports[i];
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
		if (unlikely_true(w->tracing != NULL))
			trace_tap_rx(w->tracing, i, frames, count);
		counter_add(&w->params.counters->rx_frames, count);
		counter_add(&w->params.counters->rx_bytes, bytes);
		if (w->peers)
			count = worker_peers_sort(w->peers, i, frames, count);
		stack_input(w->stack, i, frames, count, now_ns);
		capture_seen(w->tap);
		worked = true;
	}
	if (w->peers)
		worked |= worker_peers_receive(w->peers, now_ns);
	if (w->exceptions)
		worked |= worker_exceptions_run(w->exceptions, now_ns);
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
		if (w->peers)
			worker_peers_drain(w->peers);
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
	case MAIL_NEIGHBOUR:
		stack_learn(w->stack, &mail->neighbour, now_ns);
		break;
	case MAIL_CLAIM:
		stack_hear_of_address(w->stack, &mail->claim, now_ns);
		break;
	case MAIL_BUCKETS:
		if (w->peers)
			worker_peers_look_at_buckets(w->peers);
		break;
	case MAIL_KIND_COUNT:
		break;
	}
}

static void record_mail(const struct worker *w, const struct mail *mail)
{
	w->params.record(w->params.record_context, w->params.index, &mail->kind, sizeof(mail->kind));
	if (mail->kind == MAIL_NEIGHBOUR)
		w->params.record(w->params.record_context, w->params.index, &mail->neighbour.addr,
				 sizeof(mail->neighbour.addr));
}

static bool take_mails(struct worker *w, uint64_t now_ns)
{
	struct mail mail;
	unsigned taken = 0;

	while (taken < MAIL_A_POLL && w->visit_count < WORKER_VISITS_WAITING_MAX &&
	       mailbox_take(&w->mailbox, &mail)) {
		if (w->params.record)
			record_mail(w, &mail);
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
		sent += worker_tx_run(&w->tx[i], w->stack, w->tap, w->tracing, i, w->ports[i],
				      w->params.queue, counters, now_ns);
		bytes += counters->tx_bytes - bytes_before;
	}
	uint32_t forwarded = w->peers ? worker_peers_forward(w->peers, w->params.port_counters) : 0;

	w->tx_retry_ns = sent + forwarded > 0 || w->tx_retry_ns == 0 ? TX_RETRY_LEAST_NS :
			 w->tx_retry_ns * 2 < TX_RETRY_MOST_NS ? w->tx_retry_ns * 2 :
								  TX_RETRY_MOST_NS;
	if (sent > 0) {
		counter_add(&w->params.counters->tx_frames, sent);
		counter_add(&w->params.counters->tx_bytes, bytes);
	}
	if (w->kernel)
		sent += kernel_streams_output(w->kernel, now_ns);
	return sent + forwarded > 0;
}

static bool is_blocked(const struct worker *w)
{
	for (unsigned i = 0; i < w->params.port_count; i++)
		if (w->tx[i].count > 0)
			return true;
	return w->peers && worker_peers_are_blocked(w->peers);
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
	if (w->peers)
		deadline_ns = deadline_earlier_ns(deadline_ns, worker_peers_deadline_ns(w->peers));
	/* A blocked port must not make a spinning worker of this one. */
	if (is_blocked(w))
		return deadline_earlier_ns(deadline_ns, now_ns + w->tx_retry_ns);
	if (stack_has_work(w->stack) || gateway_has_work(w->gateway) || w->visit_count > 0 ||
	    worker_has_input(w))
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

	if (unlikely_true(w->tracing != NULL))
		w->tracing->trace.now_ns = now_ns;
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

bool worker_has_input(const struct worker *w)
{
	return !mailbox_is_empty(&w->mailbox) || (w->peers && worker_peers_have_input(w->peers)) ||
	       (w->exceptions && worker_exceptions_have_input(w->exceptions));
}

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

struct gateway *worker_gateway(struct worker *w)
{
	return w->gateway;
}

static void set_drop_watch(struct worker *w)
{
	struct drop_watch *capture = w->tap ? &w->tap->watch : NULL;

	w->trace_tap.next = capture;
	stack_set_drop_watch(w->stack, w->tracing ? &w->trace_tap.watch : capture);
}

void worker_set_tap(struct worker *w, struct capture_tap *tap)
{
	w->tap = tap;
	set_drop_watch(w);
}

void worker_set_trace(struct worker *w, unsigned place, struct trace_sink *sink, uint64_t now_ns)
{
	struct trace *trace = &w->trace_tap.trace;

	trace_set_sink(trace, place, sink);
	trace->now_ns = now_ns;
	w->tracing = trace->active ? &w->trace_tap : NULL;
	if (!trace->active)
		trace = NULL;
	stack_set_trace(w->stack, trace);
	gateway_set_trace(w->gateway, trace);
	if (w->kernel)
		kernel_streams_set_trace(w->kernel, trace);
	if (w->peers)
		worker_peers_set_trace(w->peers, w->tracing);
	set_drop_watch(w);
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

const uint32_t *worker_bucket_flows(const struct worker *w)
{
	return w->peers ? worker_peers_flows(w->peers) : NULL;
}

uint32_t worker_listen_failures(const struct worker *w)
{
	return __atomic_load_n(&w->listeners.failures, __ATOMIC_RELAXED);
}
