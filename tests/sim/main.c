/* The simulator: runs worlds from seeds and says which of them went wrong.
 *
 *     sim --seeds N --from S     N worlds, seeds S, S+1, …; every 16th is run twice and must replay
 *     sim --replay SEED          one world, every frame printed
 *     sim --seed-file FILE       the seeds of a file, one a line (kept from earlier failures)
 *
 * and, built with -Dplanted_faults=true:
 *
 *     sim --list-faults          what can be planted
 *     sim --fault NAME …         with that fault in the code
 *     sim --every-fault …        each fault in turn, until it is found; all have to be */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/compiler.h"
#include "stack/base/planted.h"
#include "tests/sim/jobs.h"

#define SEED_FILE_MAX 4096

static const char *const fault_names[] = {
#define PLANT(name, help) #name,
#include "stack/base/planted.def"
#undef PLANT
};
static const char *const fault_helps[] = {
#define PLANT(name, help) help,
#include "stack/base/planted.def"
#undef PLANT
};

static unsigned read_seed_file(const char *path, uint64_t *seeds)
{
	FILE *file = fopen(path, "r");
	char line[64];
	unsigned count = 0;

	while (file && count < SEED_FILE_MAX && fgets(line, sizeof(line), file))
		if (line[0] >= '0' && line[0] <= '9')
			seeds[count++] = strtoull(line, NULL, 10);
	if (file)
		fclose(file);
	return count;
}

static int replay_one(struct world_memory *memory, uint64_t seed)
{
	struct world_verdict verdict;

	world_run(memory, seed, true, &verdict);
	printf("seed %" PRIu64 ": %s\n%u requests: %u answered, %u refused, %u cut; "
	       "%" PRIu64 " frames in %.3f virtual seconds; hash %016" PRIx64 "\n",
	       seed, verdict.ok ? "ok" : verdict.why.text, verdict.requests, verdict.answered,
	       verdict.refused, verdict.cut, verdict.frames, (double)verdict.now_ns / 1e9, verdict.hash);
	return verdict.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool print_result(unsigned number, const char *what, const struct seeds *seeds,
			 const struct tally *sum)
{
	printf("# %" PRIu64 " worlds (%" PRIu64 " run twice), %" PRIu64 " requests: %" PRIu64
	       " answered, %" PRIu64 " refused, %" PRIu64 " cut; %" PRIu64
	       " frames, %.0f virtual seconds, %" PRIu64 " connections travelled; %" PRIu64
	       " worlds failed\n",
	       sum->worlds, sum->replays, sum->requests, sum->answered, sum->refused, sum->cut,
	       sum->frames, sum->virtual_seconds, sum->travelled, sum->failed);
	printf("%sok %u - %" PRIu64 " %s seeds", sum->failed ? "not " : "", number, seeds->count,
	       what);
	if (!seeds->list)
		printf(" from %" PRIu64, seeds->from);
	printf("\n");
	return sum->failed == 0;
}

/* 0 = no fault of that name, or not a build that has any. */
static unsigned find_fault(const char *name)
{
#ifdef PLANTED_FAULTS
	for (unsigned i = 0; i < ARRAY_LEN(fault_names); i++)
		if (strcmp(fault_names[i], name) == 0)
			return i + 1;
#endif
	(void)name;
	return PLANTED_NOTHING;
}

static void plant(unsigned fault)
{
#ifdef PLANTED_FAULTS
	planted_fault = fault;
#endif
	(void)fault;
}

static int list_faults(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(fault_names); i++)
		printf("%-24s %s\n", fault_names[i], fault_helps[i]);
	return EXIT_SUCCESS;
}

static int hunt_every_fault(struct jobs *jobs, const struct seeds *seeds)
{
	unsigned missed = 0;

	jobs->hunting = true;
	printf("1..%zu\n", ARRAY_LEN(fault_names));
	for (unsigned i = 0; i < ARRAY_LEN(fault_names); i++) {
		plant(i + 1);
		struct tally sum = jobs_run(jobs, seeds);

		if (sum.failed) {
			printf("# seed %" PRIu64 ": %s\n", sum.failed_seed, sum.failed_why);
			printf("ok %u - %s found after %" PRIu64 " worlds\n", i + 1, fault_names[i],
			       sum.worlds);
		} else {
			missed++;
			printf("not ok %u - %s (%s) is not found in %" PRIu64 " worlds\n", i + 1,
			       fault_names[i], fault_helps[i], sum.worlds);
		}
	}
	return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

struct arguments {
	struct seeds fresh;
	struct seeds kept;
	const char *keep_path;
	bool replay;
	uint64_t replay_seed;
	bool list_faults;
	bool every_fault;
};

static bool read_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 'n'},
						{"from", required_argument, NULL, 's'},
						{"replay", required_argument, NULL, 'r'},
						{"seed-file", required_argument, NULL, 'f'},
						{"keep", required_argument, NULL, 'k'},
						{"fault", required_argument, NULL, 'p'},
						{"list-faults", no_argument, NULL, 'l'},
						{"every-fault", no_argument, NULL, 'e'},
						{NULL, 0, NULL, 0}};
	static uint64_t kept[SEED_FILE_MAX];
	int option;

	*arguments = (struct arguments){.fresh = {.from = 1, .count = 100}, .kept = {.list = kept}};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			arguments->fresh.count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			arguments->fresh.from = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			arguments->replay = true;
			arguments->replay_seed = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			arguments->kept.count = read_seed_file(optarg, kept);
			break;
		case 'k':
			arguments->keep_path = optarg;
			break;
		case 'p':
			plant(find_fault(optarg));
			if (!find_fault(optarg))
				return false;
			break;
		case 'l':
			arguments->list_faults = true;
			break;
		case 'e':
			arguments->every_fault = true;
			break;
		default:
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct world_memory memory;
	struct arguments arguments;
	struct jobs jobs;

	if (!read_arguments(&arguments, argc, argv) || !jobs_create(&jobs))
		return 2;
	if (arguments.list_faults)
		return list_faults();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (arguments.every_fault)
		return hunt_every_fault(&jobs, &arguments.fresh);
	if (arguments.replay) {
		jobs_start_memory(&memory);
		return replay_one(&memory, arguments.replay_seed);
	}
	jobs.keep_path = arguments.keep_path;
	printf("1..2\n");
	struct tally kept = jobs_run(&jobs, &arguments.kept);
	bool kept_fine = print_result(1, "kept", &arguments.kept, &kept);
	struct tally fresh = jobs_run(&jobs, &arguments.fresh);
	bool fresh_fine = print_result(2, "fresh", &arguments.fresh, &fresh);

	return kept_fine && fresh_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
