#include "dataplane/worker/worker_listeners.h"

#include <string.h>

#include "stack/base/time.h"

/* How long a closed place's entry is kept for connections that were established before. */
#define LINGER_NS (60 * NS_PER_SECOND)

void worker_listeners_init(struct worker_listeners *all, struct tcp *tcp, struct gateway *gateway,
			   struct config_holds *holds)
{
	memset(all, 0, sizeof(*all));
	all->tcp = tcp;
	all->gateway = gateway;
	all->holds = holds;
}

static bool accept_stream(void *context, struct stream *stream, uint64_t now_ns)
{
	struct worker_listener *entry = context;

	return entry->config &&
	       gateway_accept(entry->all->gateway, entry->config, stream, now_ns);
}

static bool same_addresses(const struct config_listener *a, const struct config_listener *b)
{
	if (a->address_count != b->address_count)
		return false;
	for (uint32_t i = 0; i < a->address_count; i++) {
		const struct config_listen_address *x = &a->addresses[i], *y = &b->addresses[i];

		if (!ip_addr_equal(&x->addr, &y->addr) || x->any_family != y->any_family ||
		    x->port != y->port || x->vrf != y->vrf || x->kernel_socket != y->kernel_socket)
			return false;
	}
	return true;
}

static void free_entry(struct worker_listeners *all, struct worker_listener *entry)
{
	config_release(all->holds, &entry->config->object);
	entry->config = NULL;
}

static void close_entry(struct worker_listeners *all, struct worker_listener *entry, uint64_t now_ns)
{
	for (uint32_t i = 0; i < entry->count; i++) {
		if (entry->places[i])
			tcp_listener_close(all->tcp, entry->places[i], now_ns);
		if (entry->kernel_places[i])
			kernel_listener_close(all->kernel, entry->kernel_places[i],
					      all->draining, now_ns);
	}
	entry->count = 0;
	entry->closing = true;
	entry->closed_ns = now_ns;
}

static struct worker_listener *find_entry(struct worker_listeners *all, uint32_t id)
{
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++)
		if (all->table[i].config && !all->table[i].closing &&
		    all->table[i].config->object.id == id)
			return &all->table[i];
	return NULL;
}

static struct worker_listener *free_slot(struct worker_listeners *all)
{
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++)
		if (!all->table[i].config)
			return &all->table[i];
	return NULL;
}

/* Of the stack, the kernel, or both; a socket was made for what is the kernel's. */
static bool open_place(struct worker_listener *entry, uint32_t i)
{
	struct worker_listeners *all = entry->all;
	const struct config_listen_address *at = &entry->config->addresses[i];
	bool is_kernels = at->pipe || ip_addr_is_loopback(&at->addr) || !all->has_ports;
	struct tcp_listen_params tcp = {
		.local = at->addr,
		.any_family = at->any_family,
		.local_port = at->port,
		.vrf = at->vrf,
		.backlog = entry->config->backlog,
		.accept = accept_stream,
		.context = entry,
	};
	struct kernel_listen_params kernel = {
		.socket = at->kernel_socket,
		.pipe = at->pipe,
		.accept = accept_stream,
		.context = entry,
	};

	if (all->kernel && at->kernel_socket >= 0)
		entry->kernel_places[i] = kernel_listen(all->kernel, &kernel);
	if (!is_kernels)
		entry->places[i] = tcp_listen(all->tcp, &tcp);
	return is_kernels ? entry->kernel_places[i] != NULL : entry->places[i] != NULL;
}

static void open_entry(struct worker_listeners *all, const struct config_listener *config,
		       uint64_t version)
{
	struct worker_listener *entry = free_slot(all);

	if (!entry) {
		all->failures++;
		return;
	}
	*entry = (struct worker_listener){.all = all, .config = config, .seen_version = version};
	config_hold(all->holds, &config->object);
	for (uint32_t i = 0; i < config->address_count && i < WORKER_LISTEN_ADDRESSES_MAX; i++) {
		entry->count = i + 1;
		if (!open_place(entry, i))
			all->failures++;
	}
	if (config->address_count > WORKER_LISTEN_ADDRESSES_MAX)
		all->failures++;
}

/* Frees entries that have been closed for long enough. */
static void sweep(struct worker_listeners *all, uint64_t now_ns)
{
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++) {
		struct worker_listener *entry = &all->table[i];

		if (entry->config && entry->closing && now_ns - entry->closed_ns >= LINGER_NS)
			free_entry(all, entry);
	}
}

void worker_listeners_update(struct worker_listeners *all, const struct config *config,
			     uint64_t now_ns)
{
	sweep(all, now_ns);
	if (all->draining)
		return;
	/* What stays is marked first and what goes is closed before anything is opened, so that a
	 * place can pass from one listener to another. */
	for (uint32_t i = 0; i < config->listener_count; i++) {
		const struct config_listener *new = config->listeners[i];
		struct worker_listener *entry = find_entry(all, new->object.id);

		if (!entry || !same_addresses(entry->config, new))
			continue;
		config_hold(all->holds, &new->object);
		config_release(all->holds, &entry->config->object);
		entry->config = new;
		entry->seen_version = config->version;
	}
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++) {
		struct worker_listener *entry = &all->table[i];

		if (entry->config && !entry->closing && entry->seen_version != config->version)
			close_entry(all, entry, now_ns);
	}
	for (uint32_t i = 0; i < config->listener_count; i++)
		if (!find_entry(all, config->listeners[i]->object.id))
			open_entry(all, config->listeners[i], config->version);
}

void worker_listeners_drain(struct worker_listeners *all, uint64_t now_ns)
{
	all->draining = true;
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++)
		if (all->table[i].config && !all->table[i].closing)
			close_entry(all, &all->table[i], now_ns);
}

void worker_listeners_clear(struct worker_listeners *all, uint64_t now_ns)
{
	worker_listeners_drain(all, now_ns);
	for (unsigned i = 0; i < WORKER_LISTENERS_MAX; i++)
		if (all->table[i].config)
			free_entry(all, &all->table[i]);
}
