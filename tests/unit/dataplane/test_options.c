#include "dataplane/options.h"

#include <string.h>

#include "tests/lib/unit.h"

static bool parse(struct options *out, struct why *why, const char *const *words, int count)
{
	char *argv[32] = {(char *)(uintptr_t)"hydrofoil"};

	for (int i = 0; i < count; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	return options_parse(out, count + 1, argv, why);
}

#define PARSE(...)                                                                                 \
	parse(&options, &why, (const char *const[]){__VA_ARGS__},                                  \
	      (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

static void what_the_node_agent_passes_is_accepted(void)
{
	struct options options;
	struct why why;

	CU_ASSERT(PARSE("-c", "/etc/b.json", "--drain-time-s", "45", "--drain-strategy", "immediate",
			"--local-address-ip-version", "v4", "--file-flush-interval-msec", "1000",
			"--disable-hot-restart", "--allow-unknown-static-fields", "-l", "warning",
			"--skip-deprecated-logs", "--concurrency", "1"));
	CU_ASSERT_STRING_EQUAL(options.config_path, "/etc/b.json");
	CU_ASSERT_EQUAL(options.drain_seconds, 45);
	CU_ASSERT_EQUAL(options.log_level, LOGGER_WARNING);
	CU_ASSERT_EQUAL(options.concurrency, 1);
	CU_ASSERT_EQUAL(options.mode, OPTIONS_SERVE);
}

static void values_may_be_joined_by_equals(void)
{
	struct options options;
	struct why why;

	CU_ASSERT(PARSE("--config-path=x=y.yaml", "--mode=validate"));
	CU_ASSERT_STRING_EQUAL(options.config_path, "x=y.yaml");
	CU_ASSERT_EQUAL(options.mode, OPTIONS_VALIDATE);
	CU_ASSERT_EQUAL(options.drain_seconds, 45);
}

static void faults_name_the_flag(void)
{
	struct options options;
	struct why why;

	CU_ASSERT(!PARSE("--no-such-option", "-c", "x"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "--no-such-option"));
	CU_ASSERT(!PARSE("-c"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "--config-path needs"));
	CU_ASSERT(!PARSE("-c", "x", "--drain-time-s", "-1"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "--drain-time-s"));
	CU_ASSERT(!PARSE("-c", "x", "--drain-time-s", "86401"));
	CU_ASSERT(!PARSE("-c", "x", "--concurrency", "2x"));
	CU_ASSERT(!PARSE("-c", "x", "--mode", "both"));
	CU_ASSERT(!PARSE("-c", "x", "-l", "loud"));
	CU_ASSERT(!PARSE("-c", "x", "--disable-hot-restart=yes"));
	CU_ASSERT(!PARSE("-cfile"));
	CU_ASSERT(!PARSE("--mode", "serve"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "-c FILE"));
}

static void help_and_version_need_no_file(void)
{
	struct options options;
	struct why why;

	CU_ASSERT(PARSE("--help"));
	CU_ASSERT_EQUAL(options.mode, OPTIONS_HELP);
	CU_ASSERT(PARSE("--version", "--rubbish"));
	CU_ASSERT_EQUAL(options.mode, OPTIONS_VERSION);
}

UNIT_TESTS(UNIT_TEST(what_the_node_agent_passes_is_accepted),
	   UNIT_TEST(values_may_be_joined_by_equals), UNIT_TEST(faults_name_the_flag),
	   UNIT_TEST(help_and_version_need_no_file))
