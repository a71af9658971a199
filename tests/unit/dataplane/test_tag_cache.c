#include "dataplane/counters/tag_cache.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct why why;
static unsigned made;

static uint32_t make(const struct tag_stat *stat, char *name, uint32_t size, struct stat_part *parts)
{
	made++;
	parts[0] = (struct stat_part){STAT_DEFAULT_CLUSTER_NAME, 8, 1, 8, 2};
	snprintf(name, size, "cluster.%c.metric-%u.%s", 'a' + (char)stat->generation, stat->which,
		 (const char *)stat->context);
	return 1;
}

static const struct tag_entry *find(struct tag_cache *cache, uint32_t slot, uint64_t generation,
				    uint32_t which)
{
	struct tag_stat stat = {.kind = STAT_CLUSTER, .slot = slot, .generation = generation,
				.which = which, .whiches = 3, .make = make, .context = "x\"y"};

	return tag_cache_find(cache, &stat);
}

static void a_name_is_worked_out_once(void)
{
	struct stat_tags *tags = stat_tags_create();

	CU_ASSERT_FATAL(stat_tags_regex(tags, "last", "(\\.(x.y))$", &why));
	struct tag_cache *cache = tag_cache_create(tags);

	made = 0;
	for (unsigned pass = 0; pass < 3; pass++) {
		tag_cache_begin(cache);
		for (uint32_t slot = 0; slot < 1000; slot++)
			for (uint32_t which = 0; which < 3; which++)
				CU_ASSERT_PTR_NOT_NULL(find(cache, slot, slot % 2, which));
	}
	CU_ASSERT_EQUAL(made, 3000);
	CU_ASSERT_EQUAL(tag_cache_made(cache), 3000);
	struct tag_entry first = *find(cache, 1, 1, 2);

	CU_ASSERT_STRING_EQUAL(tag_cache_text(cache, first.family), "cluster_metric_2");
	CU_ASSERT_STRING_EQUAL(tag_cache_text(cache, first.labels),
			       "last=\"x\\\"y\",envoy_cluster_name=\"b\"");
	/* The same text has the same number: three families, two sets of labels. */
	CU_ASSERT_EQUAL(tag_cache_texts(cache), 1 + 3 + 2);
	CU_ASSERT_EQUAL(tag_cache_number(cache, "cluster_metric_2"), first.family);
	CU_ASSERT_EQUAL(tag_cache_number(cache, "cluster_metric_3"), 0);
	tag_cache_free(cache);
	stat_tags_free(tags);
}

static void another_name_in_the_slot_is_another(void)
{
	struct stat_tags *tags = stat_tags_create();
	struct tag_cache *cache = tag_cache_create(tags);

	uint32_t labels = find(cache, 7, 0, 0)->labels;

	CU_ASSERT_NOT_EQUAL(find(cache, 7, 1, 0)->labels, labels);
	CU_ASSERT_EQUAL(tag_cache_number(cache, "unknown"), 0);
	tag_cache_free(cache);
	stat_tags_free(tags);
	tag_cache_free(NULL);
}

static uint32_t make_serial(const struct tag_stat *stat, char *name, uint32_t size,
			    struct stat_part *parts)
{
	(void)parts;
	snprintf(name, size, "serial.%llu", (unsigned long long)stat->generation);
	return 0;
}

static void names_that_come_and_go_do_not_pile_up(void)
{
	struct stat_tags *tags = stat_tags_create();
	struct tag_cache *cache = tag_cache_create(tags);
	struct tag_stat stat = {.kind = STAT_ENDPOINT, .whiches = 1, .make = make_serial};

	for (stat.generation = 1; stat.generation < 20000; stat.generation++) {
		tag_cache_begin(cache);
		CU_ASSERT_PTR_NOT_NULL(tag_cache_find(cache, &stat));
		CU_ASSERT(tag_cache_texts(cache) < 5000);
	}
	CU_ASSERT_EQUAL(tag_cache_gave_up(cache), 0);
	tag_cache_free(cache);
	stat_tags_free(tags);
}

UNIT_TESTS(UNIT_TEST(a_name_is_worked_out_once), UNIT_TEST(another_name_in_the_slot_is_another),
	   UNIT_TEST(names_that_come_and_go_do_not_pile_up))
