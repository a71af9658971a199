#include "dataplane/cpu_list.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct cpu_list list;
static struct why why;

static bool parses_to(const char *text, const char *formatted)
{
	char out[64];

	return cpu_list_parse(&list, text, &why) &&
	       strcmp(cpu_list_format(&list, out, sizeof(out)), formatted) == 0;
}

static void lists_are_read_and_written(void)
{
	CU_ASSERT(parses_to("", "") && list.count == 0);
	CU_ASSERT(parses_to("0", "0") && list.count == 1);
	CU_ASSERT(parses_to("2-5,7", "2-5,7") && list.count == 5);
	CU_ASSERT(parses_to("3,4", "3,4"));
	CU_ASSERT(parses_to("4-4", "4"));
	CU_ASSERT(parses_to("1,2,3,9,10", "1-3,9,10"));
	CU_ASSERT(parses_to("1023", "1023"));
	CU_ASSERT(parses_to("0-1023", "0-1023") && list.count == CPU_LIST_MAX);
	/* The order is the user's: worker 0 takes the first. */
	CU_ASSERT(parses_to("7,2-4,0", "7,2-4,0") && list.cpus[0] == 7 && list.cpus[4] == 0);
	CU_ASSERT(cpu_list_has(&list, 3) && !cpu_list_has(&list, 1));
}

static bool refused(const char *text, const char *part)
{
	bool parsed = cpu_list_parse(&list, text, &why);

	return !parsed && strstr(why.text, part);
}

static void faults_are_named(void)
{
	static const char *const faulty[] = {",", "1,", ",1", "1,,2", "-", "-1", "1-", "1-2-3", "a", "1 ",
					     " 1", "1;2", "0x1", "1024", "0-1024", "99999999999999999999",
					     "1-99999999999999999999", "1.5", "+1"};

	for (unsigned i = 0; i < ARRAY_LEN(faulty); i++)
		CU_ASSERT(refused(faulty[i], "is no list of CPUs"));
	CU_ASSERT(refused("5-2", "5-2 runs backwards"));
	CU_ASSERT(refused("1-3,2", "CPU 2 is named twice"));
	CU_ASSERT(refused("7,7", "CPU 7 is named twice"));
}

static void what_does_not_fit_is_left_out(void)
{
	char out[64];

	CU_ASSERT(cpu_list_parse(&list, "10,12,14-19", &why));
	for (size_t bytes = 1; bytes <= 12; bytes++) {
		const char *wanted = bytes < 3 ? "" : bytes < 6 ? "10" : bytes < 12 ? "10,12" : "10,12,14-19";

		CU_ASSERT_STRING_EQUAL(cpu_list_format(&list, out, bytes), wanted);
	}
}

UNIT_TESTS(UNIT_TEST(lists_are_read_and_written), UNIT_TEST(faults_are_named),
	   UNIT_TEST(what_does_not_fit_is_left_out))
