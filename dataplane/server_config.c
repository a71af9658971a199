#include <stdlib.h>
#include <string.h>

#include "dataplane/from_bootstrap.h"
#include "dataplane/logger.h"
#include "dataplane/server_private.h"
#include "xds/bootstrap/placement.h"
#include "xds/reflect/to_json.h"

static uint32_t open_sink(void *context, const char *path)
{
	struct server *server = context;
	struct why why;
	uint32_t sink = 0;

	if (!log_writer_open(server->assembly.log, path, &sink, &why) && !server->sinks_failed) {
		server->sinks_failed = true;
		server->sink_why = why;
	}
	return sink;
}

static void publish_endpoints(void *context, uint32_t cluster_id, struct config_endpoints *endpoints)
{
	struct server *server = context;
	struct config_change change = {CONFIG_ENDPOINTS, cluster_id, &endpoints->object};
	struct str name = config_names_text(server->names, CONFIG_CLUSTER, cluster_id);
	struct why why;

	log_debug("dns", "cluster %s: %u addresses", name.data, endpoints->endpoint_count);
	if (!publisher_apply(server->assembly.publisher, &change, 1, &why))
		log_error("dns", "cluster %s: %s", name.data, why.text);
}

/* Moves an object out of the bootstrap into the list of changes. */
static void add_change(struct config_change *changes, uint32_t *count, enum config_kind kind,
		       struct config_object *object)
{
	if (object)
		changes[(*count)++] = (struct config_change){kind, object->id, object};
}

static bool publish_resources(struct server *server, struct why *why)
{
	struct config_resources *r = &server->bootstrap.resources;
	struct config_change *changes =
		calloc(r->route_table_count + 2 * (size_t)r->cluster_count + 1, sizeof(*changes));
	uint32_t count = 0;

	if (!changes)
		return why_set(why, "no memory for the configuration");
	for (uint32_t i = 0; i < r->route_table_count; i++) {
		add_change(changes, &count, CONFIG_ROUTE_TABLE, &r->route_tables[i]->object);
		r->route_tables[i] = NULL;
	}
	for (uint32_t i = 0; i < r->cluster_count; i++) {
		struct config_endpoints *endpoints = r->endpoints[i];

		/* A resolver's empty list would pass for its first answer. */
		if (r->clusters[i]->discovery == DISCOVERY_STATIC && endpoints) {
			add_change(changes, &count, CONFIG_ENDPOINTS, &endpoints->object);
			r->endpoints[i] = NULL;
		}
	}
	for (uint32_t i = 0; i < r->cluster_count; i++)
		add_change(changes, &count, CONFIG_CLUSTER, &r->clusters[i]->object);
	bool done = publisher_apply(server->assembly.publisher, changes, count, why);

	for (uint32_t i = 0; i < r->cluster_count && !done; i++)
		r->clusters[i] = NULL;
	free(changes);
	return done;
}

static bool watch_names(struct server *server, const struct config_cluster *cluster, struct why *why)
{
	const struct config_resources *r = &server->bootstrap.resources;
	struct dns_target *targets = calloc(r->dns_target_count + 1, sizeof(*targets));
	uint32_t count = 0;

	if (!targets)
		return why_set(why, "no memory for DNS");
	for (uint32_t i = 0; i < r->dns_target_count; i++) {
		const struct config_dns_target *from = &r->dns_targets[i];

		if (from->cluster_id == cluster->object.id)
			targets[count++] = (struct dns_target){from->hostname, from->port,
							       from->weight, from->health};
	}
	bool done = dns_watch(server->dns, cluster, targets, count, why);

	free(targets);
	return done;
}

/* Sockets for the listening places that the kernel serves.  They are bound now, so that a place that
 * cannot be had ends the start, and listen when the listeners are published. */
static bool bind_places(struct server *server, struct why *why)
{
	const struct config_resources *r = &server->bootstrap.resources;
	struct why reason;

	server->places = kernel_places_create();
	if (!server->places)
		return why_set(why, "no memory for the listeners");
	for (uint32_t i = 0; i < r->listener_count; i++) {
		const struct config_listener *listener = r->listeners[i];

		for (uint32_t k = 0; k < listener->address_count; k++) {
			struct config_listen_address *at = &listener->addresses[k];

			if (!(placement_of_listener(server->bootstrap.hydrofoil, &at->addr, at->vrf,
						    at->pipe) & PLACED_IN_KERNEL))
				continue;
			if (!kernel_places_want(server->places, at, listener->backlog,
						&at->kernel_socket, &reason))
				return why_set(why, "listener %s: %s", listener->name.data,
					       reason.text);
		}
	}
	return true;
}

/* stats_config goes to all who show counters, in the segment. */
static bool show_as_configured(struct server *server, struct why *why)
{
	const Bootstrap__Bootstrap *proto = server->bootstrap.proto;
	json_t *config;
	char *text;

	if (!proto->stats_config)
		return true;
	config = to_json(&server->bootstrap.document, &proto->stats_config->base);
	text = config ? json_dumps(config, JSON_COMPACT) : NULL;
	bool done = text ? segment_set_settings(server->assembly.segment, text, why)
			 : why_set(why, "no memory for stats_config");

	free(text);
	json_decref(config);
	return done;
}

bool server_config_start(struct server *server, struct why *why)
{
	struct translate_env env = {
		.stats = segment_registry(server->assembly.segment),
		.names = server->names,
		.log_sink = open_sink,
		.log_context = server,
	};
	struct dns_params dns = {
		.loop = control_loop_uv(server->loop),
		.stats = env.stats,
		.clusters = segment_control(server->assembly.segment)->gateway.clusters,
		.publish = publish_endpoints,
		.context = server,
	};
	struct config_resources *r = &server->bootstrap.resources;
	bool good = bootstrap_load(&server->bootstrap, server->options->config_path, &env);

	server->bootstrap_loaded = true;
	if (!good)
		return why_set(why, "%s has changed since it was checked, and is faulty now",
			       server->options->config_path);
	if (!show_as_configured(server, why))
		return false;
	if (server->sinks_failed)
		return why_set(why, "%s", server->sink_why.text);
	if (!bind_places(server, why) || !dns_open(&server->dns, &dns, why) || !publish_resources(server, why))
		return false;
	for (uint32_t i = 0; i < r->cluster_count; i++) {
		bool watched = r->clusters[i]->discovery != DISCOVERY_STRICT_DNS ||
			       watch_names(server, r->clusters[i], why);

		if (!watched)
			return false;
	}
	/* They are the publisher's now; nothing below looks at them any more. */
	for (uint32_t i = 0; i < r->cluster_count; i++)
		r->clusters[i] = NULL;
	struct process_counters *process = segment_process(server->assembly.segment);

	counter_inc(&process->cds_update_success);
	return true;
}

static void log_listener(const struct config_listener *listener)
{
	for (uint32_t i = 0; i < listener->address_count; i++) {
		const struct config_listen_address *at = &listener->addresses[i];
		char text[IP_ADDR_TEXT_BYTES];

		log_info("listener", "%.*s: %s%s", (int)listener->name.length, listener->name.data,
			 at->pipe ? at->pipe :
				    ip_endpoint_format(&at->addr, at->port, text, sizeof(text)),
			 at->kernel_socket >= 0 ? " (kernel)" : "");
	}
}

static void publish_listeners(struct server *server)
{
	struct config_resources *r = &server->bootstrap.resources;
	struct config_change *changes = calloc(r->listener_count + 1, sizeof(*changes));
	struct process_counters *process = segment_process(server->assembly.segment);
	uint32_t count = 0;
	struct why why;

	server->listening = true;
	if (!changes) {
		log_error("listener", "no memory for the listeners");
		return;
	}
	if (!kernel_places_listen(server->places, &why))
		log_error("listener", "%s", why.text);
	for (uint32_t i = 0; i < r->listener_count; i++) {
		if (server->closed_directions & (1u << r->listeners[i]->direction))
			continue;
		log_listener(r->listeners[i]);
		add_change(changes, &count, CONFIG_LISTENER, &r->listeners[i]->object);
		r->listeners[i] = NULL;
	}
	if (publisher_apply(server->assembly.publisher, changes, count, &why))
		counter_inc(&process->lds_update_success);
	else
		log_error("listener", "%s", why.text);
	free(changes);
}

void server_config_step(struct server *server)
{
	struct publisher *publisher = server->assembly.publisher;
	uint64_t failures = 0;

	publisher_reclaim(publisher);
	if (server->quitting && server->drain.told && publisher_settled(publisher))
		kernel_places_close(server->places);
	if (server->places_leave && publisher_settled(publisher)) {
		kernel_places_settle(server->places);
		server->places_leave = false;
	}
	if (!server->listening && publisher_warming(publisher) == 0 &&
	    server->addresses.tentative == 0)
		publish_listeners(server);
	if (server->state == ADMIN_INITIALIZING && server->listening &&
	    publisher_settled(publisher)) {
		server_set_state(server, ADMIN_LIVE);
		log_info("main", "ready");
	}
	for (uint16_t i = 0; i < server->assembly.workers_made; i++)
		failures += worker_listen_failures(server->assembly.workers[i].worker);
	counter_add(&segment_process(server->assembly.segment)->listener_create_failure,
		    failures - server->reported_failures);
	if (failures > server->reported_failures)
		log_error("listener", "%lu listening places could not be had: two listeners want the "
				      "same one, or there are more than the stack has room for",
			  (unsigned long)(failures - server->reported_failures));
	server->reported_failures = failures;
}
