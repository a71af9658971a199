/* Answers that need no upstream: no route, redirects, direct responses. */
#include <stdio.h>
#include <string.h>

#include "gateway/filters/router.h"

#define LOCATION_BYTES_MAX 3072

struct text {
	char *data;
	uint32_t length;
	bool full;
};

static void put(struct text *text, struct str more)
{
	if (more.length > LOCATION_BYTES_MAX - text->length) {
		text->full = true;
		return;
	}
	memcpy(text->data + text->length, more.data, more.length);
	text->length += more.length;
}

static struct str host_of(struct str authority)
{
	struct str host = authority;

	for (uint32_t i = authority.length; i > 0; i--) {
		if (authority.data[i - 1] == ']')
			break; /* RFC 3986 3.2.2: colons inside brackets are the address's */
		if (authority.data[i - 1] == ':')
			host.length = i - 1;
	}
	return host;
}

static struct str path_without_query(struct str path)
{
	const char *query = memchr(path.data, '?', path.length);

	return query ? (struct str){path.data, (uint32_t)(query - path.data)} : path;
}

static void put_path(struct text *text, const struct config_route *route, struct str path)
{
	struct str plain = path_without_query(path);
	struct str query = {plain.data + plain.length, path.length - plain.length};

	if (route->redirect_path.data) {
		put(text, route->redirect_path);
		/* A path that brings its own query replaces the old one. */
		if (memchr(route->redirect_path.data, '?', route->redirect_path.length))
			return;
	} else if (route->redirect_prefix.data && route->match.path.length <= plain.length) {
		put(text, route->redirect_prefix);
		put(text, (struct str){plain.data + route->match.path.length,
				       plain.length - route->match.path.length});
	} else {
		put(text, plain);
	}
	if (!route->redirect_strip_query)
		put(text, query);
}

static void redirect(struct exchange *exchange, const struct config_route *route, bool to_https,
		     uint64_t now_ns)
{
	static const struct config_route plain;
	struct text text = {.data = exchange->gateway->scratch};
	const struct message_head *request = &exchange->request;
	struct str location, scheme = request->scheme;

	if (to_https) {
		route = &plain;
		scheme = STR("https");
	} else if (route->redirect_scheme.data) {
		scheme = route->redirect_scheme;
	}
	put(&text, scheme);
	put(&text, STR("://"));
	if (route->redirect_host.data)
		put(&text, route->redirect_host);
	else if (route->redirect_port || !str_equal(scheme, request->scheme))
		put(&text, host_of(request->authority)); /* the old scheme's port means nothing now */
	else
		put(&text, request->authority);
	if (route->redirect_port) {
		char port[8];
		int length = snprintf(port, sizeof(port), ":%u", route->redirect_port);

		put(&text, (struct str){port, (uint32_t)length});
	}
	put_path(&text, route, request->path);
	location = arena_copy(&exchange->arena, (struct str){text.data, text.length});
	memset(&exchange->response, 0, sizeof(exchange->response));
	if (text.full || !location.data ||
	    !header_add(&exchange->response.headers, &exchange->arena, STR("location"), location)) {
		exchange_reply(exchange, 503, STR("overload"), STR("overload"),
			       UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
		return;
	}
	struct http_stats *stats = stats_http(exchange->gateway, exchange->hcm->stat_slot);

	counter_inc(&stats->rq_redirect);
	counter_inc(&stats->rq_direct_response);
	exchange_reply_with_headers(exchange, route->redirect_status ? route->redirect_status : 301,
				    STR(""), STR("direct_response"), 0, now_ns);
}

bool router_direct(struct exchange *exchange, uint64_t now_ns)
{
	const struct route_choice *choice = exchange_route(exchange);
	const struct config_route *route = choice->route;
	struct http_stats *stats = stats_http(exchange->gateway, exchange->hcm->stat_slot);

	if (choice->virtual_host && choice->virtual_host->require_tls != TLS_REQUIRED_NONE &&
	    !str_equal(exchange->request.scheme, STR("https"))) {
		redirect(exchange, route, true, now_ns);
		return true;
	}
	if (!route) {
		counter_inc(&stats->no_route);
		exchange_reply(exchange, 404, STR(""), STR("route_not_found"),
			       UINT64_C(1) << RESPONSE_FLAG_BIT_NO_ROUTE, now_ns);
		return true;
	}
	if (route->action == ROUTE_REDIRECT) {
		redirect(exchange, route, false, now_ns);
		return true;
	}
	if (route->action == ROUTE_DIRECT_RESPONSE) {
		counter_inc(&stats->rq_direct_response);
		exchange_reply(exchange, route->direct_status, route->direct_body,
			       STR("direct_response"), 0, now_ns);
		return true;
	}
	return false;
}
