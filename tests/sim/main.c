/* The simulator: runs worlds from seeds and says which of them went wrong.
 *
 *     sim --seeds N --from S     N worlds, seeds S, S+1, …; every 16th is run twice and must replay
 *     sim --replay SEED          one world, every frame printed
 *     sim --seed-file FILE       the seeds of a file, one a line (kept from earlier failures) */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/eal.h"
#include "tests/sim/world.h"

#define REPLAY_EVERY 16
#define JOBS 2
#define SEED_FILE_MAX 4096

/* Worlds run in child processes, so that a crash costs one seed; this is shared with the parent. */
struct tally {
	uint64_t next;           /* index of the seed that runs now */
	uint64_t worlds;
	uint64_t failed;
	uint64_t replays;
	uint64_t requests;
	uint64_t answered;
	uint64_t refused;
	uint64_t cut;
	uint64_t frames;
	double virtual_seconds;
};

static const char *keep_path;

static void keep_seed(uint64_t seed)
{
	FILE *file = keep_path ? fopen(keep_path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%" PRIu64 "\n", seed);
	fclose(file);
}

static void report_failure(uint64_t seed, const char *why, struct tally *tally)
{
	tally->failed++;
	fprintf(stderr, "seed %" PRIu64 ": %s\nreplay: sim --replay %" PRIu64 "\n", seed, why, seed);
	keep_seed(seed);
}

static void run_seed(struct world_memory *memory, uint64_t seed, bool replay, struct tally *tally)
{
	struct world_verdict verdict;

	world_run(memory, seed, false, &verdict);
	tally->worlds++;
	tally->requests += verdict.requests;
	tally->answered += verdict.answered;
	tally->refused += verdict.refused;
	tally->cut += verdict.cut;
	tally->frames += verdict.frames;
	tally->virtual_seconds += (double)verdict.now_ns / 1e9;
	if (!verdict.ok) {
		report_failure(seed, verdict.why.text, tally);
		return;
	}
	if (!replay)
		return;
	struct world_verdict again;

	tally->replays++;
	world_run(memory, seed, false, &again);
	if (again.hash != verdict.hash)
		report_failure(seed, "does not replay to the same trace hash", tally);
}

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

/* What a list of seeds is: kept ones from a file, or a range. */
struct seeds {
	const uint64_t *list;    /* NULL = a range */
	uint64_t from;
	uint64_t count;
};

static uint64_t seed_at(const struct seeds *seeds, uint64_t index)
{
	return seeds->list ? seeds->list[index] : seeds->from + index;
}

static void start_memory(struct world_memory *memory)
{
	test_eal_start(512);
	world_memory_create(memory);
}

/* EAL's memory stays shared over a fork, so every child starts its own. */
static pid_t start_job(const struct seeds *seeds, unsigned job, struct tally *tally)
{
	static struct world_memory memory;
	pid_t child = fork();

	if (child != 0)
		return child;
	start_memory(&memory);
	for (; tally->next < seeds->count; tally->next += JOBS) {
		bool replay = seeds->list || tally->next / JOBS % REPLAY_EVERY == job;

		run_seed(&memory, seed_at(seeds, tally->next), replay, tally);
	}
	_exit(0);
}

static void run_seeds(const struct seeds *seeds, struct tally *tallies)
{
	pid_t children[JOBS];
	unsigned running = JOBS;

	for (unsigned job = 0; job < JOBS; job++) {
		tallies[job] = (struct tally){.next = job};
		children[job] = start_job(seeds, job, &tallies[job]);
	}
	while (running > 0) {
		int status;
		pid_t child = wait(&status);
		unsigned job = child == children[0] ? 0 : 1;

		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			running--;
			continue;
		}
		report_failure(seed_at(seeds, tallies[job].next), "crashed", &tallies[job]);
		tallies[job].next += JOBS;
		children[job] = start_job(seeds, job, &tallies[job]);
	}
}

static bool print_result(unsigned number, const char *what, const struct seeds *seeds,
			 const struct tally *t)
{
	struct tally sum = t[0];

	sum.worlds += t[1].worlds;
	sum.failed += t[1].failed;
	sum.replays += t[1].replays;
	sum.requests += t[1].requests;
	sum.answered += t[1].answered;
	sum.refused += t[1].refused;
	sum.cut += t[1].cut;
	sum.frames += t[1].frames;
	sum.virtual_seconds += t[1].virtual_seconds;
	printf("# %" PRIu64 " worlds (%" PRIu64 " run twice), %" PRIu64 " requests: %" PRIu64
	       " answered, %" PRIu64 " refused, %" PRIu64 " cut; %" PRIu64
	       " frames, %.0f virtual seconds; %" PRIu64 " worlds failed\n",
	       sum.worlds, sum.replays, sum.requests, sum.answered, sum.refused, sum.cut,
	       sum.frames, sum.virtual_seconds, sum.failed);
	printf("%sok %u - %" PRIu64 " %s seeds", sum.failed ? "not " : "", number, seeds->count, what);
	if (!seeds->list)
		printf(" from %" PRIu64, seeds->from);
	printf("\n");
	return sum.failed == 0;
}

struct arguments {
	struct seeds fresh;
	struct seeds kept;
	bool replay;
	uint64_t replay_seed;
};

static bool read_arguments(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 'n'},
						{"from", required_argument, NULL, 's'},
						{"replay", required_argument, NULL, 'r'},
						{"seed-file", required_argument, NULL, 'f'},
						{"keep", required_argument, NULL, 'k'},
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
			keep_path = optarg;
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
	struct tally *tallies = mmap(NULL, JOBS * sizeof(*tallies), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!read_arguments(&arguments, argc, argv) || tallies == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (arguments.replay) {
		start_memory(&memory);
		return replay_one(&memory, arguments.replay_seed);
	}
	printf("1..2\n");
	run_seeds(&arguments.kept, tallies);
	bool kept_fine = print_result(1, "kept", &arguments.kept, tallies);

	run_seeds(&arguments.fresh, tallies);
	bool fresh_fine = print_result(2, "fresh", &arguments.fresh, tallies);

	return kept_fine && fresh_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
