/* Inside of the admin server: what its files share. */
#ifndef DATAPLANE_ADMIN_ADMIN_PRIVATE_H
#define DATAPLANE_ADMIN_ADMIN_PRIVATE_H

#include "dataplane/admin/admin.h"
#include "dataplane/admin/http_server.h"
#include "dataplane/counters/segment_reader.h"

struct admin {
	struct http_server *server;
	struct segment_reader *reader; /* opened at the first use */
	char segment_name[256];
	struct admin_callbacks callbacks;
};

typedef void (*admin_endpoint)(struct admin *admin, const struct http_request *request,
			       struct http_response *response);

/* admin_stats.c: /stats, /stats/prometheus */
void admin_stats(struct admin *admin, const struct http_request *request,
		 struct http_response *response);
void admin_stats_prometheus(struct admin *admin, const struct http_request *request,
			    struct http_response *response);
/* admin_conns.c: /hydrofoil/conns */
void admin_conns(struct admin *admin, const struct http_request *request,
		 struct http_response *response);

#define ADMIN_TYPE_JSON "application/json"

#endif
