/* envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy */
#include "xds/translate/internal.h"

#define IDLE_DEFAULT_NS (3600ull * NANOSECONDS)

static void translate_clusters(struct translation *t, const TcpProxy__TcpProxy *from,
			       struct config_tcp_proxy *to)
{
	const TcpProxy__TcpProxy__WeightedCluster *weighted = from->weighted_clusters;
	uint64_t total = 0;

	if (from->cluster_specifier_case == TCP_PROXY__TCP_PROXY__CLUSTER_SPECIFIER_CLUSTER) {
		to->clusters = config_arena_alloc(t->arena, sizeof(*to->clusters));
		if (!to->clusters)
			return;
		to->clusters[0].cluster_id = translate_cluster_name(t, from, "cluster", from->cluster,
								    true);
		to->clusters[0].weight = 1;
		to->cluster_count = 1;
		to->total_weight = 1;
		return;
	}
	if (from->cluster_specifier_case != TCP_PROXY__TCP_PROXY__CLUSTER_SPECIFIER_WEIGHTED_CLUSTERS) {
		FAULT(t, from, NULL, "one of cluster and weighted_clusters is required");
		return;
	}
	if (!weighted->n_clusters)
		FAULT(t, weighted, "clusters", "at least one is required");
	to->clusters = config_arena_array(t->arena, weighted->n_clusters, sizeof(*to->clusters));
	to->cluster_count = to->clusters ? (uint32_t)weighted->n_clusters : 0;
	for (uint32_t i = 0; i < to->cluster_count; i++) {
		const TcpProxy__TcpProxy__WeightedCluster__ClusterWeight *one = weighted->clusters[i];

		to->clusters[i].cluster_id = translate_cluster_name(t, one, "name", one->name, true);
		to->clusters[i].weight = one->weight;
		if (one->weight < 1)
			FAULT(t, one, "weight", "expected 1 or more");
		total += one->weight;
	}
	if (total > UINT32_MAX)
		FAULT(t, weighted, "clusters", "the weights add up to more than 4294967295");
	to->total_weight = (uint32_t)total;
}

void translate_tcp_proxy(struct translation *t, const TcpProxy__TcpProxy *from,
			 struct config_tcp_proxy *to)
{
	if (!from->stat_prefix[0])
		FAULT(t, from, "stat_prefix", "required");
	to->stat_prefix = translate_text(t, from->stat_prefix);
	to->stat_slot = translate_slot(t, STAT_TCP_PROXY, from->stat_prefix);
	translate_clusters(t, from, to);
	to->idle_timeout_ns = translate_duration(t, from, "idle_timeout", from->idle_timeout,
						 IDLE_DEFAULT_NS);
	to->connection_duration_max_ns = translate_duration(
		t, from, "max_downstream_connection_duration",
		from->max_downstream_connection_duration, 0);
	to->connect_attempts_max = translate_u32(from->max_connect_attempts, 1);
	if (to->connect_attempts_max < 1)
		FAULT(t, from, "max_connect_attempts", "expected 1 or more");
	translate_access_logs(t, from->access_log, from->n_access_log, &to->logs, &to->log_count);
}
