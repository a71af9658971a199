#include <string.h>

#include "gateway/exchange/str.h"
#include "gateway/route/route.h"
#include "gateway/route/route_index.h"

/* "host:80" without ":80"; a colon inside of brackets belongs to the address. */
static struct str without_port(struct str host)
{
	const char *colon = host.length ? memrchr(host.data, ':', host.length) : NULL;

	if (!colon || memchr(colon, ']', (size_t)(host.data + host.length - colon)))
		return host;
	return (struct str){host.data, (uint32_t)(colon - host.data)};
}

static uint32_t find_wildcard(const struct route_index *index, const char *host, uint32_t length)
{
	/* A "*" stands for at least one byte. */
	for (uint32_t i = 0; i < index->suffix_count; i++) {
		uint32_t tail = index->suffix_lengths[i];
		uint32_t found = tail < length ? route_host_lookup(index, HOST_SUFFIX,
								   host + length - tail, tail)
					       : ROUTE_NONE;

		if (found != ROUTE_NONE)
			return found;
	}
	for (uint32_t i = 0; i < index->prefix_count; i++) {
		uint32_t lead = index->prefix_lengths[i];
		uint32_t found = lead < length
					 ? route_host_lookup(index, HOST_PREFIX, host, lead)
					 : ROUTE_NONE;

		if (found != ROUTE_NONE)
			return found;
	}
	return index->any;
}

static uint32_t find_host(const struct route_index *index, struct str host)
{
	char lower[ROUTE_HOST_BYTES_MAX];

	if ((!index->has_exact && index->suffix_count + index->prefix_count == 0) ||
	    host.length > sizeof(lower) || host.length == 0)
		return index->any;
	uint32_t i = 0;

	for (; i + 8 <= host.length; i += 8) {
		uint64_t word = str_lower8(str_load8(host.data + i));

		memcpy(lower + i, &word, sizeof(word));
	}
	for (; i < host.length; i++)
		lower[i] = str_lower1(host.data[i]);
	if (index->has_exact) {
		uint32_t found = route_host_lookup(index, HOST_EXACT, lower, host.length);

		if (found != ROUTE_NONE)
			return found;
	}
	return find_wildcard(index, lower, host.length);
}

/* How many bytes a node's text and the path have in common from the start. */
static uint32_t common_bytes(const struct path_set *set, struct str text, struct str path)
{
	uint32_t limit = text.length < path.length ? text.length : path.length;
	uint32_t i = 0;

	for (; i + 8 <= limit; i += 8) {
		uint64_t word = str_load8(path.data + i);
		uint64_t differ = str_load8(text.data + i) ^ (set->folded ? str_lower8(word) : word);

		if (differ)
			return i + (uint32_t)__builtin_ctzll(differ) / 8;
	}
	while (i < limit &&
	       text.data[i] == (set->folded ? str_lower1(path.data[i]) : path.data[i]))
		i++;
	return i;
}

/* Whether the node's text sorts after the path. */
static bool is_after(const struct path_set *set, const struct path_node *node, struct str path,
		     uint64_t key)
{
	if (node->key != key)
		return node->key > key;
	uint32_t same = common_bytes(set, node->text, path);

	if (same == node->text.length)
		return false;
	if (same == path.length)
		return true;
	char c = set->folded ? str_lower1(path.data[same]) : path.data[same];

	return (uint8_t)node->text.data[same] > (uint8_t)c;
}

static uint32_t find_path(const struct path_set *set, struct str path)
{
	if (set->count == 0 || path.length < set->common_bytes)
		return ROUTE_NONE;
	uint64_t key = route_path_key(path.data + set->common_bytes,
				      path.length - set->common_bytes, set->folded);
	uint32_t low = 0, high = set->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (is_after(set, &set->nodes[middle], path, key))
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0)
		return ROUTE_NONE;
	const struct path_node *node = &set->nodes[low - 1];
	uint32_t same = common_bytes(set, node->text, path);
	uint32_t best = ROUTE_NONE;

	if (same == node->text.length && same == path.length)
		best = node->exact;
	while (node->text.length > same) {
		if (node->parent == ROUTE_NONE)
			return best;
		node = &set->nodes[node->parent];
	}
	return best < node->prefix_min ? best : node->prefix_min;
}

static struct str without_query(struct str path)
{
	for (uint32_t i = 0; i < path.length; i++) {
		if (path.data[i] == '?' || path.data[i] == '#')
			return (struct str){path.data, i};
	}
	return path;
}

bool route_find(const struct config_route_table *table, const struct message_head *request,
		struct route_choice *choice)
{
	const struct route_index *index = table->index;
	struct str host = request->authority;
	uint32_t found = find_host(index, table->ignore_port_in_host ? without_port(host) : host);

	*choice = (struct route_choice){0};
	if (found == ROUTE_NONE)
		return false;
	choice->virtual_host = &table->virtual_hosts[found];
	struct str path = without_query(request->path);
	uint32_t cased = find_path(&index->paths[found].cased, path);
	uint32_t folded = find_path(&index->paths[found].folded, path);
	uint32_t route = cased < folded ? cased : folded;

	if (route == ROUTE_NONE)
		return false;
	choice->route = &choice->virtual_host->routes[route];
	return true;
}

uint32_t route_choose_cluster(const struct config_route *route, uint64_t random)
{
	if (route->cluster_count == 1)
		return route->clusters[0].cluster_id;
	/* The high half of the product is uniform below total_weight. */
	uint64_t point = (uint64_t)(((unsigned __int128)random * route->total_weight) >> 64);
	uint32_t last = route->cluster_count - 1;

	for (uint32_t i = 0; i < last; i++) {
		if (point < route->clusters[i].weight)
			return route->clusters[i].cluster_id;
		point -= route->clusters[i].weight;
	}
	return route->clusters[last].cluster_id;
}
