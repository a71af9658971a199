/* Header mutations: every action on absent, single and repeated headers, order of levels. */
#include "gateway/route/mutate.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct pool pool;
static struct arena arena;

static void start(uint32_t chunks)
{
	if (!pool.blocks && !pool_create(&pool, ARENA_CHUNK_BYTES, 4))
		CU_FAIL_FATAL("no memory");
	arena_init(&arena, &pool, chunks);
}

/* "name=value;" of all that is left */
static const char *dump(const struct header_list *list)
{
	static char text[4096];
	int at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < list->count; i++) {
		const struct header *header = &list->items[i];

		if (!header->removed)
			at += snprintf(text + at, sizeof(text) - (size_t)at, "%.*s=%.*s;",
				       (int)header->name.length, header->name.data,
				       (int)header->value.length, header->value.data);
	}
	return text;
}

static void fill(struct header_list *list)
{
	*list = (struct header_list){0};
	CU_ASSERT_FATAL(header_add(list, &arena, STR("One"), STR("1")));
	CU_ASSERT_FATAL(header_add(list, &arena, STR("Two"), STR("2")));
	CU_ASSERT_FATAL(header_add(list, &arena, STR("two"), STR("3")));
}

static void every_action(void)
{
	static const struct {
		enum config_header_action action;
		struct str name, value;
		bool keep_empty;
		const char *result;
	} cases[] = {
		{HEADER_APPEND_IF_EXISTS_OR_ADD, STR("one"), STR("x"), false, "One=1;Two=2;two=3;one=x;"},
		{HEADER_APPEND_IF_EXISTS_OR_ADD, STR("new"), STR("x"), false, "One=1;Two=2;two=3;new=x;"},
		{HEADER_APPEND_IF_EXISTS_OR_ADD, STR("new"), STR(""), false, "One=1;Two=2;two=3;"},
		{HEADER_APPEND_IF_EXISTS_OR_ADD, STR("new"), STR(""), true, "One=1;Two=2;two=3;new=;"},
		{HEADER_ADD_IF_ABSENT, STR("one"), STR("x"), false, "One=1;Two=2;two=3;"},
		{HEADER_ADD_IF_ABSENT, STR("new"), STR("x"), false, "One=1;Two=2;two=3;new=x;"},
		{HEADER_OVERWRITE_IF_EXISTS_OR_ADD, STR("two"), STR("x"), false, "One=1;Two=x;"},
		{HEADER_OVERWRITE_IF_EXISTS_OR_ADD, STR("new"), STR("x"), false,
		 "One=1;Two=2;two=3;new=x;"},
		{HEADER_OVERWRITE_IF_EXISTS_OR_ADD, STR("two"), STR(""), false, "One=1;Two=2;two=3;"},
		{HEADER_OVERWRITE_IF_EXISTS, STR("two"), STR("x"), false, "One=1;Two=x;"},
		{HEADER_OVERWRITE_IF_EXISTS, STR("new"), STR("x"), false, "One=1;Two=2;two=3;"},
		{HEADER_REMOVE, STR("two"), STR(""), false, "One=1;"},
		{HEADER_REMOVE, STR("new"), STR(""), false, "One=1;Two=2;two=3;"},
	};
	const struct log_context none = {0};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config_header_mutation item = {.action = cases[i].action,
						      .name = cases[i].name,
						      .value = cases[i].value,
						      .keep_empty_value = cases[i].keep_empty};
		struct header_list list;

		start(4);
		fill(&list);
		CU_ASSERT_TRUE(mutate_apply(&(struct config_header_mutations){&item, 1}, &list, &arena,
					    &none));
		CU_ASSERT_STRING_EQUAL(dump(&list), cases[i].result);
		arena_clear(&arena);
	}
}

static void levels_apply_from_route_to_table_and_back(void)
{
	struct config_header_mutation items[3] = {
		{.action = HEADER_OVERWRITE_IF_EXISTS_OR_ADD, .name = STR("who"), .value = STR("route")},
		{.action = HEADER_OVERWRITE_IF_EXISTS_OR_ADD, .name = STR("who"), .value = STR("host")},
		{.action = HEADER_OVERWRITE_IF_EXISTS_OR_ADD, .name = STR("who"), .value = STR("table")}};
	struct config_route route = {.request_headers = {&items[0], 1},
				     .response_headers = {&items[0], 1}};
	struct config_virtual_host host = {.request_headers = {&items[1], 1},
					   .response_headers = {&items[1], 1}};
	struct config_route_table table = {.request_headers = {&items[2], 1},
					   .response_headers = {&items[2], 1}};
	struct route_choice choice = {&host, &route}, nothing = {0};
	const struct log_context none = {0};

	for (int specific = 0; specific < 2; specific++) {
		struct message_head request = {0}, response = {0}, unrouted = {0};

		table.most_specific_header_mutations_wins = specific;
		start(4);
		CU_ASSERT_TRUE(mutate_request(&table, &choice, &request, &arena, &none));
		CU_ASSERT_TRUE(mutate_response(&table, &choice, &response, &arena, &none));
		CU_ASSERT_TRUE(mutate_request(&table, &nothing, &unrouted, &arena, &none));
		CU_ASSERT_STRING_EQUAL(dump(&request.headers), specific ? "who=route;" : "who=table;");
		CU_ASSERT_STRING_EQUAL(dump(&response.headers), specific ? "who=route;" : "who=table;");
		CU_ASSERT_STRING_EQUAL(dump(&unrouted.headers), "who=table;");
		arena_clear(&arena);
	}
}

static void formats_are_written_clean_and_memory_may_end(void)
{
	struct why why;
	struct log_format *format = log_format_compile("%ROUTE_NAME%!", &why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(format);
	struct config_header_mutation item = {
		.action = HEADER_ADD_IF_ABSENT, .name = STR("route"), .value_format = format};
	const struct config_header_mutations all = {&item, 1};
	const struct log_context context = {.route_name = STR("a\r\nInjected: b")};
	struct header_list list = {0};

	start(4);
	CU_ASSERT_TRUE(mutate_apply(&all, &list, &arena, &context));
	CU_ASSERT_STRING_EQUAL(dump(&list), "route=a  Injected: b!;");
	arena_clear(&arena);
	start(0);
	list = (struct header_list){0};
	CU_ASSERT_FALSE(mutate_apply(&all, &list, &arena, &context));
	item = (struct config_header_mutation){.name = STR("a"), .value = STR("b")};
	CU_ASSERT_FALSE(mutate_apply(&all, &list, &arena, &context));
	CU_ASSERT_EQUAL(list.count, 0);
	log_format_free(format);
}

UNIT_TESTS(UNIT_TEST(every_action), UNIT_TEST(levels_apply_from_route_to_table_and_back),
	   UNIT_TEST(formats_are_written_clean_and_memory_may_end))
