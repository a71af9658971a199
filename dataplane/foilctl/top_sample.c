#include "dataplane/foilctl/top_sample.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "stack/base/counter.h"
#include "stack/base/time.h"

#define PROCESS_WORD(member) (offsetof(struct process_counters, member) / sizeof(uint64_t))

static void add_https(struct top_worker_sample *to, const struct segment_reader *reader,
		      uint16_t worker, const struct segment_objects *https)
{
	for (uint32_t i = 0; i < https->count; i++) {
		uint32_t slot = https->items[i].slot;
		const struct http_stats *from =
			(const void *)segment_reader_slot(reader, worker, STAT_HTTP, slot);

		to->requests += counter_read(&from->downstream_rq_total);
		to->requests_5xx += counter_read(&from->downstream_rq_5xx);
		segment_reader_worker_histogram(reader, worker,
						HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME, slot,
						&to->latency);
	}
}

static void take_worker(struct top_sample *sample, const struct segment_reader *reader,
			uint16_t worker, const struct segment_objects *https)
{
	const struct worker_counters *from = (const void *)segment_reader_worker(reader, worker);
	const uint64_t *drops = segment_reader_drops(reader, worker);
	struct top_worker_sample *to = &sample->workers[worker];

	*to = (struct top_worker_sample){
		.busy_cycles = counter_read(&from->busy_cycles),
		.idle_cycles = counter_read(&from->idle_cycles),
		.polls = counter_read(&from->polls),
		.rests = counter_read(&from->rests),
		.rx_frames = counter_read(&from->rx_frames),
		.tx_frames = counter_read(&from->tx_frames),
		.rx_bytes = counter_read(&from->rx_bytes),
		.tx_bytes = counter_read(&from->tx_bytes),
		.connections = counter_read(&from->gateway_connections),
		.mbufs_available = counter_read(&from->mbufs_available),
		.mbufs_capacity = counter_read(&from->mbufs_capacity),
	};
	add_https(to, reader, worker, https);
	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++) {
		uint64_t count = counter_read(&drops[reason]);

		to->drops += count;
		sample->drops[reason] += count;
	}
}

static void take_clusters(struct top_sample *sample, const struct segment_reader *reader,
			  const struct segment_objects *clusters)
{
	for (uint32_t i = 0; i < clusters->count && sample->cluster_count < TOP_CLUSTERS_MAX; i++) {
		const struct segment_object *object = &clusters->items[i];
		struct top_cluster_sample *to = &sample->clusters[sample->cluster_count];
		struct cluster_stats sum;

		if (!segment_reader_sum(reader, STAT_CLUSTER, object, (uint64_t *)&sum))
			continue;
		/* The slot of all that found no room is worth a line once it has counted. */
		if (object->slot == STAT_SLOT_OVERFLOW && sum.upstream_rq_total == 0)
			continue;
		sample->cluster_count++;
		to->slot = object->slot;
		to->generation = object->generation;
		memcpy(to->name, object->name, sizeof(to->name));
		to->requests = sum.upstream_rq_total;
		to->requests_5xx = sum.upstream_rq_5xx;
		to->retries = sum.upstream_rq_retry;
		to->connections = sum.upstream_cx_active;
		to->active = sum.upstream_rq_active;
		if (!segment_reader_histogram(reader, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME,
					      object->slot, &to->latency))
			memset(&to->latency, 0, sizeof(to->latency));
	}
}

bool top_sample_take(struct top_sample *out, const struct segment_reader *reader, uint64_t now_ns,
		     struct why *why)
{
	struct segment_objects https = {0}, clusters = {0};
	bool done = segment_reader_objects(reader, STAT_HTTP, &https, why) &&
		    segment_reader_objects(reader, STAT_CLUSTER, &clusters, why);

	*out = (struct top_sample){.at_ns = now_ns,
				   .state = segment_reader_process(reader, PROCESS_WORD(state)),
				   .uptime_seconds = segment_reader_process(reader,
								 PROCESS_WORD(uptime_seconds)),
				   .worker_count = segment_reader_workers(reader)};
	if (done) {
		out->workers = calloc(out->worker_count, sizeof(*out->workers));
		out->clusters = calloc(TOP_CLUSTERS_MAX, sizeof(*out->clusters));
		done = (out->workers && out->clusters) || why_set(why, "no memory");
	}
	if (done) {
		for (uint16_t w = 0; w < out->worker_count; w++)
			take_worker(out, reader, w, &https);
		take_clusters(out, reader, &clusters);
	} else {
		top_sample_free(out);
	}
	segment_objects_free(&https);
	segment_objects_free(&clusters);
	return done;
}

void top_sample_free(struct top_sample *sample)
{
	free(sample->workers);
	free(sample->clusters);
	memset(sample, 0, sizeof(*sample));
}

/* --- between two samples ---------------------------------------------------------------- */

static uint64_t since(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now;
}

static void histogram_since(struct histogram *out, const struct histogram *before,
			    const struct histogram *now)
{
	out->count = 0;
	out->sum_ns = since(before->sum_ns, now->sum_ns);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		out->buckets[i] = since(before->buckets[i], now->buckets[i]);
		out->count += out->buckets[i];
	}
}

static void quantiles(const struct histogram *before, const struct histogram *now,
		      uint64_t *p50_ns, uint64_t *p99_ns)
{
	struct histogram between;

	histogram_since(&between, before, now);
	*p50_ns = histogram_quantile_ns(&between, 500);
	*p99_ns = histogram_quantile_ns(&between, 990);
}

static void worker_rates(struct top_worker *out, const struct top_worker_sample *before,
			 const struct top_worker_sample *now, double seconds)
{
	uint64_t busy = since(before->busy_cycles, now->busy_cycles);
	uint64_t cycles = busy + since(before->idle_cycles, now->idle_cycles);

#define RATE(member) ((double)since(before->member, now->member) / seconds)
	*out = (struct top_worker){
		.busy = cycles ? (double)busy / (double)cycles : 0,
		.polls = RATE(polls),
		.rests = RATE(rests),
		.rx_frames = RATE(rx_frames),
		.tx_frames = RATE(tx_frames),
		.rx_bytes = RATE(rx_bytes),
		.tx_bytes = RATE(tx_bytes),
		.requests = RATE(requests),
		.requests_5xx = RATE(requests_5xx),
		.drops = RATE(drops),
		.connections = now->connections,
		.mbufs_free = now->mbufs_capacity ? (double)now->mbufs_available /
							    (double)now->mbufs_capacity : 0,
	};
	quantiles(&before->latency, &now->latency, &out->p50_ns, &out->p99_ns);
}

static void sum_workers(struct top_rates *out, const struct top_sample *before,
			const struct top_sample *now)
{
	struct histogram was = {0}, is = {0};

	for (uint16_t w = 0; w < out->worker_count; w++) {
		const struct top_worker *from = &out->workers[w];

		out->all.busy += from->busy / out->worker_count;
		out->all.polls += from->polls;
		out->all.rests += from->rests;
		out->all.rx_frames += from->rx_frames;
		out->all.tx_frames += from->tx_frames;
		out->all.rx_bytes += from->rx_bytes;
		out->all.tx_bytes += from->tx_bytes;
		out->all.requests += from->requests;
		out->all.requests_5xx += from->requests_5xx;
		out->all.drops += from->drops;
		out->all.connections += from->connections;
		out->all.mbufs_free += from->mbufs_free / out->worker_count;
		histogram_merge(&was, &before->workers[w].latency);
		histogram_merge(&is, &now->workers[w].latency);
	}
	quantiles(&was, &is, &out->all.p50_ns, &out->all.p99_ns);
}

static const struct top_cluster_sample *same_cluster(const struct top_sample *sample,
						     const struct top_cluster_sample *as)
{
	for (uint32_t i = 0; i < sample->cluster_count; i++)
		if (sample->clusters[i].slot == as->slot)
			return sample->clusters[i].generation == as->generation
				       ? &sample->clusters[i] : NULL;
	return NULL;
}

static void cluster_rates(struct top_cluster *out, const struct top_sample *earlier,
			  const struct top_cluster_sample *now, double seconds)
{
	static const struct top_cluster_sample nothing;
	const struct top_cluster_sample *before = same_cluster(earlier, now);

	if (!before)
		before = &nothing;
	*out = (struct top_cluster){.name = now->name,
				    .requests = RATE(requests),
				    .requests_5xx = RATE(requests_5xx),
				    .retries = RATE(retries),
				    .connections = now->connections,
				    .active = now->active};
	quantiles(&before->latency, &now->latency, &out->p50_ns, &out->p99_ns);
#undef RATE
}

static int busiest_first(const void *a, const void *b)
{
	const struct top_cluster *x = a, *y = b;

	if (x->requests != y->requests)
		return x->requests < y->requests ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int most_frequent_first(const void *a, const void *b)
{
	const struct top_drop *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate < y->rate ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->reason < y->reason ? -1 : 1;
}

bool top_rates_make(struct top_rates *out, const struct top_sample *before,
		    const struct top_sample *now, struct why *why)
{
	uint64_t ns = since(before->at_ns, now->at_ns);

	*out = (struct top_rates){.seconds = ns ? (double)ns / (double)NS_PER_SECOND : 1,
				  .cluster_count = now->cluster_count};
	out->worker_count = before->worker_count < now->worker_count ? before->worker_count
								     : now->worker_count;
	out->workers = calloc(out->worker_count + 1u, sizeof(*out->workers));
	out->clusters = calloc(out->cluster_count + 1u, sizeof(*out->clusters));
	if (!out->workers || !out->clusters) {
		top_rates_free(out);
		return why_set(why, "no memory");
	}
	for (uint16_t w = 0; w < out->worker_count; w++)
		worker_rates(&out->workers[w], &before->workers[w], &now->workers[w], out->seconds);
	sum_workers(out, before, now);
	for (uint32_t i = 0; i < out->cluster_count; i++)
		cluster_rates(&out->clusters[i], before, &now->clusters[i], out->seconds);
	qsort(out->clusters, out->cluster_count, sizeof(*out->clusters), busiest_first);
	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++)
		if (now->drops[reason] > 0)
			out->drops[out->drop_count++] = (struct top_drop){
				reason,
				(double)since(before->drops[reason], now->drops[reason]) /
					out->seconds,
				now->drops[reason]};
	qsort(out->drops, out->drop_count, sizeof(*out->drops), most_frequent_first);
	return true;
}

void top_rates_free(struct top_rates *rates)
{
	free(rates->workers);
	free(rates->clusters);
	memset(rates, 0, sizeof(*rates));
}
