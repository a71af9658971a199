/* Shared by the files of this folder: one translation of one shared object. */
#ifndef XDS_TRANSLATE_INTERNAL_H
#define XDS_TRANSLATE_INTERNAL_H

#include "xds/protos.h"

#include "gateway/config/config_arena.h"
#include "gateway/route/route.h"
#include "xds/translate/translate.h"

#define NANOSECONDS 1000000000u

struct translation {
	const struct translate_env *env;
	struct document *document;
	struct config_arena *arena; /* of the object being made */
	struct config_object *object;
	struct config_resources *resources;
	struct config_names *seen;  /* clusters and listeners of this source, faulty ones too */
	uint32_t route_table_max;   /* room in resources->route_tables */
	uint32_t dns_target_max;
};

/* The document's memory for a list of results; NULL with a fault. */
void *translate_list(struct translation *t, size_t count, size_t bytes);

/* Shared objects: begin makes arena and object, end gives them up when faults were added since. */
void *object_begin(struct translation *t, enum config_kind kind, size_t bytes, struct str name);
bool object_failed(struct translation *t, uint32_t errors_before);
void object_destroy(struct config_object *object);

/* --- common.c: small values ------------------------------------------------------------------ */

struct str translate_text(struct translation *t, const char *text);
/* data NULL for "". */
struct str translate_optional_text(struct translation *t, const char *text);
/* ASCII lower case. */
struct str translate_lower(struct translation *t, const char *text);
/* `absent` when the message is NULL; negative or too long is a fault. */
uint64_t translate_duration(struct translation *t, const void *owner, const char *field,
			    const Google__Protobuf__Duration *duration, uint64_t absent_ns);
static inline uint32_t translate_u32(const Google__Protobuf__UInt32Value *value, uint32_t absent)
{
	return value ? value->value : absent;
}
static inline bool translate_bool(const Google__Protobuf__BoolValue *value, bool absent)
{
	return value ? value->value : absent;
}
/* Freed with the object being made; NULL with a fault. */
struct log_format *translate_format(struct translation *t, const void *owner, const char *field,
				    const char *text);
uint32_t translate_slot(struct translation *t, enum stat_kind kind, const char *name);
/* An IP address with port; false with a fault.  `hostname` (may be NULL) takes what is no address. */
bool translate_address(struct translation *t, const void *owner, const char *field,
		       const Core__Address *address, struct ip_addr *addr, uint16_t *port,
		       const char **hostname);
/* The same, or a Unix socket: *pipe is then its path, which lives as long as the names do, and *addr
 * stands for it where addresses are compared. */
bool translate_place(struct translation *t, const void *owner, const char *field,
		     const Core__Address *address, struct ip_addr *addr, uint16_t *port,
		     const char **hostname, const char **pipe);
/* The message in an Any, of this type; NULL with a fault. */
const void *translate_any(struct translation *t, const void *owner, const char *field,
			  const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type);
/* The message in an Any, whatever it is; NULL with a fault. */
const ProtobufCMessage *translate_any_content(struct translation *t, const void *owner,
					      const char *field, const Google__Protobuf__Any *any);
/* Bytes of a DataSource; false with a fault. */
bool translate_data_source(struct translation *t, const Core__DataSource *source, size_t bytes_max,
			   struct str *out);
#define FAULT(t, message, field, ...)                                                              \
	document_fault((t)->document, (const ProtobufCMessage *)(message), field, __VA_ARGS__)

/* --- one file each --------------------------------------------------------------------------- */

/* Fields of a Route, VirtualHost or RouteConfiguration: headers of one direction … */
struct level_headers {
	Core__HeaderValueOption *const *add;
	size_t add_count;
	char *const *removed;
	size_t removed_count;
	const char *removed_field;
};

/* … and all that they have in common. */
struct level {
	struct level_headers request;
	struct level_headers response;
	void *const *overrides;       /* entries of typed_per_filter_config */
	size_t override_count;
};

#define LEVEL_HEADERS(from, direction)                                                             \
	{                                                                                          \
		(from)->direction##_headers_to_add, (from)->n_##direction##_headers_to_add,        \
		(from)->direction##_headers_to_remove, (from)->n_##direction##_headers_to_remove,  \
		#direction "_headers_to_remove"                                                    \
	}
#define LEVEL(from)                                                                                \
	(&(const struct level){LEVEL_HEADERS(from, request), LEVEL_HEADERS(from, response),        \
			       (void *const *)(from)->typed_per_filter_config,                     \
			       (from)->n_typed_per_filter_config})

void translate_header_options(struct translation *t, const void *owner,
			      const struct level_headers *from, struct config_header_mutations *out);
void translate_header_rules(struct translation *t, MutationRules__HeaderMutation *const *rules,
			    size_t count, struct config_header_mutations *out);
/* Config of an HTTP filter (of a chain or of a route); NULL where it has none. */
const void *translate_filter_config(struct translation *t, const ProtobufCMessage *config,
				    bool per_route);
void translate_access_logs(struct translation *t, Accesslog__AccessLog *const *logs, size_t count,
			   struct config_access_log **out, uint32_t *out_count);
void translate_filter_overrides(struct translation *t, const struct level *from,
				struct config_filter_overrides *out);
void translate_virtual_host(struct translation *t, const Route__VirtualHost *from,
			    struct config_virtual_host *to, bool validate_clusters);
void translate_route(struct translation *t, const Route__Route *from, const Route__VirtualHost *host,
		     struct config_route *to, bool validate_clusters);
/* RETRY_ON_* of the words that are served; faults and warnings for the others. */
uint32_t translate_retry_on(struct translation *t, const Route__RetryPolicy *from);
/* The table's own arena; adds it to the resources.  Returns its id, CONFIG_NAME_NONE on failure. */
uint32_t translate_route_table(struct translation *t, const Route__RouteConfiguration *from,
			       const char *fallback_name);
void translate_hcm(struct translation *t, const Hcm__HttpConnectionManager *from,
		   const char *listener, struct config_hcm *to);
void translate_tcp_proxy(struct translation *t, const TcpProxy__TcpProxy *from,
			 struct config_tcp_proxy *to);
void translate_filter_chain(struct translation *t, const Listener__FilterChain *from,
			    const char *listener, struct config_filter_chain *to);
/* What the metadata says, 0 where it says nothing or nonsense. */
uint16_t metadata_vrf(const Core__Metadata *metadata);
/* The same, with faults that point at the value. */
uint16_t translate_vrf(struct translation *t, const Core__Metadata *metadata);
struct config_listener *translate_listener(struct translation *t, const Listener__Listener *from);
struct config_cluster *translate_cluster(struct translation *t, const Cluster__Cluster *from);
struct config_endpoints *translate_endpoints(struct translation *t, const Cluster__Cluster *cluster,
					     const struct config_cluster *made);
/* The id of a cluster that a route or tcp_proxy names. */
uint32_t translate_cluster_name(struct translation *t, const void *owner, const char *field,
				const char *name, bool must_exist);
/* Notes the name of a cluster or listener; a fault when it is empty or known already. */
void translate_unique_name(struct translation *t, const void *message, enum config_kind kind,
			   const char *name);
/* All resources of a bootstrap. */
void translate_static(struct translation *t, const Bootstrap__Bootstrap__StaticResources *from);

#endif
