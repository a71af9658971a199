#include "dataplane/config/dns.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/config/dns_endpoints.h"
#include "stack/base/counter.h"
#include "stack/base/time.h"

#define SOCKETS_MAX 64
#define TICK_MS 100
#define REFRESH_DEFAULT_NS (5 * NS_PER_SECOND)
#define REFRESH_LEAST_NS NS_PER_SECOND
#define TRY_MS 3000
#define TRIES 2

/* One descriptor of c-ares that the loop watches. */
struct dns_socket {
	uv_poll_t poll;
	struct dns *dns;
	ares_socket_t fd;
	bool used;
};

struct dns_query {
	struct watch *watch;
	uint32_t target;
};

struct watch {
	struct watch *next;
	struct dns *dns;
	uint32_t cluster_id;
	uint32_t stat_slot;
	char *cluster_name;
	uint8_t family;
	bool respect_ttl;
	uint64_t refresh_ns;
	uint64_t ttl_ns;     /* the least one of this round */
	uv_timer_t timer;
	bool ended;          /* freed when timer and queries are over */
	bool timer_closed;
	bool published;
	bool changed;
	uint32_t pending;
	uint32_t count;
	struct dns_target *targets;
	struct dns_answer *answers;
	struct dns_query *queries;
};

struct dns {
	struct dns_params params;
	ares_channel channel;
	uv_timer_t tick;
	struct watch *watches;
	struct dns_socket sockets[SOCKETS_MAX];
	struct dns_counts counts;
	uint32_t pending;
	uint32_t handles; /* of the loop, not yet closed; the last one's end frees all this */
};

static void resolve(struct watch *watch);

/* --- c-ares and the loop ----------------------------------------------------------------- */

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct dns_socket *s = poll->data;
	ares_socket_t fd = s->fd;

	/* A failing descriptor is handed to c-ares as readable: it finds out by itself. */
	ares_process_fd(s->dns->channel, status < 0 || events & UV_READABLE ? fd : ARES_SOCKET_BAD,
			events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
}

static void handle_closed(struct dns *dns)
{
	if (--dns->handles == 0)
		free(dns);
}

static void socket_closed(uv_handle_t *handle)
{
	struct dns_socket *s = handle->data;

	s->used = false;
	handle_closed(s->dns);
}

static void socket_state(void *context, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = context;
	struct dns_socket *found = NULL, *unused = NULL;

	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		struct dns_socket *s = &dns->sockets[i];

		if (s->used && s->fd == fd)
			found = s;
		if (!s->used)
			unused = s;
	}
	if (!readable && !writable) {
		if (found) {
			found->fd = ARES_SOCKET_BAD;
			uv_close((uv_handle_t *)&found->poll, socket_closed);
		}
		return;
	}
	if (!found) {
		/* Without a place the query times out by the tick: counted as a failure. */
		if (!unused || uv_poll_init(dns->params.loop, &unused->poll, fd) != 0)
			return;
		dns->handles++;
		unused->used = true;
		unused->dns = dns;
		unused->fd = fd;
		unused->poll.data = unused;
		found = unused;
	}
	uv_poll_start(&found->poll,
		      (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), socket_ready);
}

static void tick(uv_timer_t *timer)
{
	struct dns *dns = timer->data;

	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (dns->pending == 0)
		uv_timer_stop(&dns->tick);
}

/* --- watches ----------------------------------------------------------------------------- */

static void watch_free(struct watch *watch)
{
	for (uint32_t i = 0; watch->targets && i < watch->count; i++)
		free((void *)(uintptr_t)watch->targets[i].hostname);
	free(watch->targets);
	free(watch->answers);
	free(watch->queries);
	free(watch->cluster_name);
	free(watch);
}

static void timer_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;

	watch->timer_closed = true;
	if (watch->pending == 0)
		watch_free(watch);
}

static void refresh(uv_timer_t *timer)
{
	resolve(timer->data);
}

static void round_over(struct watch *watch)
{
	struct dns *dns = watch->dns;
	uint64_t next_ns = watch->refresh_ns;

	if (watch->changed || !watch->published) {
		struct config_endpoints *set =
			dns_endpoints_make(watch->cluster_id, watch->cluster_name, watch->targets,
					   watch->answers, watch->count, dns->params.stats);

		if (set) {
			watch->published = true;
			dns->params.publish(dns->params.context, watch->cluster_id, set);
		}
	}
	if (watch->respect_ttl && watch->ttl_ns != UINT64_MAX)
		next_ns = watch->ttl_ns;
	if (next_ns < REFRESH_LEAST_NS)
		next_ns = REFRESH_LEAST_NS;
	uv_timer_start(&watch->timer, refresh, next_ns / NS_PER_MS, 0);
}

static void read_answer(struct watch *watch, const struct ares_addrinfo *info,
			struct dns_answer *out)
{
	out->count = 0;
	for (const struct ares_addrinfo_node *n = info->nodes;
	     n && out->count < DNS_ADDRESSES_MAX; n = n->ai_next) {
		if (n->ai_family == AF_INET) {
			const struct sockaddr_in *v4 = (const void *)n->ai_addr;

			out->addresses[out->count++] = ip_addr_from_v4(ntohl(v4->sin_addr.s_addr));
		} else if (n->ai_family == AF_INET6) {
			const struct sockaddr_in6 *v6 = (const void *)n->ai_addr;

			out->addresses[out->count++] = ip_addr_from_v6(v6->sin6_addr.s6_addr);
		}
		/* What comes from the hosts file has no TTL. */
		if (n->ai_ttl > 0 && (uint64_t)n->ai_ttl * NS_PER_SECOND < watch->ttl_ns)
			watch->ttl_ns = (uint64_t)n->ai_ttl * NS_PER_SECOND;
	}
	dns_answer_filter(out, watch->family);
}

static void count_update(const struct watch *watch, bool success)
{
	struct cluster_stats *clusters = watch->dns->params.clusters;

	if (!success)
		watch->dns->counts.failures++;
	if (!clusters)
		return;
	counter_inc(&clusters[watch->stat_slot].update_attempt);
	counter_inc(success ? &clusters[watch->stat_slot].update_success :
			      &clusters[watch->stat_slot].update_failure);
}

static void count_answer(const struct watch *watch, const struct dns_answer *fresh, bool same)
{
	struct cluster_stats *clusters = watch->dns->params.clusters;

	if (!clusters)
		return;
	if (fresh->count == 0)
		counter_inc(&clusters[watch->stat_slot].update_empty);
	if (same)
		counter_inc(&clusters[watch->stat_slot].update_no_rebuild);
}

/* The server said that there is nothing, which is not the same as saying nothing. */
static bool is_answer(int status)
{
	return status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

static void answered(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
	struct dns_query *query = context;
	struct watch *watch = query->watch;
	struct dns_answer fresh = {0};

	(void)timeouts;
	watch->pending--;
	watch->dns->pending--;
	if (watch->ended) {
		if (info)
			ares_freeaddrinfo(info);
		if (watch->pending == 0 && watch->timer_closed)
			watch_free(watch);
		return;
	}
	count_update(watch, is_answer(status));
	if (is_answer(status)) {
		bool same;

		if (info)
			read_answer(watch, info, &fresh);
		same = dns_answer_equal(&fresh, &watch->answers[query->target]);
		count_answer(watch, &fresh, same);
		if (!same) {
			watch->answers[query->target] = fresh;
			watch->changed = true;
		}
	}
	if (info)
		ares_freeaddrinfo(info);
	if (watch->pending == 0)
		round_over(watch);
}

static void resolve(struct watch *watch)
{
	struct dns *dns = watch->dns;
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT};

	if (watch->family == 4)
		hints.ai_family = AF_INET;
	else if (watch->family == 6)
		hints.ai_family = AF_INET6;
	watch->changed = false;
	watch->ttl_ns = UINT64_MAX;
	/* Answers may come from inside of the call: the round is over when the last is in. */
	watch->pending = watch->count;
	dns->pending += watch->count;
	dns->counts.queries += watch->count;
	uv_timer_start(&dns->tick, tick, TICK_MS, TICK_MS);
	for (uint32_t i = 0; i < watch->count; i++)
		ares_getaddrinfo(dns->channel, watch->targets[i].hostname, NULL, &hints, answered,
				 &watch->queries[i]);
	if (watch->count == 0)
		round_over(watch);
}

static struct watch *watch_make(struct dns *dns, const struct config_cluster *cluster,
				const struct dns_target *targets, uint32_t count)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	bool whole;

	if (!watch)
		return NULL;
	watch->dns = dns;
	watch->cluster_id = cluster->object.id;
	watch->stat_slot = cluster->stat_slot;
	watch->family = cluster->dns_family;
	watch->respect_ttl = cluster->dns_respect_ttl;
	watch->refresh_ns = cluster->dns_refresh_ns ? cluster->dns_refresh_ns : REFRESH_DEFAULT_NS;
	watch->cluster_name = strndup(cluster->stat_name.data ? cluster->stat_name.data :
								cluster->name.data,
				      cluster->stat_name.data ? cluster->stat_name.length :
								cluster->name.length);
	watch->count = count;
	watch->targets = calloc(count + 1, sizeof(*watch->targets));
	watch->answers = calloc(count + 1, sizeof(*watch->answers));
	watch->queries = calloc(count + 1, sizeof(*watch->queries));
	whole = watch->cluster_name && watch->targets && watch->answers && watch->queries;
	for (uint32_t i = 0; whole && i < count; i++) {
		watch->targets[i] = targets[i];
		watch->targets[i].hostname = strdup(targets[i].hostname);
		watch->queries[i] = (struct dns_query){watch, i};
		whole = watch->targets[i].hostname != NULL;
	}
	if (!whole) {
		watch_free(watch);
		return NULL;
	}
	return watch;
}

bool dns_watch(struct dns *dns, const struct config_cluster *cluster,
	       const struct dns_target *targets, uint32_t target_count, struct why *why)
{
	struct watch *watch = watch_make(dns, cluster, targets, target_count);

	if (!watch)
		return why_set(why, "no memory to resolve the names of cluster %.*s",
			       (int)cluster->name.length, cluster->name.data);
	dns_unwatch(dns, cluster->object.id);
	watch->next = dns->watches;
	dns->watches = watch;
	uv_timer_init(dns->params.loop, &watch->timer);
	watch->timer.data = watch;
	resolve(watch);
	return true;
}

void dns_unwatch(struct dns *dns, uint32_t cluster_id)
{
	for (struct watch **at = &dns->watches; *at; at = &(*at)->next) {
		struct watch *watch = *at;

		if (watch->cluster_id != cluster_id)
			continue;
		*at = watch->next;
		watch->ended = true;
		uv_close((uv_handle_t *)&watch->timer, timer_closed);
		return;
	}
}

/* --- opening and closing ----------------------------------------------------------------- */

bool dns_open(struct dns **out, const struct dns_params *params, struct why *why)
{
	struct ares_options options = {.sock_state_cb = socket_state, .timeout = TRY_MS, .tries = TRIES};
	struct dns *dns = calloc(1, sizeof(*dns));
	int result = dns ? ares_library_init(ARES_LIB_INIT_ALL) : ARES_ENOMEM;

	if (result == ARES_SUCCESS) {
		dns->params = *params;
		options.sock_state_cb_data = dns;
		result = ares_init_options(&dns->channel, &options,
					   ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS |
						   ARES_OPT_TRIES);
	}
	if (result == ARES_SUCCESS && params->servers) {
		result = ares_set_servers_ports_csv(dns->channel, params->servers);
		if (result != ARES_SUCCESS)
			ares_destroy(dns->channel);
	}
	if (result != ARES_SUCCESS) {
		free(dns);
		return why_set(why, "the DNS resolver cannot be made: %s", ares_strerror(result));
	}
	uv_timer_init(params->loop, &dns->tick);
	dns->handles = 1;
	dns->tick.data = dns;
	*out = dns;
	return true;
}

static void tick_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

void dns_close(struct dns *dns)
{
	while (dns->watches)
		dns_unwatch(dns, dns->watches->cluster_id);
	ares_destroy(dns->channel); /* answers every query with ARES_EDESTRUCTION */
	ares_library_cleanup();
	uv_close((uv_handle_t *)&dns->tick, tick_closed);
}

struct dns_counts dns_counts(const struct dns *dns)
{
	return dns->counts;
}
