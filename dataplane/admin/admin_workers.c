/* /hydrofoil/workers: who does what; /hydrofoil/workers/order (POST): rests, adds, moves. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"

/* False: it is not a number. */
static bool read_number(const struct http_request *request, const char *name, uint32_t *out)
{
	const char *text = http_request_argument(request, name);
	char *end;

	if (!text || text[0] < '0' || text[0] > '9' || strlen(text) > 9)
		return false;
	*out = (uint32_t)strtoul(text, &end, 10);
	return *end == '\0';
}

static bool read_order(const struct http_request *request, struct admin_worker_order *order)
{
	*order = (struct admin_worker_order){0};
	if (read_number(request, "rest", &order->worker))
		order->what = ADMIN_WORKER_REST;
	else if (read_number(request, "add", &order->worker))
		order->what = ADMIN_WORKER_ADD;
	else if (read_number(request, "move", &order->count) &&
		 read_number(request, "from", &order->worker) &&
		 read_number(request, "to", &order->to))
		order->what = ADMIN_WORKER_MOVE;
	else
		return false;
	return true;
}

void admin_workers(struct admin *admin, const struct http_request *request,
		   struct http_response *response)
{
	(void)request;
	if (!admin->callbacks.workers) {
		http_response_error(response, 501, "this process does not serve that");
		return;
	}
	response->content_type = ADMIN_TYPE_JSON;
	admin->callbacks.workers(admin->callbacks.context, &response->body);
}

void admin_workers_order(struct admin *admin, const struct http_request *request,
			 struct http_response *response)
{
	struct admin_worker_order order;
	struct why why;

	if (!admin->callbacks.order_workers)
		http_response_error(response, 501, "this process does not serve that");
	else if (!read_order(request, &order))
		http_response_error(response, 400,
				    "one of ?rest=N, ?add=N, ?move=COUNT&from=N&to=N");
	else if (!admin->callbacks.order_workers(admin->callbacks.context, &order, &why))
		http_response_error(response, 400, why.text);
	else
		admin_workers(admin, request, response);
}
