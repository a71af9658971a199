#include "gateway/route/route_index.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/exchange/str.h"
#include "gateway/route/route.h"

uint32_t route_host_hash(enum host_kind kind, const char *text, uint32_t length)
{
	const uint64_t mix = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t hash = (length + 1) * mix + (uint64_t)kind;

	while (length >= 8) {
		hash = (hash ^ str_load8(text)) * mix;
		hash ^= hash >> 32;
		text += 8;
		length -= 8;
	}
	hash = (hash ^ str_load_short(text, length)) * mix;
	return (uint32_t)(hash >> 32);
}

uint64_t route_path_key(const char *data, uint32_t length, bool fold)
{
	uint64_t word = str_load_short(data, length);

	return be64toh(fold ? str_lower8(word) : word);
}

uint32_t route_host_lookup(const struct route_index *index, enum host_kind kind, const char *text,
			   uint32_t length)
{
	uint32_t at = route_host_hash(kind, text, length);

	for (;; at++) {
		const struct host_slot *slot = &index->slots[at & index->slot_mask];

		if (!slot->text.data)
			return ROUTE_NONE;
		if (slot->kind == kind && str_equal(slot->text, (struct str){text, length}))
			return slot->virtual_host;
	}
}

static char *copy_text(struct str text, bool fold)
{
	char *copy = malloc(text.length + 1u);

	if (!copy)
		return NULL;
	for (uint32_t i = 0; i < text.length; i++)
		copy[i] = fold ? str_lower1(text.data[i]) : text.data[i];
	copy[text.length] = '\0';
	return copy;
}

/* Descending; equal lengths once. */
static bool add_length(uint32_t **lengths, uint32_t *count, uint32_t length)
{
	uint32_t at = 0;

	while (at < *count && (*lengths)[at] > length)
		at++;
	if (at < *count && (*lengths)[at] == length)
		return true;
	uint32_t *grown = realloc(*lengths, (*count + 1u) * sizeof(*grown));

	if (!grown)
		return false;
	memmove(grown + at + 1, grown + at, (*count - at) * sizeof(*grown));
	grown[at] = length;
	*lengths = grown;
	(*count)++;
	return true;
}

static bool no_memory(struct why *why)
{
	return why_set(why, "no memory for the index of a route table");
}

static bool insert_host(struct route_index *index, enum host_kind kind, struct str text,
			uint32_t virtual_host, struct why *why)
{
	uint32_t at = route_host_hash(kind, text.data, text.length);

	if (kind == HOST_SUFFIX &&
	    !add_length(&index->suffix_lengths, &index->suffix_count, text.length))
		return no_memory(why);
	if (kind == HOST_PREFIX &&
	    !add_length(&index->prefix_lengths, &index->prefix_count, text.length))
		return no_memory(why);
	index->has_exact |= kind == HOST_EXACT;
	while (index->slots[at & index->slot_mask].text.data)
		at++;
	struct host_slot *slot = &index->slots[at & index->slot_mask];

	slot->text = (struct str){copy_text(text, true), text.length};
	slot->virtual_host = virtual_host;
	slot->kind = kind;
	return slot->text.data ? true : no_memory(why);
}

static bool add_domain(struct route_index *index, const struct config_route_table *table,
		       uint32_t virtual_host, struct str domain, struct why *why)
{
	const struct config_virtual_host *host = &table->virtual_hosts[virtual_host];
	char lower[ROUTE_HOST_BYTES_MAX];
	enum host_kind kind = HOST_EXACT;
	struct str text = {lower, domain.length};

	if (domain.length == 0 || domain.length > sizeof(lower))
		return why_set(why, "route table %.*s: virtual host %.*s: domain is empty or too long",
			       (int)table->name.length, table->name.data, (int)host->name.length,
			       host->name.data);
	for (uint32_t i = 0; i < domain.length; i++)
		lower[i] = str_lower1(domain.data[i]);
	if (lower[0] == '*') {
		kind = HOST_SUFFIX;
		text = (struct str){lower + 1, domain.length - 1};
	} else if (lower[domain.length - 1] == '*') {
		kind = HOST_PREFIX;
		text.length--;
	}
	bool any = text.length == 0;
	uint32_t before = any ? index->any
			      : route_host_lookup(index, kind, text.data, text.length);

	if (before != ROUTE_NONE)
		return why_set(why,
			       "route table %.*s: domain \"%.*s\" of virtual host %.*s is already "
			       "claimed by virtual host %.*s",
			       (int)table->name.length, table->name.data, (int)domain.length,
			       domain.data, (int)host->name.length, host->name.data,
			       (int)table->virtual_hosts[before].name.length,
			       table->virtual_hosts[before].name.data);
	if (any) {
		index->any = virtual_host;
		return true;
	}
	return insert_host(index, kind, text, virtual_host, why);
}

static bool build_hosts(struct route_index *index, const struct config_route_table *table,
			struct why *why)
{
	uint32_t domains = 0, slots = 4;

	for (uint32_t i = 0; i < table->virtual_host_count; i++)
		domains += table->virtual_hosts[i].domain_count;
	while (slots < domains * 2)
		slots *= 2;
	index->slots = calloc(slots, sizeof(*index->slots));
	if (!index->slots)
		return no_memory(why);
	index->slot_mask = slots - 1;
	index->any = ROUTE_NONE;
	for (uint32_t i = 0; i < table->virtual_host_count; i++) {
		const struct config_virtual_host *host = &table->virtual_hosts[i];

		for (uint32_t k = 0; k < host->domain_count; k++) {
			if (!add_domain(index, table, i, host->domains[k], why))
				return false;
		}
	}
	return true;
}

static int compare_nodes(const void *left, const void *right)
{
	const struct path_node *a = left, *b = right;
	uint32_t shorter = a->text.length < b->text.length ? a->text.length : b->text.length;
	int order = memcmp(a->text.data, b->text.data, shorter);

	if (order != 0)
		return order;
	return a->text.length < b->text.length ? -1 : a->text.length > b->text.length;
}

static bool is_prefix(struct str prefix, struct str text)
{
	return prefix.length <= text.length && memcmp(prefix.data, text.data, prefix.length) == 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Sorted nodes, one a route: joins equal texts, finds parents, hands prefix routes down. */
static void link_nodes(struct path_set *set)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		struct path_node *node = &set->nodes[i];
		struct path_node *last = kept > 0 ? &set->nodes[kept - 1] : NULL;

		if (last && str_equal(last->text, node->text)) {
			last->exact = smaller(last->exact, node->exact);
			last->prefix_min = smaller(last->prefix_min, node->prefix_min);
			free((char *)node->text.data);
			continue;
		}
		set->nodes[kept++] = *node;
	}
	set->count = kept;
	if (kept == 0)
		return;
	struct str first = set->nodes[0].text, last = set->nodes[kept - 1].text;

	while (set->common_bytes < smaller(first.length, last.length) &&
	       first.data[set->common_bytes] == last.data[set->common_bytes])
		set->common_bytes++;
	for (uint32_t i = 0; i < kept; i++) {
		struct path_node *node = &set->nodes[i];
		uint32_t parent = i > 0 ? i - 1 : ROUTE_NONE;

		while (parent != ROUTE_NONE && !is_prefix(set->nodes[parent].text, node->text))
			parent = set->nodes[parent].parent;
		node->parent = parent;
		if (parent != ROUTE_NONE)
			node->prefix_min =
				smaller(node->prefix_min, set->nodes[parent].prefix_min);
		node->key = route_path_key(node->text.data + set->common_bytes,
					   node->text.length - set->common_bytes, false);
	}
}

static bool build_paths(struct path_set *set, const struct config_virtual_host *host, bool folded)
{
	*set = (struct path_set){.folded = folded};
	set->nodes = calloc(host->route_count ? host->route_count : 1, sizeof(*set->nodes));
	if (!set->nodes)
		return false;
	for (uint32_t i = 0; i < host->route_count; i++) {
		const struct config_route_match *match = &host->routes[i].match;
		struct path_node *node = &set->nodes[set->count];

		if (match->case_insensitive != folded)
			continue;
		node->text = (struct str){copy_text(match->path, folded), match->path.length};
		if (!node->text.data)
			return false;
		node->exact = match->kind == PATH_MATCH_EXACT ? i : ROUTE_NONE;
		node->prefix_min = match->kind == PATH_MATCH_PREFIX ? i : ROUTE_NONE;
		set->count++;
	}
	qsort(set->nodes, set->count, sizeof(*set->nodes), compare_nodes);
	link_nodes(set);
	return true;
}

static bool build(struct route_index *index, const struct config_route_table *table,
		  struct why *why)
{
	if (!build_hosts(index, table, why))
		return false;
	index->paths = calloc(table->virtual_host_count ? table->virtual_host_count : 1,
			      sizeof(*index->paths));
	if (!index->paths)
		return no_memory(why);
	index->path_count = table->virtual_host_count;
	for (uint32_t i = 0; i < table->virtual_host_count; i++) {
		const struct config_virtual_host *host = &table->virtual_hosts[i];

		if (!build_paths(&index->paths[i].cased, host, false) ||
		    !build_paths(&index->paths[i].folded, host, true))
			return no_memory(why);
	}
	return true;
}

bool route_index_build(struct config_route_table *table, struct why *why)
{
	struct route_index *index = calloc(1, sizeof(*index));

	if (!index)
		return no_memory(why);
	if (!build(index, table, why)) {
		route_index_free(index);
		return false;
	}
	table->index = index;
	return true;
}

static void free_set(struct path_set *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		free((char *)set->nodes[i].text.data);
	free(set->nodes);
}

void route_index_free(struct route_index *index)
{
	if (!index)
		return;
	for (uint32_t i = 0; index->slots && i <= index->slot_mask; i++)
		free((char *)index->slots[i].text.data);
	for (uint32_t i = 0; i < index->path_count; i++) {
		free_set(&index->paths[i].cased);
		free_set(&index->paths[i].folded);
	}
	free(index->slots);
	free(index->suffix_lengths);
	free(index->prefix_lengths);
	free(index->paths);
	free(index);
}
