#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned finished;
static const char *skipped;

static void print_tap(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	(void)suite;
	printf("%sok %u - %s", failure ? "not " : "", ++finished, test->pName);
	if (skipped)
		printf(" # SKIP %s", skipped);
	putchar('\n');
	skipped = NULL;
	for (CU_pFailureRecord f = failure; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
	fflush(stdout);
}

void unit_skip(const char *reason)
{
	skipped = reason;
}

int unit_run(const struct unit_test *tests, unsigned count)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	CU_pSuite suite = CU_add_suite("unit", NULL, NULL);

	for (unsigned i = 0; i < count; i++)
		if (!suite || !CU_add_test(suite, tests[i].name, tests[i].run))
			return EXIT_FAILURE;
	printf("1..%u\n", count);
	CU_set_test_complete_handler(print_tap);
	CU_set_error_action(CUEA_IGNORE);
	CU_run_all_tests();
	unsigned failed = CU_get_number_of_tests_failed();

	CU_cleanup_registry();
	return failed || finished != count ? EXIT_FAILURE : EXIT_SUCCESS;
}
