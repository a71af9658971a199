#include "stack/stack.h"

#include <rte_ether.h>
#include <rte_prefetch.h>
#include <stdlib.h>

#include "stack/base/prng.h"
#include "stack/ip/icmp.h"
#include "stack/ip/ip_header.h"
#include "stack/ip/ip_input.h"
#include "stack/ip/ip_layer.h"
#include "stack/ip/reassembly.h"
#include "stack/ip/resolver.h"
#include "stack/ip/udp.h"
#include "stack/link/eth.h"
#include "stack/link/frame.h"

/* Frames parsed before TCP is given what was found among them. */
#define BATCH_MAX 64
#define PREFETCH_AHEAD 4
#define NEIGHBOURS_FIRED_MAX 64
#define CONNECTIONS_FIRED_MAX 256
#define DATAGRAMS_FIRED_MAX 16
/* Of fragments that wait for others: 4 MiB are some 1,800 buffers. */
#define REASSEMBLY_DATAGRAMS_MAX 256
#define REASSEMBLY_FRAGMENTS_MAX 2048
#define REASSEMBLY_BYTES_MAX (4u << 20)

struct stack {
	struct ip_layer ip;
	struct reassembly reassembly;
	struct tcp *tcp;
	struct drop_counters *drops;
	struct trace *trace; /* NULL = nobody traces */
	bool (*pass_on)(void *context, uint16_t netif, struct rte_mbuf *frame);
	void *pass_on_context;
	struct ip_packet batch[BATCH_MAX]; /* TCP packets of the burst at hand */
	uint32_t batch_count;
};

static bool path_error(void *context, const struct flow_key *key, uint32_t sequence,
		       uint16_t mtu_bytes, uint64_t now_ns)
{
	struct stack *stack = context;

	return tcp_path_error(stack->tcp, key, sequence, mtu_bytes, now_ns);
}

static bool not_ours(void *context, const struct ip_packet *packet, bool is_syn, uint64_t now_ns)
{
	const struct stack *stack = context;

	return exception_give(&stack->ip, packet->netif, packet->mbuf,
			      is_syn ? EXCEPTION_COMMON : EXCEPTION_FAVOURED, now_ns);
}

static struct tcp *create_tcp(struct stack *stack, const struct stack_params *params, uint64_t seed)
{
	struct tcp_params tcp = {.ip = &stack->ip,
				 .netifs = params->netifs,
				 .header_pool = params->header_pool,
				 .indirect_pool = params->indirect_pool,
				 .slices = params->slices,
				 .counters = params->tcp_counters,
				 .drops = params->drops,
				 .seed = seed,
				 .connections_max = params->connections_max,
				 .timewait_max = params->timewait_max,
				 .rx_budget_bytes = params->rx_budget_bytes,
				 .tx_budget_bytes = params->tx_budget_bytes,
				 .not_ours = not_ours,
				 .not_ours_context = stack,
				 .now_ns = params->now_ns};

	return tcp_create(&tcp);
}

static bool create_reassembly(struct stack *stack, const struct stack_params *params,
			      struct prng *prng)
{
	struct reassembly_params reassembly = {.datagrams_max = REASSEMBLY_DATAGRAMS_MAX,
					       .fragments_max = REASSEMBLY_FRAGMENTS_MAX,
					       .bytes_max = REASSEMBLY_BYTES_MAX,
					       .drops = params->drops,
					       .tell = icmp_send_about_fragment,
					       .context = &stack->ip};

	reassembly.hash_key = (struct siphash_key){prng_next(prng), prng_next(prng)};
	return reassembly_create(&stack->reassembly, &reassembly);
}

struct stack *stack_create(const struct stack_params *params)
{
	struct stack *stack = calloc(1, sizeof(*stack));
	struct prng prng;

	if (!stack)
		return NULL;
	prng_seed(&prng, params->seed);
	struct ip_layer_params ip = {.netifs = params->netifs,
				     .netif_count = params->netif_count,
				     .header_pool = params->header_pool,
				     .drops = params->drops,
				     .neighbours_max = params->neighbours_max,
				     .hash_seed = (uint32_t)prng_next(&prng),
				     .path_error = path_error,
				     .path_error_context = stack,
				     .neighbour_news = params->neighbour_news,
				     .neighbour_news_context = params->neighbour_news_context,
				     .address_heard = params->address_heard,
				     .address_heard_context = params->address_heard_context,
				     .exception = params->exception,
				     .exception_context = params->exception_context,
				     .now_ns = params->now_ns};

	stack->drops = params->drops;
	stack->pass_on = params->pass_on;
	stack->pass_on_context = params->pass_on_context;
	if (!ip_layer_create(&stack->ip, &ip)) {
		free(stack);
		return NULL;
	}
	stack->tcp = create_tcp(stack, params, prng_next(&prng));
	if (stack->tcp && create_reassembly(stack, params, &prng))
		return stack;
	if (stack->tcp)
		tcp_destroy(stack->tcp);
	ip_layer_destroy(&stack->ip);
	free(stack);
	return NULL;
}

void stack_destroy(struct stack *stack)
{
	tcp_destroy(stack->tcp);
	reassembly_destroy(&stack->reassembly);
	ip_layer_destroy(&stack->ip);
	free(stack);
}

/* The parsers above IP find their headers in one piece. */
static bool headers_are_linear(const struct ip_packet *packet)
{
	uint32_t linear_bytes = (uint32_t)packet->mbuf->data_len - packet->l4_offset;

	return linear_bytes >= IP_PACKET_L4_LINEAR_BYTES || linear_bytes >= packet->l4_bytes;
}

/* What is not TCP goes up at once; takes the packet. */
static void deliver_up(struct stack *stack, const struct ip_packet *packet, uint64_t now_ns)
{
	if (packet->protocol == (packet->is_v6 ? IP_PROTOCOL_ICMP6 : IP_PROTOCOL_ICMP4)) {
		icmp_input(&stack->ip, packet, now_ns);
	} else if (packet->protocol == IP_PROTOCOL_UDP) {
		udp_input(&stack->ip, packet, now_ns);
	} else if (!exception_give(&stack->ip, packet->netif, packet->mbuf, EXCEPTION_FAVOURED, now_ns)) {
		icmp_send_unreachable(&stack->ip, packet, ICMP_UNREACHABLE_PROTOCOL, now_ns);
		ip_drop(&stack->ip, packet->mbuf, DROP_IP_PROTOCOL);
	}
}

/* A datagram on its way up; DROP_NONE when the frame has been taken. */
static enum drop_reason parse_ip(struct stack *stack, const struct ip_input_from *from, bool is_v6,
				 uint64_t now_ns)
{
	struct ip_packet *packet = &stack->batch[stack->batch_count];
	enum drop_reason reason = is_v6 ? ip6_input(&stack->ip, from, packet)
					: ip4_input(&stack->ip, from, packet);

	if (unlikely_true(reason != DROP_NONE))
		return reason == DROP_IP_NOT_FOR_US &&
				       exception_give_foreign(&stack->ip, packet, now_ns)
			       ? DROP_NONE
			       : reason;
	if (unlikely_true(packet->is_fragment)) {
		struct ip_input_from whole;

		if (!reassembly_add(&stack->reassembly, packet, &whole, now_ns))
			return DROP_NONE;
		if (stack->pass_on &&
		    stack->pass_on(stack->pass_on_context, whole.netif, whole.mbuf))
			return DROP_NONE;
		/* What comes out is no fragment, so that this is one level deep. */
		reason = parse_ip(stack, &whole, is_v6, now_ns);
		if (reason != DROP_NONE)
			ip_drop(&stack->ip, whole.mbuf, reason);
		return DROP_NONE;
	}
	if (unlikely_true(!headers_are_linear(packet)))
		return DROP_LINK_SPLIT_HEADER;
	if (likely_true(packet->protocol == IP_PROTOCOL_TCP))
		stack->batch_count++;
	else
		deliver_up(stack, packet, now_ns);
	return DROP_NONE;
}

static uint32_t stripped_tag(const struct rte_mbuf *frame)
{
	return unlikely_true(frame->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) ? frame->vlan_tci : ETH_NO_TAG;
}

static enum drop_reason arp(struct stack *stack, const struct ip_input_from *from, uint64_t now_ns)
{
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(from->mbuf, const uint8_t *, from->l3_offset);
	uint32_t length_bytes = (uint32_t)from->mbuf->data_len - from->l3_offset;
	enum drop_reason reason =
		resolver_arp_input(&stack->ip, from->netif, bytes, length_bytes, now_ns);

	if (reason != DROP_NONE)
		return reason;
	if (!exception_wants_arp(&stack->ip, from->netif, bytes, length_bytes) ||
	    !exception_give(&stack->ip, from->netif, from->mbuf, EXCEPTION_FAVOURED, now_ns))
		rte_pktmbuf_free(from->mbuf);
	return DROP_NONE;
}

/* No IP, or for a group that we did not join: DROP_NONE when the kernel has it. */
static enum drop_reason give_or(struct stack *stack, uint16_t netif, struct rte_mbuf *frame,
				enum drop_reason reason, uint64_t now_ns)
{
	return exception_give(&stack->ip, netif, frame, EXCEPTION_FAVOURED, now_ns) ? DROP_NONE : reason;
}

/* Returns DROP_NONE when the frame has been taken. */
static enum drop_reason parse_frame(struct stack *stack, uint16_t netif, struct rte_mbuf *frame,
				    uint64_t now_ns)
{
	struct eth_frame eth;

	/* What does not fit any more is found missing by the parsers. */
	if (unlikely_true(frame->nb_segs > 1 && !frame_pull_up(frame, FRAME_HEADERS_BYTES)))
		return DROP_LINK_SPLIT_HEADER;
	const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);
	enum drop_reason reason = eth_parse(&stack->ip.netifs[netif], bytes, frame->data_len,
					    stripped_tag(frame), &eth);

	if (unlikely_true(reason != DROP_NONE))
		return reason == DROP_LINK_NOT_FOR_US && eth.is_group && eth.is_of_vlan
			       ? give_or(stack, netif, frame, reason, now_ns)
			       : reason;
	struct ip_input_from from = {.mbuf = frame, .netif = netif, .l3_offset = eth.payload_bytes,
				     .link_group = eth.is_group};

	switch (eth.type) {
	case ETH_TYPE_IP4:
		return parse_ip(stack, &from, false, now_ns);
	case ETH_TYPE_IP6:
		return parse_ip(stack, &from, true, now_ns);
	case ETH_TYPE_ARP:
		return arp(stack, &from, now_ns);
	default:
		return give_or(stack, netif, frame, DROP_LINK_ETHERTYPE, now_ns);
	}
}

/* What IP lets pass to TCP, for those who trace. */
static COLD_CALL void trace_batch(struct stack *stack)
{
	for (uint32_t i = 0; i < stack->batch_count; i++) {
		const struct ip_packet *packet = &stack->batch[i];
		const uint8_t *l4 = rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *,
							    packet->l4_offset);
		char from[IP_ADDR_TEXT_BYTES], to[IP_ADDR_TEXT_BYTES];

		if (packet->l4_bytes < 4)
			continue;
		struct flow_key key = {.local = packet->destination,
				       .remote = packet->source,
				       .local_port = (uint16_t)(l4[2] << 8 | l4[3]),
				       .remote_port = (uint16_t)(l4[0] << 8 | l4[1]),
				       .vrf = packet->vrf};

		TRACE(stack->trace, trace_flow(stack->trace, &key), IP_TAKEN, .n = {packet->l4_bytes},
		      .t = {trace_text(ip_addr_format(&key.remote, from, sizeof(from))),
			    trace_text(ip_addr_format(&key.local, to, sizeof(to)))});
	}
}

static void input_batch(struct stack *stack, uint16_t netif, struct rte_mbuf **frames,
			uint32_t count, uint64_t now_ns)
{
	stack->batch_count = 0;
	for (uint32_t i = 0; i < count && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
	for (uint32_t i = 0; i < count; i++) {
		if (i + PREFETCH_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(frames[i + PREFETCH_AHEAD], void *));
		enum drop_reason reason = parse_frame(stack, netif, frames[i], now_ns);

		if (unlikely_true(reason != DROP_NONE))
			ip_drop(&stack->ip, frames[i], reason);
	}
	if (unlikely_true(stack->trace != NULL))
		trace_batch(stack);
	if (stack->batch_count > 0)
		tcp_input(stack->tcp, stack->batch, stack->batch_count, now_ns);
}

void stack_input(struct stack *stack, uint16_t netif, struct rte_mbuf **frames, uint32_t count,
		 uint64_t now_ns)
{
	for (uint32_t done = 0; done < count; done += BATCH_MAX)
		input_batch(stack, netif, frames + done,
			    count - done < BATCH_MAX ? count - done : BATCH_MAX, now_ns);
}

/* A segment may leave on any interface: no more are asked for than the fullest queue can hold. */
static uint32_t data_room(const struct stack *stack)
{
	uint32_t room = TX_QUEUE_DATA_MAX;

	for (unsigned i = 0; i < stack->ip.netif_count; i++) {
		uint32_t here = tx_queue_data_room(&stack->ip.tx[i]);

		room = here < room ? here : room;
	}
	return room;
}

uint32_t stack_output(struct stack *stack, uint16_t netif, struct rte_mbuf **frames, uint32_t max,
		      uint64_t now_ns)
{
	struct tx_queue *queue = &stack->ip.tx[netif];
	uint32_t count = tx_queue_take(queue, frames, max);

	if (count < max) {
		uint32_t room = data_room(stack);
		uint32_t wanted = max - count < room ? max - count : room;

		if (wanted > 0 && tcp_output(stack->tcp, wanted, now_ns) > 0)
			count += tx_queue_take(queue, frames + count, max - count);
	}
	return count;
}

uint32_t stack_send_room(const struct stack *stack, uint16_t netif)
{
	return tx_queue_data_room(&stack->ip.tx[netif]);
}

void stack_send(struct stack *stack, uint16_t netif, struct rte_mbuf *frame)
{
	uint16_t vlan = stack->ip.netifs[netif].vlan;

	frame->vlan_tci = vlan;
	if ((vlan && rte_vlan_insert(&frame) != 0) || !tx_queue_push_data(&stack->ip.tx[netif], frame))
		ip_drop(&stack->ip, frame, DROP_TX_QUEUE_FULL);
}

uint64_t stack_deadline_ns(const struct stack *stack)
{
	uint64_t waiting_ns = deadline_earlier_ns(reassembly_deadline_ns(&stack->reassembly),
						  dad_deadline_ns(&stack->ip.dad));

	return deadline_earlier_ns(deadline_earlier_ns(wheel_deadline_ns(&stack->ip.neighbours.wheel),
						       tcp_deadline_ns(stack->tcp)),
				   waiting_ns);
}

uint32_t stack_expire(struct stack *stack, uint64_t now_ns)
{
	return wheel_expire(&stack->ip.neighbours.wheel, now_ns, NEIGHBOURS_FIRED_MAX) +
	       dad_expire(&stack->ip, now_ns) +
	       reassembly_expire(&stack->reassembly, now_ns, DATAGRAMS_FIRED_MAX) +
	       tcp_expire(stack->tcp, now_ns, CONNECTIONS_FIRED_MAX);
}

uint32_t stack_deliver(struct stack *stack, uint64_t now_ns)
{
	return tcp_deliver(stack->tcp, now_ns);
}

bool stack_has_work(const struct stack *stack)
{
	for (unsigned i = 0; i < stack->ip.netif_count; i++)
		if (!tx_queue_is_empty(&stack->ip.tx[i]))
			return true;
	return tcp_has_work(stack->tcp);
}

void stack_set_pressure(struct stack *stack, enum tcp_pressure pressure)
{
	tcp_set_pressure(stack->tcp, pressure);
}

void stack_set_drop_watch(struct stack *stack, struct drop_watch *watch)
{
	stack->ip.drop_watch = watch;
	tcp_set_drop_watch(stack->tcp, watch);
}

void stack_set_trace(struct stack *stack, struct trace *trace)
{
	stack->trace = trace;
	tcp_set_trace(stack->tcp, trace);
}

struct tcp *stack_tcp(struct stack *stack)
{
	return stack->tcp;
}

const struct ip_layer *stack_ip(const struct stack *stack)
{
	return &stack->ip;
}

void stack_learn(struct stack *stack, const struct neighbour_news *news, uint64_t now_ns)
{
	neighbour_import(&stack->ip.neighbours, news, now_ns);
}

void stack_announce(struct stack *stack, uint64_t now_ns)
{
	dad_start(&stack->ip, now_ns);
}

void stack_follow_addresses(struct stack *stack)
{
	dad_follow(&stack->ip);
}

void stack_hear_of_address(struct stack *stack, const struct dad_news *news, uint64_t now_ns)
{
	dad_heard(&stack->ip, news->netif, news->index, news->mac, (enum dad_word)news->word, now_ns);
}

void stack_set_address_state(struct stack *stack, uint16_t netif, unsigned index,
			     enum netif_address_state state)
{
	stack->ip.netifs[netif].address_states[index] = (uint8_t)state;
}
