#include "dataplane/config/publish.h"

#include <stdlib.h>

#include "tests/lib/unit.h"

static unsigned destroyed;

static void destroy(struct config_object *object)
{
	destroyed++;
	free(object);
}

static struct config_object *make(size_t bytes)
{
	struct config_object *object = calloc(1, bytes);

	object->destroy = destroy;
	return object;
}

static struct config_change listener(uint32_t id)
{
	return (struct config_change){CONFIG_LISTENER, id, make(sizeof(struct config_listener))};
}

static struct config_change cluster(uint32_t id, enum config_discovery discovery)
{
	struct config_cluster *c = (struct config_cluster *)make(sizeof(*c));

	c->discovery = discovery;
	return (struct config_change){CONFIG_CLUSTER, id, &c->object};
}

static struct config_change endpoints(uint32_t id)
{
	return (struct config_change){CONFIG_ENDPOINTS, id, make(sizeof(struct config_endpoints))};
}

static struct publisher *publisher;
static struct mailbox boxes[2];
static uint64_t versions[2];
static struct why why;

static void open_publisher(uint32_t objects_max)
{
	struct publisher_params params = {
		.worker_count = 2, .objects_max = objects_max, .id_max = 16};

	destroyed = 0;
	publisher = publisher_create(&params, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(publisher);
	for (uint16_t i = 0; i < 2; i++) {
		versions[i] = 0;
		mailbox_init(&boxes[i]);
		publisher_attach(publisher, i, &boxes[i], &versions[i]);
	}
}

/* A worker's poll: takes the newest root it was sent. */
static const struct config *poll_worker(unsigned i)
{
	const struct config *root = NULL;
	struct mail mail;

	while (mailbox_take(&boxes[i], &mail))
		root = mail.config;
	if (root)
		versions[i] = root->version;
	return root;
}

static void objects_are_shared_between_roots(void)
{
	open_publisher(8);
	struct config_change first[] = {listener(3), cluster(1, DISCOVERY_STATIC), endpoints(1)};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 3, &why));
	const struct config *a = poll_worker(0);
	struct config_change second[] = {endpoints(1)};

	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_EQUAL(a->listener_count, 1);
	CU_ASSERT_PTR_EQUAL(config_find_cluster(a, 1), first[1].object);
	CU_ASSERT_PTR_NULL(config_find_cluster(a, 0));
	CU_ASSERT_FATAL(publisher_apply(publisher, second, 1, &why));
	const struct config *b = poll_worker(0);

	CU_ASSERT_PTR_EQUAL(a->listeners[0], b->listeners[0]);
	CU_ASSERT_PTR_EQUAL(config_find_endpoints(a, 1), first[2].object);
	CU_ASSERT_PTR_EQUAL(config_find_endpoints(b, 1), second[0].object);
	CU_ASSERT(second[0].object->version > first[2].object->version);
	CU_ASSERT_EQUAL(b->version, a->version + 1);
	publisher_destroy(publisher);
	CU_ASSERT_EQUAL(destroyed, 4);
}

static void nothing_is_freed_before_every_worker_has_moved_on(void)
{
	open_publisher(8);
	struct config_change first[] = {listener(0)}, second[] = {{CONFIG_LISTENER, 0, NULL}};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 1, &why));
	poll_worker(0);
	poll_worker(1);
	CU_ASSERT_FATAL(publisher_apply(publisher, second, 1, &why));
	poll_worker(0);
	CU_ASSERT(publisher_reclaim(publisher) > 0);
	CU_ASSERT_EQUAL(destroyed, 0);
	CU_ASSERT(!publisher_settled(publisher));
	poll_worker(1);
	CU_ASSERT_EQUAL(publisher_reclaim(publisher), 0);
	CU_ASSERT_EQUAL(destroyed, 1);
	CU_ASSERT(publisher_settled(publisher));
	publisher_destroy(publisher);
}

static void a_held_object_outlives_its_root(void)
{
	open_publisher(8);
	struct config_holds holds = publisher_holds(publisher, 1);
	struct config_change first[] = {listener(0)}, second[] = {listener(0)};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 1, &why));
	const struct config *root = poll_worker(1);

	poll_worker(0);
	config_hold(&holds, &root->listeners[0]->object);
	config_hold(&holds, &root->listeners[0]->object);
	CU_ASSERT_EQUAL(publisher_held(publisher), 2);
	CU_ASSERT_FATAL(publisher_apply(publisher, second, 1, &why));
	poll_worker(0);
	poll_worker(1);
	CU_ASSERT_EQUAL(publisher_reclaim(publisher), 1);
	config_release(&holds, first[0].object);
	CU_ASSERT_EQUAL(publisher_reclaim(publisher), 1);
	CU_ASSERT_EQUAL(destroyed, 0);
	config_release(&holds, first[0].object);
	CU_ASSERT_EQUAL(publisher_reclaim(publisher), 0);
	CU_ASSERT_EQUAL(destroyed, 1);
	publisher_destroy(publisher);
}

static void no_room_changes_nothing(void)
{
	open_publisher(2);
	struct config_change first[] = {listener(0)}, second[] = {listener(0), listener(1)};
	struct config_change outside[] = {listener(16)};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 1, &why));
	const struct config *before = publisher_config(publisher);

	CU_ASSERT(!publisher_apply(publisher, second, 2, &why));
	CU_ASSERT(!publisher_apply(publisher, outside, 1, &why));
	CU_ASSERT_EQUAL(destroyed, 3);
	CU_ASSERT_PTR_EQUAL(publisher_config(publisher), before);
	/* The place that the replaced one gives back is free for the next. */
	for (int i = 0; i < 10; i++) {
		struct config_change again[] = {listener(0)};

		CU_ASSERT_FATAL(publisher_apply(publisher, again, 1, &why));
		poll_worker(0);
		poll_worker(1);
		CU_ASSERT_EQUAL(publisher_reclaim(publisher), 0);
	}
	publisher_destroy(publisher);
	CU_ASSERT_EQUAL(destroyed, 14);
}

static void a_warming_cluster_is_shown_with_its_first_endpoints(void)
{
	open_publisher(8);
	struct config_change first[] = {cluster(2, DISCOVERY_STRICT_DNS)}, answer[] = {endpoints(2)};
	struct config_change newer[] = {cluster(2, DISCOVERY_STRICT_DNS)};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 1, &why));
	CU_ASSERT_PTR_NULL(config_find_cluster(publisher_config(publisher), 2));
	CU_ASSERT_EQUAL(publisher_warming(publisher), 1);
	CU_ASSERT_FATAL(publisher_apply(publisher, answer, 1, &why));
	CU_ASSERT_PTR_EQUAL(config_find_cluster(publisher_config(publisher), 2), first[0].object);
	CU_ASSERT_EQUAL(publisher_warming(publisher), 0);
	CU_ASSERT_FATAL(publisher_apply(publisher, newer, 1, &why));
	CU_ASSERT_PTR_EQUAL(config_find_cluster(publisher_config(publisher), 2), newer[0].object);
	publisher_destroy(publisher);
}

static void a_full_mailbox_is_tried_again(void)
{
	struct mail mail = {.kind = MAIL_DRAIN};

	open_publisher(8);
	while (mailbox_post(&boxes[0], &mail))
		;
	struct config_change first[] = {listener(0)};

	CU_ASSERT_FATAL(publisher_apply(publisher, first, 1, &why));
	while (mailbox_take(&boxes[0], &mail))
		CU_ASSERT_EQUAL(mail.kind, MAIL_DRAIN);
	publisher_reclaim(publisher);
	CU_ASSERT_PTR_EQUAL(poll_worker(0), publisher_config(publisher));
	publisher_destroy(publisher);
}

UNIT_TESTS(UNIT_TEST(objects_are_shared_between_roots),
	   UNIT_TEST(nothing_is_freed_before_every_worker_has_moved_on),
	   UNIT_TEST(a_held_object_outlives_its_root), UNIT_TEST(no_room_changes_nothing),
	   UNIT_TEST(a_warming_cluster_is_shown_with_its_first_endpoints),
	   UNIT_TEST(a_full_mailbox_is_tried_again))
