#include "dataplane/runtime_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/unit.h"

#define PROCESSES 6
#define STARTS 300

static char base[256];
static struct why why;

static void fresh_base(void)
{
	const char *home = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/runtime-XXXXXX", home ? home : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
}

static bool enter(struct runtime_dir *dir)
{
	setenv("RUNTIME_DIRECTORY", base, 1);
	return runtime_dir_enter(dir, &why);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void it_is_made_told_to_eal_and_removed(void)
{
	struct runtime_dir dir;
	char inside[512];

	fresh_base();
	CU_ASSERT_FATAL(enter(&dir));
	CU_ASSERT(strncmp(dir.path, base, strlen(base)) == 0);
	CU_ASSERT_STRING_EQUAL(getenv("RUNTIME_DIRECTORY"), dir.path);
	snprintf(inside, sizeof(inside), "%s/dpdk", dir.path);
	CU_ASSERT_EQUAL(mkdir(inside, 0700), 0);
	runtime_dir_leave(&dir);
	CU_ASSERT_EQUAL(rmdir(base), 0);
}

static void what_a_killed_start_left_goes_and_a_living_one_stays(void)
{
	struct runtime_dir living, next;
	char stale[512];

	fresh_base();
	CU_ASSERT_FATAL(enter(&living));
	snprintf(stale, sizeof(stale), "%s/hydrofoil-killed", base);
	CU_ASSERT_EQUAL(mkdir(stale, 0700), 0);
	CU_ASSERT_FATAL(enter(&next));
	CU_ASSERT(is_directory(living.path));
	CU_ASSERT(!is_directory(stale));
	runtime_dir_leave(&living);
	runtime_dir_leave(&next);
	CU_ASSERT_EQUAL(rmdir(base), 0);
}

static int start_again_and_again(void)
{
	struct runtime_dir dir;

	for (int i = 0; i < STARTS; i++) {
		if (!enter(&dir) || !is_directory(dir.path))
			return 1;
		runtime_dir_leave(&dir);
	}
	return 0;
}

/* Between making its directory and locking it, a start looks like a killed one to the others. */
static void starts_at_one_time_do_not_take_each_others(void)
{
	pid_t children[PROCESSES];

	fresh_base();
	for (unsigned i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		CU_ASSERT_FATAL(children[i] >= 0);
		if (children[i] == 0)
			_exit(start_again_and_again());
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
		CU_ASSERT_EQUAL(status, 0);
	}
	CU_ASSERT_EQUAL(rmdir(base), 0);
}

UNIT_TESTS(UNIT_TEST(it_is_made_told_to_eal_and_removed),
	   UNIT_TEST(what_a_killed_start_left_goes_and_a_living_one_stays),
	   UNIT_TEST(starts_at_one_time_do_not_take_each_others))
