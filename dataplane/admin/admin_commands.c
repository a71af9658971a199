/* The table of endpoints, Envoy's in Envoy's order. */
#include "dataplane/admin/admin_private.h"

#define FILTER "filter: regular expression, found anywhere in the name\n"

const struct admin_command admin_commands[] = {
	{"/", false, admin_home, "this list as a page", NULL},
	{"/allocprofiler", true, NULL, "there is no allocation profiler", NULL},
	{"/certs", false, admin_certs, "certificates", NULL},
	{"/clusters", false, admin_clusters, "clusters and their hosts",
	 "filter: regular expression, found anywhere in the cluster's name\n"
	 "format: text or json\n"},
	{"/config_dump", false, admin_config_dump, "the configuration as JSON",
	 "resource: only that list, such as static_clusters\n"
	 "mask: fields to show, separated by commas\n"
	 "name_regex: only what has a name that matches as a whole\n"
	 "include_eds: endpoints too\n"},
	{"/contention", false, NULL, "mutexes are not traced: workers share none", NULL},
	{"/cpuprofiler", true, NULL, "there is no profiler: use perf, symbols are in the binary", NULL},
	{"/drain_listeners", true, admin_drain_listeners, "take no new connections",
	 "graceful: ask connections to go first, close the listeners after the drain time\n"
	 "skip_exit: ask connections to go, and leave the listeners open\n"
	 "inboundonly: only listeners with traffic_direction INBOUND\n"},
	{"/healthcheck/fail", true, admin_healthcheck_fail, "let /ready say DRAINING", NULL},
	{"/healthcheck/ok", true, admin_healthcheck_ok, "let /ready say the truth again", NULL},
	{"/heap_dump", false, NULL, "there is no heap profiler", NULL},
	{"/heapprofiler", true, NULL, "there is no heap profiler", NULL},
	{"/help", false, admin_help, "this list", NULL},
	{"/hot_restart_version", false, admin_hot_restart_version, "disabled", NULL},
	{"/hydrofoil/conns", false, admin_conns, "connections of all workers as JSON", NULL},
	{"/hydrofoil/workers", false, admin_workers,
	 "workers as JSON: their buckets, flows and how busy they are", NULL},
	{"/hydrofoil/workers/order", true, admin_workers_order,
	 "rest or add a worker, move buckets",
	 "rest: number of a worker whose buckets go to the others\n"
	 "add: number of a worker that gets its share of buckets\n"
	 "move: how many buckets; with from and to\n"},
	{"/init_dump", false, NULL, "not here: /ready says whether anything is awaited", NULL},
	{"/listeners", false, admin_listeners, "listeners and their addresses",
	 "format: text or json\n"},
	{"/logging", true, admin_logging, "loggers and their levels; GET lists them too",
	 "NAME=LEVEL: of one logger\n"
	 "level: of all of them; trace, debug, info, warning, error, critical or off\n"
	 "paths: NAME1:LEVEL1,NAME2:LEVEL2\n"},
	{"/memory", false, admin_memory, "memory of the process", NULL},
	{"/memory/tcmalloc", false, NULL, "memory is not tcmalloc's: see /memory", NULL},
	{"/peak_heap_dump", false, NULL, "there is no heap profiler", NULL},
	{"/quitquitquit", true, admin_quit, "drain and exit", NULL},
	{"/ready", false, admin_ready, "200 LIVE, or 503 and the state", NULL},
	{"/reopen_logs", true, admin_reopen_logs, "open access log files again", NULL},
	{"/reset_counters", true, admin_reset_counters,
	 "count from zero; not gauges, distributions and what single workers and hosts count", NULL},
	{"/runtime", false, admin_runtime, "runtime values: there are none", NULL},
	{"/runtime_modify", true, NULL, "nothing here reads runtime values", NULL},
	{"/server_info", false, admin_server_info, "version, state, uptime, options", NULL},
	{"/stats", false, admin_stats, "all counters",
	 "usedonly: leave out what is 0\n" FILTER
	 "format: text, json or prometheus\n"
	 "type: All, Counters, Gauges, Histograms or TextReadouts\n"
	 "histogram_buckets: cumulative, disjoint, detailed or summary\n"},
	{"/stats/prometheus", false, admin_stats_prometheus,
	 "all counters for Prometheus, or as OpenMetrics by Accept",
	 "usedonly: leave out what is 0\n" FILTER
	 "histogram_buckets: cumulative or summary\n"},
	{"/stats/recentlookups", false, NULL, "counters are not looked up by name", NULL},
	{"/stats/recentlookups/clear", true, NULL, "counters are not looked up by name", NULL},
	{"/stats/recentlookups/disable", true, NULL, "counters are not looked up by name", NULL},
	{"/stats/recentlookups/enable", true, NULL, "counters are not looked up by name", NULL},
};
const uint32_t admin_command_count = ARRAY_LEN(admin_commands);
