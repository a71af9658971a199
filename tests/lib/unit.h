/* Unit tests: CUnit suites that print TAP, one "ok" line a test function.
 *
 *     static void test_something(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     UNIT_TESTS(UNIT_TEST(test_something), UNIT_TEST(test_other))
 *
 * UNIT_TESTS defines main. */
#ifndef TESTS_LIB_UNIT_H
#define TESTS_LIB_UNIT_H

#include <CUnit/CUnit.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

/* The running test cannot be made here: it is reported and counted as skipped. */
void unit_skip(const char *reason);

int unit_run(const struct unit_test *tests, unsigned count);

#define UNIT_TEST(function) {#function, function}
#define UNIT_TESTS(...)                                                                            \
	int main(void)                                                                             \
	{                                                                                          \
		static const struct unit_test tests[] = {__VA_ARGS__};                             \
		return unit_run(tests, sizeof(tests) / sizeof(tests[0]));                          \
	}

#endif
