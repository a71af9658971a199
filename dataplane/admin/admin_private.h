/* Inside of the admin server: what its files share. */
#ifndef DATAPLANE_ADMIN_ADMIN_PRIVATE_H
#define DATAPLANE_ADMIN_ADMIN_PRIVATE_H

#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/admin/config_view.h"
#include "dataplane/admin/http_server.h"
#include "dataplane/counters/segment_reader.h"

struct admin {
	struct http_server *server;
	struct segment_reader *reader; /* opened at the first use */
	char segment_name[256];
	struct admin_callbacks callbacks;
	const struct admin_extra *extras;
	uint32_t extra_count;
};

#define ADMIN_NOT_HERE "this process does not serve that"
#define ADMIN_TYPE_JSON "application/json"

typedef void (*admin_endpoint)(struct admin *admin, const struct http_request *request,
			       struct http_response *response);

/* One line of the table of endpoints. */
struct admin_command {
	const char *path;
	bool changes;          /* POST only */
	admin_endpoint serve;  /* NULL: not here, and text says why */
	const char *text;
	const char *arguments; /* "name: what it does\n…", or NULL */
};
/* admin_commands.c: sorted by path */
extern const struct admin_command admin_commands[];
extern const uint32_t admin_command_count;

/* admin_stats.c: /stats, /stats/prometheus */
void admin_stats(struct admin *admin, const struct http_request *request,
		 struct http_response *response);
void admin_stats_prometheus(struct admin *admin, const struct http_request *request,
			    struct http_response *response);
/* admin_conns.c: /hydrofoil/conns */
void admin_conns(struct admin *admin, const struct http_request *request,
		 struct http_response *response);
/* admin_clusters.c, admin_listeners.c */
void admin_clusters(struct admin *admin, const struct http_request *request,
		    struct http_response *response);
void admin_listeners(struct admin *admin, const struct http_request *request,
		     struct http_response *response);
/* admin_process.c */
void admin_ready(struct admin *admin, const struct http_request *request,
		 struct http_response *response);
void admin_server_info(struct admin *admin, const struct http_request *request,
		       struct http_response *response);
void admin_memory(struct admin *admin, const struct http_request *request,
		  struct http_response *response);
void admin_certs(struct admin *admin, const struct http_request *request,
		 struct http_response *response);
void admin_runtime(struct admin *admin, const struct http_request *request,
		   struct http_response *response);
void admin_hot_restart_version(struct admin *admin, const struct http_request *request,
			       struct http_response *response);
void admin_config_dump(struct admin *admin, const struct http_request *request,
		       struct http_response *response);
/* admin_actions.c */
void admin_quit(struct admin *admin, const struct http_request *request,
		struct http_response *response);
void admin_reopen_logs(struct admin *admin, const struct http_request *request,
		       struct http_response *response);
void admin_reset_counters(struct admin *admin, const struct http_request *request,
			  struct http_response *response);
void admin_healthcheck_fail(struct admin *admin, const struct http_request *request,
			    struct http_response *response);
void admin_healthcheck_ok(struct admin *admin, const struct http_request *request,
			  struct http_response *response);
void admin_drain_listeners(struct admin *admin, const struct http_request *request,
			   struct http_response *response);
void admin_logging(struct admin *admin, const struct http_request *request,
		   struct http_response *response);
/* admin.c */
void admin_help(struct admin *admin, const struct http_request *request,
		struct http_response *response);
void admin_home(struct admin *admin, const struct http_request *request,
		struct http_response *response);
/* admin_workers.c: /hydrofoil/workers, /hydrofoil/workers/order */
void admin_workers(struct admin *admin, const struct http_request *request,
		   struct http_response *response);
void admin_workers_order(struct admin *admin, const struct http_request *request,
			 struct http_response *response);

/* Each answers by itself where it returns false. */
bool admin_reader_ready(struct admin *admin, struct http_response *response);
bool admin_view(struct admin *admin, struct config_view *out, struct http_response *response);
bool admin_wants_json(const struct http_request *request, struct http_response *response,
		      bool *json);

#endif
