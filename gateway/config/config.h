/* The immutable configuration that workers read.
 *
 *     config (root, RCU, replaced as a whole; small)
 *       ├─ listeners[]  ──> config_listener ──> config_filter_chain ──> config_hcm | config_tcp_proxy
 *       ├─ routes       id ──> config_route_table      (RouteConfiguration, late bound by id)
 *       ├─ clusters     id ──> config_cluster          (late bound by id)
 *       └─ endpoints    id ──> config_endpoints        (same id as the cluster)
 *
 * Objects are shared between roots: one endpoint's change replaces one config_endpoints and the
 * root.  Names are interned into ids that never change their meaning (config_names).  A reader
 * finds objects through the root within one poll; what it keeps longer it references with
 * config_hold, per worker and without atomics; the publisher frees an object when it is in no root
 * any more and every worker's count is 0.
 *
 * Made by xds/translate, published by dataplane/config, read by gateway.  Nothing here knows xDS. */
#ifndef GATEWAY_CONFIG_CONFIG_H
#define GATEWAY_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/invariant.h"

/* Bytes that are not ended by NUL (NUL follows in what translate makes, for the log's sake). */
struct str {
	const char *data;
	uint32_t length;
};

enum config_kind {
	CONFIG_LISTENER,
	CONFIG_ROUTE_TABLE,
	CONFIG_CLUSTER,
	CONFIG_ENDPOINTS,
	CONFIG_KIND_COUNT
};

/* First member of every shared object. */
struct config_object {
	enum config_kind kind;
	uint32_t id;       /* interned name within its kind */
	uint32_t hold;     /* index into every worker's array of hold counts */
	uint64_t version;  /* grows with every replacement */
	void (*destroy)(struct config_object *object);
};

/* One worker's hold counts, indexed by config_object.hold; the worker is the only writer. */
struct config_holds {
	uint32_t *counts;
	uint32_t capacity;
	/* How many holds it has taken over from other workers: whoever adds the workers' counts up, one after
	 * the other, overlooks a hold that passes between them, and looks again when this has grown.
	 * NULL = nobody adds up. */
	uint32_t *taken_over;
};

static inline void config_hold(struct config_holds *holds, const struct config_object *object)
{
	INVARIANT(object->hold < holds->capacity);
	uint32_t *count = &holds->counts[object->hold];
	__atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
}

/* As config_hold, for what another worker holds until it hears of this. */
static inline void config_take_over(struct config_holds *holds, const struct config_object *object)
{
	config_hold(holds, object);
	if (holds->taken_over)
		__atomic_store_n(holds->taken_over, *holds->taken_over + 1, __ATOMIC_RELEASE);
}

static inline void config_release(struct config_holds *holds, const struct config_object *object)
{
	uint32_t *count = &holds->counts[object->hold];
	INVARIANT(*count > 0);
	/* Release: what the worker read through the object happened before the count fell. */
	__atomic_store_n(count, *count - 1, __ATOMIC_RELEASE);
}

/* --- header mutation, shared by routes and the header_mutation filter ------------------------ */

enum config_header_action {
	HEADER_APPEND_IF_EXISTS_OR_ADD,
	HEADER_ADD_IF_ABSENT,
	HEADER_OVERWRITE_IF_EXISTS_OR_ADD,
	HEADER_OVERWRITE_IF_EXISTS,
	HEADER_REMOVE,
};

struct config_header_mutation {
	enum config_header_action action;
	struct str name;  /* lower case */
	struct str value; /* literal; %…% operators are compiled by gateway/log's format compiler */
	struct log_format *value_format; /* NULL where value is literal */
	bool keep_empty_value;
};

struct config_header_mutations {
	struct config_header_mutation *items;
	uint32_t count;
};

/* --- routes --------------------------------------------------------------------------------- */

enum config_path_match { PATH_MATCH_PREFIX, PATH_MATCH_EXACT };

struct config_route_match {
	enum config_path_match kind;
	struct str path;
	bool case_insensitive;
};

enum config_route_action { ROUTE_TO_CLUSTER, ROUTE_REDIRECT, ROUTE_DIRECT_RESPONSE };

enum config_retry_on {
	RETRY_ON_CONNECT_FAILURE = 1u << 0,
	RETRY_ON_REFUSED_STREAM = 1u << 1,
	RETRY_ON_RESET = 1u << 2,
	RETRY_ON_RESET_BEFORE_REQUEST = 1u << 3,
	RETRY_ON_GATEWAY_ERROR = 1u << 4,
	RETRY_ON_5XX = 1u << 5,
};

struct config_weighted_cluster {
	uint32_t cluster_id;
	uint32_t weight;
};

/* Per-filter configuration of a route, virtual host or route table, by filter instance name. */
struct config_filter_override {
	struct str filter_name;
	bool disabled;
	const void *config; /* made by the filter's own translation; type known by the filter */
};

struct config_filter_overrides {
	struct config_filter_override *items;
	uint32_t count;
};

struct config_route {
	struct str name;
	struct config_route_match match;
	enum config_route_action action;
	/* ROUTE_TO_CLUSTER */
	struct config_weighted_cluster *clusters; /* one with weight 1 for a plain cluster */
	uint32_t cluster_count;
	uint32_t total_weight;
	uint64_t timeout_ns;            /* 0 = none; Envoy's default is 15 s */
	uint64_t idle_timeout_ns;       /* 0 = the connection manager's stream_idle_timeout */
	struct str prefix_rewrite;      /* data NULL = none */
	struct str host_rewrite;        /* data NULL = none */
	bool append_x_forwarded_host;
	uint32_t retry_on;              /* bits of enum config_retry_on */
	uint32_t retries_max;
	uint64_t per_try_timeout_ns;
	uint16_t cluster_not_found_status; /* 503 by default */
	/* ROUTE_REDIRECT */
	uint16_t redirect_status;
	struct str redirect_scheme;     /* data NULL = keep; likewise below */
	struct str redirect_host;
	struct str redirect_path;
	struct str redirect_prefix;
	uint16_t redirect_port;         /* 0 = keep */
	bool redirect_strip_query;
	/* ROUTE_DIRECT_RESPONSE */
	uint16_t direct_status;
	struct str direct_body;
	/* all */
	struct config_header_mutations request_headers;
	struct config_header_mutations response_headers;
	struct config_filter_overrides overrides;
	uint32_t stat_slot;             /* STAT_ROUTE, or UINT32_MAX where the route has no stat_prefix */
};

enum config_tls_requirement { TLS_REQUIRED_NONE, TLS_REQUIRED_EXTERNAL, TLS_REQUIRED_ALL };

struct config_virtual_host {
	struct str name;
	struct str *domains; /* lower case: exact, "*.suffix", "*" */
	uint32_t domain_count;
	struct config_route *routes; /* first match wins */
	uint32_t route_count;
	enum config_tls_requirement require_tls;
	bool include_attempt_count;
	struct config_header_mutations request_headers;
	struct config_header_mutations response_headers;
	struct config_filter_overrides overrides;
};

struct route_index; /* gateway/route builds it: host and path lookup */

struct config_route_table {
	struct config_object object;
	struct str name;
	struct config_virtual_host *virtual_hosts;
	uint32_t virtual_host_count;
	struct route_index *index;
	bool ignore_port_in_host;
	bool most_specific_header_mutations_wins;
	struct config_header_mutations request_headers;
	struct config_header_mutations response_headers;
	struct config_filter_overrides overrides;
};

/* --- clusters ------------------------------------------------------------------------------- */

enum config_discovery { DISCOVERY_STATIC, DISCOVERY_STRICT_DNS, DISCOVERY_EDS };
enum config_lb_policy { LB_ROUND_ROBIN, LB_LEAST_REQUEST, LB_RANDOM };

struct config_breakers {
	uint32_t connections_max;
	uint32_t pending_max;
	uint32_t requests_max;
	uint32_t retries_max;
	bool track_remaining; /* shows what is left of them */
};

struct config_cluster {
	struct config_object object;
	struct str name;
	struct str stat_name;           /* alt_stat_name or name */
	enum config_discovery discovery;
	enum config_lb_policy lb_policy;
	uint32_t least_request_choices; /* 2 by default */
	uint64_t connect_timeout_ns;    /* 5 s by default */
	uint64_t idle_timeout_ns;       /* of a pooled connection; 1 h by default, 0 = never */
	uint32_t requests_per_connection_max; /* 0 = no limit */
	uint32_t buffer_limit_bytes;
	struct config_breakers breakers;
	uint64_t dns_refresh_ns;
	bool dns_respect_ttl;
	uint8_t dns_family;             /* 4 or 6 only, 0 = both, 46 / 64 = preferred first */
	struct ip_addr source;          /* any = the stack chooses */
	uint16_t vrf;                   /* that connections are opened in */
	uint32_t stat_slot;
};

enum config_health { HEALTH_UNKNOWN, HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY, HEALTH_DRAINING };

struct config_endpoint {
	struct ip_addr addr;
	uint16_t port;
	const char *pipe;     /* path of a Unix socket: addr only stands for it; NULL = none */
	uint32_t weight;      /* >= 1 */
	enum config_health health;
	struct str hostname;  /* data NULL = none */
	uint32_t stat_slot;   /* of cluster + host; also the key of per-worker pools and state */
};

struct config_endpoints {
	struct config_object object; /* id = the cluster's */
	struct config_endpoint *endpoints;
	uint32_t endpoint_count;
};

/* --- listeners ------------------------------------------------------------------------------ */

struct config_access_log {
	struct str path;          /* "/dev/stdout" and the like, or a file */
	struct log_format *format; /* compiled by gateway/log */
	uint32_t sink;            /* index given by the composition root's log writer */
};

enum config_codec { CODEC_AUTO, CODEC_HTTP1, CODEC_HTTP2 };
enum config_server_header { SERVER_OVERWRITE, SERVER_APPEND_IF_ABSENT, SERVER_PASS_THROUGH };

struct filter_type; /* gateway/filters/filter.h */

struct config_http_filter {
	struct str name;
	const struct filter_type *type;
	const void *config; /* the filter's own, immutable */
	bool disabled;      /* unless a per-route override enables it */
};

/* What becomes of %2F and %5C in a path. */
enum config_escaped_slashes {
	ESCAPED_SLASHES_KEEP,
	ESCAPED_SLASHES_REJECT,
	ESCAPED_SLASHES_REDIRECT, /* unescaped, and the client is sent there */
	ESCAPED_SLASHES_FORWARD,  /* unescaped */
};

/* What request memory holds: static asserts where it is made say so. */
#define CONFIG_HEADERS_KB_MAX 64
#define CONFIG_HEADERS_COUNT_MAX 180

struct config_hcm {
	struct str stat_prefix;
	uint32_t stat_slot;
	enum config_codec codec;
	uint32_t route_table_id;        /* late bound */
	struct config_http_filter *filters; /* the last is terminal (router) */
	uint32_t filter_count;
	struct config_access_log *logs;
	uint32_t log_count;
	struct str server_name;         /* "hydrofoil" by default */
	enum config_server_header server_header;
	bool use_remote_address;
	uint32_t xff_trusted_hops;
	bool skip_xff_append;
	bool generate_request_id;
	bool preserve_external_request_id;
	bool accept_http_10;
	struct str default_host_http10; /* data NULL = none */
	bool normalize_path;
	bool merge_slashes;
	enum config_escaped_slashes escaped_slashes;
	uint32_t headers_kb_max;        /* 60 by default, at most CONFIG_HEADERS_KB_MAX */
	uint32_t headers_count_max;     /* 100 by default, at most CONFIG_HEADERS_COUNT_MAX */
	uint64_t idle_timeout_ns;       /* of a connection without request; 1 h by default */
	uint64_t stream_idle_timeout_ns;/* 5 min by default */
	uint64_t request_timeout_ns;    /* 0 = none */
	uint64_t request_headers_timeout_ns;
	uint64_t drain_timeout_ns;      /* 5 s by default */
	uint64_t connection_duration_max_ns; /* 0 = none */
	uint32_t requests_per_connection_max;
	bool proxy_100_continue;
	struct str via;                 /* data NULL = none */
};

struct config_tcp_proxy {
	struct str stat_prefix;
	uint32_t stat_slot;
	struct config_weighted_cluster *clusters;
	uint32_t cluster_count;
	uint32_t total_weight;
	uint64_t idle_timeout_ns;       /* 1 h by default, 0 = never */
	uint64_t connection_duration_max_ns;
	uint32_t connect_attempts_max;
	struct config_access_log *logs;
	uint32_t log_count;
};

enum config_network_filter { NETWORK_HTTP, NETWORK_TCP_PROXY };

struct config_filter_chain {
	struct str name;
	uint16_t match_destination_port; /* 0 = every port */
	enum config_network_filter kind;
	struct config_hcm *http;            /* one of the two, owned by the listener object */
	struct config_tcp_proxy *tcp_proxy;
};

struct config_listen_address {
	struct ip_addr addr;
	bool any_family;      /* "::" with ipv4_compat, or 0.0.0.0 for IPv4 only when false */
	uint16_t port;        /* 0 = every port */
	uint16_t vrf;
	const char *pipe;     /* path of a Unix socket: addr only stands for it; NULL = none */
	uint32_t pipe_mode;   /* permissions of its file; 0 = as the umask leaves them */
	int kernel_socket;    /* the composition root's, where the kernel serves it; -1 = none */
};

enum config_direction { DIRECTION_UNSPECIFIED, DIRECTION_INBOUND, DIRECTION_OUTBOUND };

struct config_listener {
	struct config_object object;
	struct str name;
	uint32_t stat_slot;
	struct config_listen_address *addresses;
	uint32_t address_count;
	struct config_filter_chain *chains;
	uint32_t chain_count;
	struct config_filter_chain *default_chain; /* NULL = close what no chain matches */
	uint32_t buffer_limit_bytes;    /* per connection; 1 MiB by default */
	uint32_t backlog;
	enum config_direction direction; /* says which listeners a drain is about */
};

/* --- the root ------------------------------------------------------------------------------- */

struct config {
	uint64_t version;
	struct config_listener **listeners;
	uint32_t listener_count;
	/* Indexed by id; an entry may be NULL (unknown, removed, or still warming). */
	struct config_route_table **route_tables;
	uint32_t route_table_count;
	struct config_cluster **clusters;
	struct config_endpoints **endpoints;
	uint32_t cluster_count;
};

static inline struct config_cluster *config_find_cluster(const struct config *config, uint32_t id)
{
	return id < config->cluster_count ? config->clusters[id] : NULL;
}

static inline struct config_endpoints *config_find_endpoints(const struct config *config, uint32_t id)
{
	return id < config->cluster_count ? config->endpoints[id] : NULL;
}

static inline struct config_route_table *config_find_route_table(const struct config *config,
								 uint32_t id)
{
	return id < config->route_table_count ? config->route_tables[id] : NULL;
}

#endif
