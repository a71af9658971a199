#include <string.h>

#include "gateway/route/route.h"

struct str route_rewrite_path(const struct config_route *route, struct str path,
			      struct arena *arena)
{
	uint32_t matched = route->match.path.length;
	struct str prefix = route->prefix_rewrite;

	if (!prefix.data || matched > path.length)
		return path;
	uint32_t rest = path.length - matched;
	char *out = arena_alloc(arena, (size_t)prefix.length + rest);

	if (!out)
		return (struct str){NULL, 0};
	if (prefix.length > 0)
		memcpy(out, prefix.data, prefix.length);
	if (rest > 0)
		memcpy(out + prefix.length, path.data + matched, rest);
	return (struct str){out, prefix.length + rest};
}

static bool ends_with(struct str text, struct str tail)
{
	return text.length >= tail.length &&
	       memcmp(text.data + text.length - tail.length, tail.data, tail.length) == 0;
}

/* The request's host for another scheme or port: an explicit port goes where a new one comes, or
 * where it was the old scheme's default. */
static struct str redirect_host(const struct config_route *route, struct str host, struct str from,
				struct str to)
{
	const char *colon = host.length ? memrchr(host.data, ':', host.length) : NULL;

	if (!colon || memchr(colon, ']', (size_t)(host.data + host.length - colon)))
		return host;
	bool changes = !str_equal_nocase(from, to);
	bool remove = route->redirect_port != 0 ||
		      (changes && str_equal(from, STR("https")) && ends_with(host, STR(":443"))) ||
		      (changes && str_equal(from, STR("http")) && ends_with(host, STR(":80")));

	return remove ? (struct str){host.data, (uint32_t)(colon - host.data)} : host;
}

struct pieces {
	struct str items[8];
	uint32_t count;
};

static void add(struct pieces *pieces, struct str piece)
{
	pieces->items[pieces->count++] = piece;
}

static struct str join(const struct pieces *pieces, struct arena *arena)
{
	size_t length = 0;

	for (uint32_t i = 0; i < pieces->count; i++)
		length += pieces->items[i].length;
	char *out = arena_alloc(arena, length), *p = out;

	if (!out)
		return (struct str){NULL, 0};
	for (uint32_t i = 0; i < pieces->count; i++) {
		if (pieces->items[i].length > 0)
			memcpy(p, pieces->items[i].data, pieces->items[i].length);
		p += pieces->items[i].length;
	}
	return (struct str){out, (uint32_t)length};
}

static void add_path(struct pieces *pieces, const struct config_route *route, struct str path)
{
	const char *mark = path.length ? memchr(path.data, '?', path.length) : NULL;
	uint32_t bare = mark ? (uint32_t)(mark - path.data) : path.length;
	struct str query = {path.data + bare, path.length - bare};
	uint32_t matched = route->match.path.length;

	if (route->redirect_path.data) {
		struct str fixed = route->redirect_path;
		const char *own = memchr(fixed.data, '?', fixed.length);

		if (own && route->redirect_strip_query)
			fixed.length = (uint32_t)(own - fixed.data);
		add(pieces, fixed);
		if (own)
			return;
	} else if (route->redirect_prefix.data && matched <= bare) {
		add(pieces, route->redirect_prefix);
		add(pieces, (struct str){path.data + matched, bare - matched});
	} else {
		add(pieces, (struct str){path.data, bare});
	}
	if (!route->redirect_strip_query)
		add(pieces, query);
}

struct str route_redirect_location(const struct config_route *route,
				   const struct message_head *request, struct arena *arena)
{
	struct str from = request->scheme.length ? request->scheme : STR("http");
	struct str to = route->redirect_scheme.data ? route->redirect_scheme : from;
	struct pieces pieces = {.count = 0};
	char port[] = ":65535";
	uint32_t at = sizeof(port) - 1;

	add(&pieces, to);
	add(&pieces, STR("://"));
	add(&pieces, route->redirect_host.data
			     ? route->redirect_host
			     : redirect_host(route, request->authority, from, to));
	if (route->redirect_port != 0) {
		for (uint32_t value = route->redirect_port; value > 0; value /= 10)
			port[--at] = (char)('0' + value % 10);
		port[--at] = ':';
		add(&pieces, (struct str){port + at, (uint32_t)sizeof(port) - 1 - at});
	}
	add_path(&pieces, route, request->path);
	return join(&pieces, arena);
}
