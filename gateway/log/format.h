/* Access log and header formats: Envoy's %COMMAND% language, compiled once.
 *
 * log_format_compile runs on control threads; log_format_write on workers without allocation. */
#ifndef GATEWAY_LOG_FORMAT_H
#define GATEWAY_LOG_FORMAT_H

#include <stdint.h>

#include "gateway/exchange/message.h"
#include "stack/base/compiler.h"
#include "stack/base/stream.h"
#include "stack/base/why.h"

struct log_format;

/* Envoy's response flags, from response_flags.def: FLAG(ID, "UH", "NoHealthyUpstream", "help"). */
enum response_flag {
#define FLAG(id, code, long_name, help) RESPONSE_FLAG_BIT_##id,
#include "gateway/log/response_flags.def"
#undef FLAG
	RESPONSE_FLAG_COUNT
};

/* What a format may ask for; pointers may be NULL, numbers 0, when it is not known: "-" then. */
struct log_context {
	const struct message_head *request;
	const struct message_head *response;
	const struct header_list *trailers;
	const struct stream_info *downstream;
	const struct stream_info *upstream;
	struct ip_addr client;            /* where has_client: who the edge says sent the request */
	bool has_client;
	struct str upstream_host;         /* "10.0.0.1:80" */
	struct str cluster_name;
	struct str route_name;
	struct str virtual_host_name;
	struct str response_code_details; /* "via_upstream", "route_not_found", … */
	struct str upstream_failure_reason;
	struct str request_id;
	struct str original_path;
	struct str requested_server_name;
	enum http_version protocol;
	uint16_t status;
	uint64_t response_flags;          /* 1 << RESPONSE_FLAG_BIT_… */
	uint64_t bytes_received;
	uint64_t bytes_sent;
	uint64_t start_wall_ns;           /* UNIX time */
	uint64_t duration_ns;
	uint64_t request_duration_ns;     /* first byte in to last request byte */
	uint64_t response_duration_ns;    /* first byte in to first answer byte */
	uint64_t upstream_service_time_ns;
	uint32_t attempts;
};

/* Envoy's default text format, ended by a line feed. */
extern const char log_format_default[];

/* NULL and *why (position and command) for an unknown or malformed command. */
struct log_format *log_format_compile(const char *text, struct why *why);
/* One member of a JSON line; keys and formats are copied. */
struct log_json_member {
	const char *key;
	const char *format;
};

/* A line {"key":value,…} and a line feed.  A member that is one command keeps its type: numbers are
 * numbers, what is not known is null; everything else is a string.  NULL and *why as above. */
struct log_format *log_format_compile_json(const struct log_json_member *members, uint32_t count,
					   struct why *why);
void log_format_free(struct log_format *format); /* NULL is allowed */
/* Writes at most size bytes and returns how many; what does not fit is cut. */
uint32_t log_format_write(const struct log_format *format, const struct log_context *context,
			  char *out, uint32_t size);
/* "UH,UF" or "-" into out; returns the length.  The other writes "NoHealthyUpstream,…". */
uint32_t log_response_flags_write(uint64_t flags, char *out, uint32_t size);
uint32_t log_response_flags_write_long(uint64_t flags, char *out, uint32_t size);

#endif
