/* What must be true of the subject when all is over. */
#include "stack/ip/ip_show.h"
#include "tests/sim/subject.h"
#include "tests/sim/subject_config.h"

static bool nothing_outstanding(const struct subject_worker *w, struct why *why)
{
	struct gateway_outstanding left;

	gateway_outstanding(worker_gateway(w->worker), &left);
	if (left.downstream_connections || left.upstream_connections || left.exchanges ||
	    left.arena_chunks)
		return why_set(why, "left over in the gateway: %u downstream, %u upstream connections, "
				    "%u exchanges, %u arena chunks",
			       left.downstream_connections, left.upstream_connections, left.exchanges,
			       left.arena_chunks);
	if (w->counters.kernel_connections != 0)
		return why_set(why, "%lu kernel connections left over", w->counters.kernel_connections);
	if (w->tcp.connections != 0)
		return why_set(why, "%lu TCP connections left over", w->tcp.connections);
	return true;
}

/* Every request that was counted ended in an answer or in one counted reset. */
static bool requests_balance(const struct subject_worker *w, struct why *why)
{
	const struct http_stats *http = &w->https[subject_config_http_slot()];
	uint64_t ended = http->downstream_rq_completed + http->downstream_rq_rx_reset +
			 http->downstream_rq_tx_reset;

	if (http->downstream_rq_active != 0)
		return why_set(why, "downstream_rq_active is %ld", (long)http->downstream_rq_active);
	if (http->downstream_rq_total != ended)
		return why_set(why, "%lu requests, but %lu answered + %lu reset by clients + %lu by us",
			       http->downstream_rq_total, http->downstream_rq_completed,
			       http->downstream_rq_rx_reset, http->downstream_rq_tx_reset);
	if (http->downstream_cx_active != 0 || http->downstream_cx_http1_active != 0)
		return why_set(why, "the gauge of connections is %ld, of HTTP/1 %ld",
			       (long)http->downstream_cx_active,
			       (long)http->downstream_cx_http1_active);
	return true;
}

/* A connection is opened at one worker and may be closed at another one, where it has gone. */
static bool connections_balance(const struct subject *subject, struct why *why)
{
	uint64_t opened = 0, closed = 0, gone = 0, come = 0, dropped = 0;

	for (unsigned i = 0; i < subject->worker_count; i++) {
		const struct subject_worker *w = &subject->workers[i];

		opened += w->https[subject_config_http_slot()].downstream_cx_total;
		closed += w->https[subject_config_http_slot()].downstream_cx_destroy;
		gone += w->counters.travelled_out;
		come += w->counters.travelled_in;
		dropped += w->drops.count[DROP_TRAVEL_FRAMES_FULL];
	}
	if (opened != closed)
		return why_set(why, "%lu connections opened, %lu closed", opened, closed);
	if (gone != come)
		return why_set(why, "%lu connections went to other workers, %lu came", gone, come);
	return dropped == 0 || why_set(why, "%lu frames of travelling connections were dropped", dropped);
}

/* A connection may be closed at another worker than that which opened it. */
static bool upstream_connections_balance(const struct subject *subject, struct why *why)
{
	uint64_t opened = 0, closed = 0, by_whom = 0;

	for (unsigned i = 0; i < SUBJECT_SLOTS * subject->worker_count; i++) {
		const struct cluster_stats *cluster =
			&subject->workers[i / SUBJECT_SLOTS].clusters[i % SUBJECT_SLOTS];

		opened += cluster->upstream_cx_total;
		closed += cluster->upstream_cx_destroy;
		by_whom += cluster->upstream_cx_destroy_local + cluster->upstream_cx_destroy_remote;
	}
	return (opened == closed && closed == by_whom) ||
	       why_set(why, "clusters: %lu connections opened, %lu closed, %lu by somebody", opened,
		       closed, by_whom);
}

static bool upstreams_balance(const struct subject_worker *w, struct why *why)
{
	uint64_t requests = 0, ended = 0;

	for (unsigned i = 0; i < SUBJECT_SLOTS; i++) {
		const struct cluster_stats *cluster = &w->clusters[i];
		const struct endpoint_stats *endpoint = &w->endpoints[i];
		const struct listener_stats *listener = &w->listeners[i];

		if (cluster->upstream_cx_active || cluster->upstream_rq_active ||
		    cluster->upstream_rq_pending_active || cluster->breaker_retries || endpoint->cx_active || endpoint->rq_active ||
		    listener->downstream_cx_active || w->tcp_proxies[i].downstream_cx_active)
			return why_set(why, "slot %u: a gauge of what is active is not 0", i);
		requests += cluster->upstream_rq_total;
		ended += cluster->upstream_rq_tx_reset + endpoint->rq_success + endpoint->rq_error;
	}
	/* Not by upstream_rq_completed: that counts answers given in a cluster's stead too. */
	return ended >= requests || why_set(why, "upstream: %lu requests, but %lu answered, failed or "
						 "reset by us", requests, ended);
}

/* What one has given, another has taken; and whoever is done with a bucket has left it. */
static bool fabric_is_quiet(const struct subject *subject, struct why *why)
{
	uint64_t given = 0, taken = 0, dropped = 0;

	for (unsigned i = 0; i < subject->worker_count; i++) {
		given += subject->workers[i].counters.handed_over_packets;
		taken += subject->workers[i].counters.taken_over_packets;
		dropped += subject->workers[i].drops.count[DROP_HANDOVER_FULL];
	}
	if (given != taken || dropped != 0)
		return why_set(why, "%lu packets handed over, %lu taken, %lu dropped", given, taken,
			       dropped);
	for (uint32_t i = 0; subject->fabric && i < BUCKETS; i++) {
		uint32_t stops = bucket_stops(&subject->fabric->buckets, i);

		if (!bucket_is_only(stops, bucket_home(stops)))
			return why_set(why, "bucket %u is not settled: %08x", i, stops);
	}
	return true;
}

/* Whoever heard it, the one who defends our addresses knows. */
static bool claims_are_known(const struct subject *subject, struct why *why)
{
	struct ip_show_address shown[2];
	uint32_t cursor = 0;

	if (subject->by_kernel)
		return true;
	ip_show_addresses(stack_ip(worker_stack(subject->workers[0].worker)), &cursor, shown, 2);
	return shown[0].conflicts == subject->claims ||
	       why_set(why, "%u claims on our address were heard, and %lu are known", subject->claims,
		       shown[0].conflicts);
}

bool subject_is_clean(const struct subject *subject, struct why *why)
{
	if (subject->allocations > 0 || (subject->behind && subject->behind->allocations > 0))
		return why_set(why, "the worker called the allocator %u times", subject->allocations);
	for (unsigned i = 0; i < subject->worker_count; i++) {
		const struct subject_worker *w = &subject->workers[i];

		if (w->tcp.timewait != 0)
			return why_set(why, "%ld TIME-WAIT entries left over", (long)w->tcp.timewait);
		if (!nothing_outstanding(w, why) || !requests_balance(w, why) ||
		    !upstreams_balance(w, why))
			return false;
	}
	return connections_balance(subject, why) && upstream_connections_balance(subject, why) &&
	       claims_are_known(subject, why) && fabric_is_quiet(subject, why);
}
