#include "tests/unit/dataplane/foilctl_run.h"

#include <stdlib.h>

char *foilctl_out, *foilctl_err;
void (*foilctl_meanwhile)(void);
unsigned foilctl_rests;
static unsigned rests_left;
static uint64_t now_ns = UINT64_C(1700000000000000000);

static uint64_t test_now_ns(void)
{
	return now_ns;
}

static bool test_sleep_ns(uint64_t ns)
{
	now_ns += ns;
	if (foilctl_meanwhile)
		foilctl_meanwhile();
	return rests_left == 0 || --rests_left > 0;
}

__attribute__((destructor)) static void free_texts(void)
{
	free(foilctl_out);
	free(foilctl_err);
}

int foilctl_words(unsigned width, const char *const *words)
{
	static char copies[FOILCTL_WORDS_MAX + 1][160];
	char *argv[FOILCTL_WORDS_MAX + 2] = {0};
	size_t out_size, err_size;
	int argc = 0;

	rests_left = foilctl_rests;
	free(foilctl_out);
	free(foilctl_err);
	snprintf(copies[0], sizeof(copies[0]), "foilctl");
	argv[argc++] = copies[0];
	for (; words[argc - 1] && argc <= FOILCTL_WORDS_MAX; argc++) {
		snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc - 1]);
		argv[argc] = copies[argc];
	}
	struct foilctl_io io = {.out = open_memstream(&foilctl_out, &out_size),
				.err = open_memstream(&foilctl_err, &err_size),
				.width = width,
				.now_ns = test_now_ns,
				.sleep_ns = test_sleep_ns};
	int status = foilctl_run(argc, argv, &io);

	fclose(io.out);
	fclose(io.err);
	return status;
}
