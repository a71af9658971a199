#include "dataplane/config/publish.h"

#include <stdlib.h>
#include <string.h>

struct attached {
	struct mailbox *box;
	const uint64_t *version;
	uint64_t posted_version;
	uint32_t *counts;
};

/* Something that old roots may still show. */
struct retired {
	struct retired *next;
	uint64_t version;             /* of the first root without it */
	struct config_object *object; /* one of the two */
	struct config *root;
};

struct publisher {
	struct publisher_params params;
	struct attached *workers;
	struct config_object **current[CONFIG_KIND_COUNT]; /* by id */
	struct config_object **shown_clusters;             /* what roots show; may lag behind current */
	uint32_t *free_holds;
	uint32_t free_hold_count;
	uint64_t object_version;
	struct config *root;
	struct retired *retired;
	uint32_t retired_count;
	uint32_t warming;
};

/* --- roots ------------------------------------------------------------------------------- */

static void root_free(struct config *root)
{
	if (!root)
		return;
	free(root->listeners);
	free(root->route_tables);
	free(root->clusters);
	free(root->endpoints);
	free(root);
}

static uint32_t highest(struct config_object *const *objects, uint32_t id_max)
{
	uint32_t n = id_max;

	while (n > 0 && !objects[n - 1])
		n--;
	return n;
}

static void *copy_table(struct config_object *const *from, uint32_t count)
{
	void *table = malloc(count ? count * sizeof(*from) : 1);

	if (table && count)
		memcpy(table, from, count * sizeof(*from));
	return table;
}

static bool fill_listeners(struct config *root, struct config_object *const *objects, uint32_t id_max)
{
	uint32_t top = highest(objects, id_max);

	root->listeners = malloc((top + 1) * sizeof(*root->listeners));
	if (!root->listeners)
		return false;
	for (uint32_t id = 0; id < top; id++)
		if (objects[id])
			root->listeners[root->listener_count++] =
				(struct config_listener *)objects[id];
	return true;
}

static bool brings_own_endpoints(const struct config_cluster *cluster)
{
	return cluster->discovery != DISCOVERY_STATIC;
}

/* Which version of a cluster a root shows: the newest, unless that one still waits. */
static struct config_object *choose_cluster(const struct publisher *p, uint32_t id)
{
	struct config_object *now = p->current[CONFIG_CLUSTER][id];

	if (!now || !brings_own_endpoints((const struct config_cluster *)now) ||
	    p->current[CONFIG_ENDPOINTS][id])
		return now;
	return NULL;
}

static struct config *root_make(struct publisher *p)
{
	uint32_t id_max = p->params.id_max;
	struct config *root = calloc(1, sizeof(*root));
	uint32_t clusters, endpoints;

	if (!root)
		return NULL;
	p->warming = 0;
	for (uint32_t id = 0; id < id_max; id++) {
		p->shown_clusters[id] = choose_cluster(p, id);
		if (p->current[CONFIG_CLUSTER][id] && !p->shown_clusters[id])
			p->warming++;
	}
	root->version = p->root ? p->root->version + 1 : 1;
	root->route_table_count = highest(p->current[CONFIG_ROUTE_TABLE], id_max);
	clusters = highest(p->shown_clusters, id_max);
	endpoints = highest(p->current[CONFIG_ENDPOINTS], id_max);
	root->cluster_count = clusters > endpoints ? clusters : endpoints;
	root->route_tables = copy_table(p->current[CONFIG_ROUTE_TABLE], root->route_table_count);
	root->clusters = copy_table(p->shown_clusters, root->cluster_count);
	root->endpoints = copy_table(p->current[CONFIG_ENDPOINTS], root->cluster_count);
	if (!root->route_tables || !root->clusters || !root->endpoints ||
	    !fill_listeners(root, p->current[CONFIG_LISTENER], id_max)) {
		root_free(root);
		return NULL;
	}
	return root;
}

/* --- making and ending ------------------------------------------------------------------- */

/* Whole lines: each worker writes its own. */
static uint32_t *make_counts(uint32_t count)
{
	size_t bytes = (count * sizeof(uint32_t) + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
		       CACHE_LINE_BYTES;
	uint32_t *counts = aligned_alloc(CACHE_LINE_BYTES, bytes);

	return counts ? memset(counts, 0, bytes) : NULL;
}

struct publisher *publisher_create(const struct publisher_params *params, struct why *why)
{
	struct publisher *p = calloc(1, sizeof(*p));
	bool whole = p != NULL;

	if (p) {
		p->params = *params;
		p->workers = calloc(params->worker_count, sizeof(*p->workers));
		p->free_holds = calloc(params->objects_max, sizeof(*p->free_holds));
		p->shown_clusters = calloc(params->id_max, sizeof(void *));
		whole = p->workers && p->free_holds && p->shown_clusters;
		for (unsigned k = 0; k < CONFIG_KIND_COUNT; k++) {
			p->current[k] = calloc(params->id_max, sizeof(void *));
			whole = whole && p->current[k];
		}
		for (unsigned i = 0; p->workers && i < params->worker_count; i++) {
			/* The last is config_holds.taken_over. */
			p->workers[i].counts = make_counts(params->objects_max + 1);
			whole = whole && p->workers[i].counts;
		}
	}
	if (whole) {
		for (uint32_t i = 0; i < params->objects_max; i++)
			p->free_holds[i] = params->objects_max - 1 - i;
		p->free_hold_count = params->objects_max;
		p->root = root_make(p);
	}
	if (!whole || !p->root) {
		if (p)
			publisher_destroy(p);
		why_set(why, "no memory for the configuration's tables");
		return NULL;
	}
	return p;
}

void publisher_destroy(struct publisher *p)
{
	for (struct retired *r = p->retired, *next; r; r = next) {
		next = r->next;
		if (r->object)
			r->object->destroy(r->object);
		root_free(r->root);
		free(r);
	}
	for (unsigned k = 0; k < CONFIG_KIND_COUNT; k++) {
		for (uint32_t id = 0; p->current[k] && id < p->params.id_max; id++)
			if (p->current[k][id])
				p->current[k][id]->destroy(p->current[k][id]);
		free(p->current[k]);
	}
	for (unsigned i = 0; p->workers && i < p->params.worker_count; i++)
		free(p->workers[i].counts);
	root_free(p->root);
	free(p->workers);
	free(p->free_holds);
	free(p->shown_clusters);
	free(p);
}

struct config_holds publisher_holds(struct publisher *p, uint16_t worker)
{
	uint32_t *counts = p->workers[worker].counts;

	return (struct config_holds){counts, p->params.objects_max, &counts[p->params.objects_max]};
}

uint64_t publisher_held(const struct publisher *p)
{
	uint64_t held = 0;

	for (uint16_t worker = 0; worker < p->params.worker_count; worker++)
		for (uint32_t i = 0; i < p->params.objects_max; i++)
			held += __atomic_load_n(&p->workers[worker].counts[i], __ATOMIC_RELAXED);
	return held;
}

void publisher_attach(struct publisher *p, uint16_t worker, struct mailbox *box,
		      const uint64_t *config_version)
{
	p->workers[worker].box = box;
	p->workers[worker].version = config_version;
}

/* --- changing ---------------------------------------------------------------------------- */

static void post(struct publisher *p)
{
	for (unsigned i = 0; i < p->params.worker_count; i++) {
		struct attached *worker = &p->workers[i];
		struct mail mail = {.kind = MAIL_CONFIG, .config = p->root};

		if (worker->box && worker->posted_version != p->root->version &&
		    mailbox_post(worker->box, &mail))
			worker->posted_version = p->root->version;
	}
}

static bool check(const struct publisher *p, const struct config_change *changes, uint32_t count,
		  struct why *why)
{
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (changes[i].kind >= CONFIG_KIND_COUNT || changes[i].id >= p->params.id_max)
			return why_set(why, "more than %u names of one kind in the configuration",
				       p->params.id_max);
		wanted += changes[i].object != NULL;
	}
	if (wanted > p->free_hold_count)
		return why_set(why, "more than %u configuration objects at one time",
			       p->params.objects_max);
	return true;
}

/* Everything that can fail for lack of memory, before anything changes. */
static struct retired *take_nodes(uint32_t count)
{
	struct retired *list = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct retired *node = calloc(1, sizeof(*node));

		if (!node) {
			while (list) {
				node = list->next;
				free(list);
				list = node;
			}
			return NULL;
		}
		node->next = list;
		list = node;
	}
	return list;
}

static void retire(struct publisher *p, struct retired **nodes, struct config_object *object,
		   struct config *root, uint64_t version)
{
	struct retired *node = *nodes;

	*nodes = node->next;
	*node = (struct retired){
		.next = p->retired, .version = version, .object = object, .root = root};
	p->retired = node;
	p->retired_count++;
}

static void put_in(struct publisher *p, const struct config_change *change)
{
	if (change->object) {
		change->object->kind = change->kind;
		change->object->id = change->id;
		change->object->hold = p->free_holds[--p->free_hold_count];
		change->object->version = ++p->object_version;
	}
	p->current[change->kind][change->id] = change->object;
}

static void discard(const struct config_change *changes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (changes[i].object)
			changes[i].object->destroy(changes[i].object);
}

bool publisher_apply(struct publisher *p, const struct config_change *changes, uint32_t count,
		     struct why *why)
{
	uint64_t version = p->root->version + 1;
	struct retired *nodes = NULL;
	struct config_object **replaced = calloc(count + 1, sizeof(void *));

	if (replaced)
		nodes = take_nodes(count + 1);
	if (!nodes || !check(p, changes, count, why)) {
		if (!nodes)
			why_set(why, "no memory for the new configuration");
		goto refused;
	}
	for (uint32_t i = 0; i < count; i++) {
		replaced[i] = p->current[changes[i].kind][changes[i].id];
		put_in(p, &changes[i]);
	}
	struct config *root = root_make(p);

	if (!root) {
		for (uint32_t i = count; i-- > 0;) {
			p->current[changes[i].kind][changes[i].id] = replaced[i];
			if (changes[i].object)
				p->free_holds[p->free_hold_count++] = changes[i].object->hold;
		}
		why_set(why, "no memory for the new configuration");
		goto refused;
	}
	for (uint32_t i = 0; i < count; i++)
		if (replaced[i])
			retire(p, &nodes, replaced[i], NULL, version);
	retire(p, &nodes, NULL, p->root, version);
	p->root = root;
	post(p);
	for (struct retired *next; nodes; nodes = next) {
		next = nodes->next;
		free(nodes);
	}
	free(replaced);
	return true;
refused:
	for (struct retired *next; nodes; nodes = next) {
		next = nodes->next;
		free(nodes);
	}
	free(replaced);
	discard(changes, count);
	return false;
}

/* --- reclaiming -------------------------------------------------------------------------- */

static uint64_t oldest_version(const struct publisher *p)
{
	uint64_t oldest = p->root->version;

	for (unsigned i = 0; i < p->params.worker_count; i++) {
		if (!p->workers[i].version)
			continue;
		uint64_t version = __atomic_load_n(p->workers[i].version, __ATOMIC_ACQUIRE);

		if (version < oldest)
			oldest = version;
	}
	return oldest;
}

static uint32_t taken_over(const struct publisher *p)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < p->params.worker_count; i++)
		sum += __atomic_load_n(&p->workers[i].counts[p->params.objects_max], __ATOMIC_ACQUIRE);
	return sum;
}

static bool is_held(const struct publisher *p, const struct config_object *object)
{
	uint32_t before = taken_over(p);

	for (unsigned i = 0; i < p->params.worker_count; i++)
		if (__atomic_load_n(&p->workers[i].counts[object->hold], __ATOMIC_ACQUIRE))
			return true;
	/* A hold that passed from one to the other meanwhile may be on neither: the next time, then. */
	return taken_over(p) != before;
}

uint32_t publisher_reclaim(struct publisher *p)
{
	uint64_t oldest;

	post(p);
	oldest = oldest_version(p);
	for (struct retired **at = &p->retired; *at;) {
		struct retired *r = *at;

		if (r->version > oldest || (r->object && is_held(p, r->object))) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		if (r->object) {
			p->free_holds[p->free_hold_count++] = r->object->hold;
			r->object->destroy(r->object);
		}
		root_free(r->root);
		free(r);
		p->retired_count--;
	}
	return p->retired_count;
}

const struct config *publisher_config(const struct publisher *p)
{
	return p->root;
}

bool publisher_settled(const struct publisher *p)
{
	return oldest_version(p) == p->root->version;
}

uint32_t publisher_warming(const struct publisher *p)
{
	return p->warming;
}
