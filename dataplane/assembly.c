#include "dataplane/assembly.h"

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/clock.h"
#include "dataplane/logger.h"
#include "dataplane/worker/reta_plan.h"
#include "dataplane/worker/worker_exceptions.h"
#include "stack/base/time.h"

/* What one buffer takes in its pool beside its data, header and padding included. */
#define BUFFER_EXTRA_BYTES 256
#define INDIRECT_BYTES 256
#define POOL_CACHE 256
#define CONFIG_OBJECTS_MAX (1u << 18)
#define CONFIG_IDS_MAX (1u << 16)

/* rte_pktmbuf_pool_create, but for one flag: without hugepages DPDK would give every buffer a 4 KiB
 * page of its own, for the sake of devices that we do not have there. */
static struct rte_mempool *make_mbufs(const char *name, uint32_t count, uint16_t room, bool hugepages,
				      int node)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, count, sizeof(struct rte_mbuf) + room, POOL_CACHE, sizeof(private),
		node, hugepages ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) != 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

/* Where there are several memory nodes (NUMA): that of the worker's CPU. */
static int node_of(const struct assembly *a, unsigned worker)
{
	return a->plan.hugepages && rte_socket_count() > 1 ?
		       (int)rte_lcore_to_socket_id(a->plan.worker_lcores[worker]) :
		       SOCKET_ID_ANY;
}

/* Near the worker of this index, if there is room. */
static struct rte_mempool *make_pool(const struct assembly *a, const char *kind, unsigned index,
				     uint32_t count, uint16_t room, struct why *why)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	int node = node_of(a, index);

	snprintf(name, sizeof(name), "%s%u", kind, index);
	struct rte_mempool *pool = make_mbufs(name, count, room, a->plan.hugepages, node);

	if (!pool && node != SOCKET_ID_ANY) {
		log_warning("main", "packet buffers of worker %u do not fit the memory of its node %d; it "
				    "will work with memory of another, slower", index, node);
		pool = make_mbufs(name, count, room, a->plan.hugepages, SOCKET_ID_ANY);
	}
	if (!pool)
		why_set(why, "no memory for %u packet buffers; raise hydrofoil.memory.mib or lower "
			     "the number of workers", count);
	return pool;
}

/* Ports share the buffers: the largest frame of any of them fits. */
static uint16_t data_room_bytes(const struct dataplane_settings *settings)
{
	uint16_t most = port_buffer_bytes(0);

	for (unsigned i = 0; i < settings->port_count; i++) {
		uint16_t bytes = port_buffer_bytes(settings->ports[i].mtu_bytes);

		most = bytes > most ? bytes : most;
	}
	return (uint16_t)(most + RTE_PKTMBUF_HEADROOM);
}

/* Memory is shared out: 5/8 receive, 2/8 heads and copies, 1/16 references, the rest is for what
 * pools need beside their buffers. */
static bool make_pools(struct assembly *a, struct why *why)
{
	uint64_t bytes = (uint64_t)a->settings.memory_mib << 20;
	uint16_t room = data_room_bytes(&a->settings);
	uint32_t buffer_bytes = room + (uint32_t)BUFFER_EXTRA_BYTES;
	uint32_t headers = (uint32_t)(bytes * 2 / 8 / buffer_bytes / a->settings.workers);
	uint32_t references = (uint32_t)(bytes / 16 / INDIRECT_BYTES / a->settings.workers);

	a->rx_pool = make_pool(a, "rx", 0, (uint32_t)(bytes * 5 / 8 / buffer_bytes),
			       room, why);
	if (!a->rx_pool)
		return false;
	for (unsigned i = 0; i < a->settings.workers; i++) {
		a->workers[i].header_pool = make_pool(a, "head", i, headers, room, why);
		a->workers[i].indirect_pool = make_pool(a, "ref", i, references, 0, why);
		if (!a->workers[i].header_pool || !a->workers[i].indirect_pool)
			return false;
	}
	return true;
}

static void describe_port(const struct port *port, const struct port_settings *settings)
{
	char addresses[512] = "", text[IP_ADDR_TEXT_BYTES];
	const uint8_t *m = port->netif.mac;
	size_t n = 0;

	for (unsigned i = 0; i < port->netif.address_count && n < sizeof(addresses); i++)
		n += (size_t)snprintf(addresses + n, sizeof(addresses) - n, " %s/%u",
				      ip_addr_format(&port->netif.addresses[i].addr, text, sizeof(text)),
				      port->netif.addresses[i].prefix_bits);
	log_info("port", "%s: %s %s, MAC %02x:%02x:%02x:%02x:%02x:%02x, MTU %u,%s%s%s", settings->name,
		 port_kind_name(settings->kind), settings->device, m[0], m[1], m[2], m[3], m[4], m[5],
		 port->netif.mtu_bytes, addresses[0] ? addresses : " no address",
		 port->netif.tx_multi_segment ? "" : ", frames linearised",
		 port->wait_fd < 0 ? ", rests by naps" : "");
	log_info("port", "%s: %s", settings->name,
		 port_caps_format(&port->caps, addresses, sizeof(addresses)));
}

static void describe_cpus(const struct eal_plan *plan)
{
	struct cpu_list workers = {.count = plan->worker_count};
	char of_workers[256], of_others[256];

	memcpy(workers.cpus, plan->worker_cpus, plan->worker_count * sizeof(workers.cpus[0]));
	log_info("main", "workers on CPUs %s, all other threads on %s",
		 cpu_list_format(&workers, of_workers, sizeof(of_workers)),
		 cpu_list_format(&plan->main_cpus, of_others, sizeof(of_others)));
}

static bool open_ports(struct assembly *a, struct why *why)
{
	for (unsigned i = 0; i < a->settings.port_count; i++) {
		if (!port_open(&a->ports[i], &a->settings.ports[i], i, a->settings.workers, a->rx_pool,
			       why))
			return false;
		a->port_list[i] = &a->ports[i];
		a->ports_open++;
		describe_port(&a->ports[i], &a->settings.ports[i]);
	}
	return true;
}

static bool open_exception_ports(struct assembly *a, struct why *why)
{
	for (uint16_t i = 0; i < a->ports_open; i++) {
		const struct port_settings *settings = &a->settings.ports[i];
		const struct exception_settings *e = &settings->exception;

		if (e->kind == EXCEPTION_KIND_NONE)
			continue;
		if (!exception_port_open(&a->exceptions[i], settings, &a->ports[i].netif, i,
					 a->workers[EXCEPTION_OWNER].header_pool, why))
			return false;
		a->exception_list[i] = &a->exceptions[i];
		a->ports[i].netif.has_exception = true;
		a->has_exceptions = true;
		log_info("port", "%s: what is not ours goes to the kernel by %s, at most %u packets a second, "
				 "%u at once", settings->name, e->interface, e->packets_per_second, e->burst);
	}
	return !a->has_exceptions ||
	       exception_port_kernel_range(&a->kernel_port_first, &a->kernel_port_last, why);
}

static bool open_segment(struct assembly *a, const char *version, struct why *why)
{
	struct segment_params params = {
		.name = a->settings.segment_name[0] ? a->settings.segment_name : NULL,
		.worker_count = a->settings.workers,
		.version = version,
		.wall_ns = clock_wall_ns(),
	};
	struct worker_counters *counters[SETTINGS_WORKERS_MAX];

	if (!segment_create(&a->segment, &params, why))
		return false;
	for (uint16_t i = 0; i < a->settings.port_count; i++)
		if (!segment_port(a->segment, i, a->settings.ports[i].name, why))
			return false;
	for (uint16_t i = 0; i < a->settings.workers; i++)
		counters[i] = segment_worker(a->segment, i)->worker;
	struct log_writer_params log = {
		.worker_count = a->settings.workers,
		.counters = counters,
		.process = segment_process(a->segment),
	};
	struct publisher_params publisher = {
		.worker_count = a->settings.workers,
		.objects_max = CONFIG_OBJECTS_MAX,
		.id_max = CONFIG_IDS_MAX,
	};

	if (!log_writer_create(&a->log, &log, why) || !log_writer_start(a->log, why))
		return false;
	a->publisher = publisher_create(&publisher, why);
	return a->publisher != NULL;
}

static uint16_t queues_of(const struct port *port)
{
	return port->queues ? port->queues : 1;
}

static bool make_worker(struct assembly *a, uint16_t index, struct why *why)
{
	struct assembled_worker *w = &a->workers[index];
	struct segment_worker *counters = segment_worker(a->segment, index);
	uint64_t seed;

	if (!clock_random(&seed, sizeof(seed), why) || !doorbell_open(&w->doorbell, why))
		return false;
	if (!kernel_socket_open(&w->kernel, why)) {
		doorbell_close(&w->doorbell);
		return false;
	}
	for (uint16_t i = 0; i < a->settings.port_count; i++)
		w->port_counters[i] = segment_worker_port(counters, i);
	struct worker_params params = {
		.index = index,
		.port_count = a->settings.port_count,
		.ports = a->port_list,
		.queue = index,
		.exceptions = a->has_exceptions ? a->exception_list : NULL,
		.kernel_port_first = a->kernel_port_first,
		.kernel_port_last = a->kernel_port_last,
		.fabric = a->fabric,
		.rx_pool = a->rx_pool,
		.header_pool = w->header_pool,
		.indirect_pool = w->indirect_pool,
		.counters = counters->worker,
		.port_counters = w->port_counters,
		.tcp_counters = counters->tcp,
		.drops = counters->drops,
		.stats = &counters->gateway,
		.holds = publisher_holds(a->publisher, index),
		.log = log_writer_worker(a->log, index),
		.seed = seed,
		.now_ns = clock_now_ns(),
		.wall_offset_ns = clock_wall_offset_ns(),
		.connections_max = a->settings.connections_max,
		.timewait_max = a->settings.timewait_max,
		.slices_max = a->rx_pool->size + w->header_pool->size + a->settings.connections_max,
		.kernel = &w->kernel.io,
		.doorbell = &w->doorbell,
	};

	w->worker = worker_thread_create(a->plan.worker_lcores[index], &params);
	if (!w->worker) {
		kernel_socket_close(&w->kernel);
		doorbell_close(&w->doorbell);
		return why_set(why, "no memory for worker %u with %u connections; lower "
				    "hydrofoil.connections_max", index, params.connections_max);
	}
	a->workers_made++;
	if (a->fabric)
		fabric_attach(a->fabric, index, worker_mailbox(w->worker), &w->doorbell);
	publisher_attach(a->publisher, index, worker_mailbox(w->worker),
			 worker_config_version(w->worker));
	w->thread = (struct worker_thread){
		.worker = w->worker,
		.counters = counters->worker,
		.doorbell = &w->doorbell,
		.lcore = a->plan.worker_lcores[index],
	};
	struct port *own[SETTINGS_PORTS_MAX];
	uint32_t count = 0;

	for (uint16_t i = 0; i < a->settings.port_count; i++)
		if (index < queues_of(&a->ports[i]))
			own[count++] = &a->ports[i];
	worker_rest_init(&w->thread.rest, own, count, index);
	worker_rest_watch(&w->thread.rest, w->kernel.io.wait_fd);
	for (uint16_t i = 0; index == EXCEPTION_OWNER && i < a->settings.port_count; i++)
		if (a->exception_list[i])
			worker_rest_watch(&w->thread.rest, a->exception_list[i]->port.wait_fd);
	w->thread.rest.spin_ns = a->settings.busy_poll_ns;
	return true;
}

static bool make_fabric(struct assembly *a, struct why *why)
{
	uint16_t queues[SETTINGS_PORTS_MAX];
	struct fabric_params params = {.workers = a->settings.workers,
				       .ports = a->settings.port_count,
				       .queues = queues,
				       .exceptions = a->has_exceptions};

	for (uint16_t i = 0; i < a->settings.port_count; i++)
		queues[i] = queues_of(&a->ports[i]);
	return a->settings.workers == 1 || fabric_create(&a->fabric, &params, why);
}

/* A device's table leads each flow to the home of its bucket, as far as it goes. */
static void follow_buckets(struct assembly *a, struct port *port)
{
	uint16_t queue_of[PORT_RETA_MAX];
	struct why sentence;

	if (!a->fabric || !port_rss_has_table(&port->rss))
		return;
	reta_plan_make(&a->fabric->buckets, port->rss.reta_size, port->queues, port->rss.table, queue_of);
	if (port_follow(port, queue_of, &sentence))
		log_warning("port", "%s", sentence.text);
}

bool assembly_open(struct assembly *a, const struct dataplane_settings *settings,
		   const char *version, struct why *why)
{
	struct machine machine;

	a->settings = *settings;
	machine_look(&machine);
	if (!eal_plan_make(&a->plan, &a->settings, &machine, why) || !eal_start(&a->plan, why))
		return false;
	log_info("main", "%u MiB for packet buffers %s, %u worker%s, %u CPU%s allotted",
		 a->settings.memory_mib,
		 a->plan.hugepages ? "in hugepages" : "without hugepages (slower, but it works)",
		 a->settings.workers, a->settings.workers == 1 ? "" : "s", machine.cpus.count,
		 machine.cpus.count == 1 ? "" : "s");
	describe_cpus(&a->plan);
	if (!make_pools(a, why) || !open_ports(a, why) || !open_exception_ports(a, why) ||
	    !open_segment(a, version, why) || !make_fabric(a, why))
		return false;
	for (uint16_t i = 0; i < a->ports_open; i++)
		follow_buckets(a, &a->ports[i]);
	for (uint16_t i = 0; i < a->settings.workers; i++)
		if (!make_worker(a, i, why))
			return false;
	return true;
}

bool assembly_start_workers(struct assembly *a, struct why *why)
{
	for (uint16_t i = 0; i < a->workers_made; i++)
		if (!worker_thread_start(&a->workers[i].thread, why))
			return false;
	return true;
}

void assembly_close(struct assembly *a)
{
	for (uint16_t i = 0; i < a->workers_made; i++)
		worker_thread_stop(&a->workers[i].thread);
	for (uint16_t i = 0; i < a->workers_made; i++) {
		worker_destroy(a->workers[i].worker);
		kernel_socket_close(&a->workers[i].kernel);
		doorbell_close(&a->workers[i].doorbell);
	}
	if (a->fabric)
		fabric_destroy(a->fabric);
	if (a->publisher)
		publisher_destroy(a->publisher);
	if (a->log)
		log_writer_destroy(a->log);
	if (a->segment)
		segment_destroy(a->segment);
	for (uint16_t i = 0; i < a->ports_open; i++) {
		if (a->exception_list[i])
			exception_port_close(a->exception_list[i]);
		port_close(&a->ports[i]);
	}
}

bool assembly_tell(struct assembly *a, const struct mail *mail)
{
	bool all = true;

	for (uint16_t i = 0; i < a->workers_made; i++)
		all &= mailbox_post(worker_mailbox(a->workers[i].worker), mail);
	return all;
}

bool assembly_is_drained(const struct assembly *a)
{
	for (uint16_t i = 0; i < a->workers_made; i++)
		if (!worker_is_drained(a->workers[i].worker))
			return false;
	return true;
}

uint32_t assembly_connections(const struct assembly *a)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < a->workers_made; i++)
		sum += counter_read(&a->workers[i].thread.counters->gateway_connections);
	return (uint32_t)sum;
}

static void complain(struct assembly *a)
{
	struct drop_counters sums = {0};
	struct why sentence;

	for (uint16_t w = 0; w < a->workers_made; w++) {
		const struct drop_counters *drops = segment_worker(a->segment, w)->drops;

		for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
			sums.count[i] += counter_read(&drops->count[i]);
	}
	while (complaints_next(&a->complaints, &sums, &a->settings, clock_now_ns(), &sentence))
		log_warning("port", "%s", sentence.text);
}

void assembly_look_at_ports(struct assembly *a)
{
	complain(a);
	for (uint16_t i = 0; i < a->ports_open; i++) {
		struct port_device_counters *to = segment_device(a->segment, i);
		struct port_state state;

		struct why event;

		if (port_step(&a->ports[i], &event))
			log_warning("port", "%s", event.text);
		follow_buckets(a, &a->ports[i]);
		port_look(&a->ports[i], &state);
		__atomic_store_n(&to->rx_missed, state.rx_missed, __ATOMIC_RELAXED);
		__atomic_store_n(&to->rx_errors, state.rx_errors, __ATOMIC_RELAXED);
		__atomic_store_n(&to->rx_nombuf, state.rx_nombuf, __ATOMIC_RELAXED);
		__atomic_store_n(&to->tx_errors, state.tx_errors, __ATOMIC_RELAXED);
		__atomic_store_n(&to->tx_flattened, state.tx_flattened, __ATOMIC_RELAXED);
		__atomic_store_n(&to->tx_unsendable, state.tx_unsendable, __ATOMIC_RELAXED);
		__atomic_store_n(&to->link_downs, state.link_downs, __ATOMIC_RELAXED);
		__atomic_store_n(&to->resets, state.resets, __ATOMIC_RELAXED);
		__atomic_store_n(&to->rss_table_writes, state.rss_table_writes, __ATOMIC_RELAXED);
		__atomic_store_n(&to->rss_state, state.rss_state, __ATOMIC_RELAXED);
		__atomic_store_n(&to->link_up, state.link_up, __ATOMIC_RELAXED);
		__atomic_store_n(&to->link_speed_bytes_per_second, state.speed_bits_per_second / 8,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&to->mtu_bytes, a->ports[i].netif.mtu_bytes, __ATOMIC_RELAXED);
	}
}
