#include "tests/sim/jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/eal.h"
#include "tests/sim/tracer.h"

#define REPLAY_EVERY 16
#define WORLD_SECONDS_MAX 30

static void keep_seed(const struct jobs *jobs, uint64_t seed)
{
	FILE *file = jobs->keep_path ? fopen(jobs->keep_path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%" PRIu64 "\n", seed);
	fclose(file);
}

static void note_failure(const struct jobs *jobs, uint64_t seed, const char *why,
			 struct tally *tally)
{
	tally->failed++;
	tally->failed_seed = seed;
	snprintf(tally->failed_why, sizeof(tally->failed_why), "%s", why);
	if (jobs->hunting)
		return;
	fprintf(stderr, "seed %" PRIu64 ": %s\nreplay: sim --replay %" PRIu64 "\n", seed, why, seed);
	keep_seed(jobs, seed);
}

static void run_seed(const struct jobs *jobs, struct world_memory *memory, uint64_t seed,
		     bool replay, struct tally *tally)
{
	struct world_verdict verdict;

	world_run(memory, seed, false, &verdict);
	tally->worlds++;
	tally->requests += verdict.requests;
	tally->answered += verdict.answered;
	tally->refused += verdict.refused;
	tally->cut += verdict.cut;
	tally->frames += verdict.frames;
	tally->travelled += verdict.travelled;
	tally->virtual_seconds += (double)verdict.now_ns / 1e9;
	if (!verdict.ok) {
		note_failure(jobs, seed, verdict.why.text, tally);
		return;
	}
	if (!replay)
		return;
	struct world_verdict again;

	tally->replays++;
	/* With every connection traced: that may change nothing. */
	tracer_set(true);
	world_run(memory, seed, false, &again);
	tracer_set(false);
	if (again.hash != verdict.hash)
		note_failure(jobs, seed, "does not replay to the same trace hash", tally);
}

static uint64_t seed_at(const struct seeds *seeds, uint64_t index)
{
	return seeds->list ? seeds->list[index] : seeds->from + index;
}

void jobs_start_memory(struct world_memory *memory)
{
	test_eal_start(512);
	world_memory_create(memory);
}

static bool is_over(const struct jobs *jobs)
{
	bool found = false;

	for (unsigned job = 0; job < JOBS; job++)
		found |= jobs->tallies[job].failed > 0;
	return jobs->hunting && found;
}

/* EAL's memory stays shared over a fork, so every child starts its own. */
static pid_t start_job(const struct jobs *jobs, const struct seeds *seeds, unsigned job)
{
	static struct world_memory memory;
	struct tally *tally = &jobs->tallies[job];
	pid_t child = fork();

	if (child != 0)
		return child;
	jobs_start_memory(&memory);
	for (; tally->next < seeds->count && !is_over(jobs); tally->next += JOBS) {
		bool replay = seeds->list || tally->next / JOBS % REPLAY_EVERY == job;

		if (jobs->hunting)
			alarm(WORLD_SECONDS_MAX);
		run_seed(jobs, &memory, seed_at(seeds, tally->next), replay, tally);
	}
	_exit(0);
}

static struct tally sum_of(const struct tally *tallies)
{
	struct tally sum = tallies[0];

	for (unsigned job = 1; job < JOBS; job++) {
		const struct tally *tally = &tallies[job];

		sum.worlds += tally->worlds;
		sum.replays += tally->replays;
		sum.requests += tally->requests;
		sum.answered += tally->answered;
		sum.refused += tally->refused;
		sum.cut += tally->cut;
		sum.frames += tally->frames;
		sum.travelled += tally->travelled;
		sum.virtual_seconds += tally->virtual_seconds;
		if (tally->failed && !sum.failed) {
			sum.failed_seed = tally->failed_seed;
			memcpy(sum.failed_why, tally->failed_why, sizeof(sum.failed_why));
		}
		sum.failed += tally->failed;
	}
	return sum;
}

bool jobs_create(struct jobs *jobs)
{
	*jobs = (struct jobs){0};
	jobs->tallies = mmap(NULL, JOBS * sizeof(*jobs->tallies), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return jobs->tallies != MAP_FAILED;
}

struct tally jobs_run(struct jobs *jobs, const struct seeds *seeds)
{
	pid_t children[JOBS];
	unsigned running = JOBS;

	for (unsigned job = 0; job < JOBS; job++)
		jobs->tallies[job] = (struct tally){.next = job};
	for (unsigned job = 0; job < JOBS; job++)
		children[job] = start_job(jobs, seeds, job);
	while (running > 0) {
		int status;
		pid_t child = wait(&status);
		unsigned job = 0;

		while (children[job] != child)
			job++;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			running--;
			continue;
		}
		struct tally *tally = &jobs->tallies[job];

		tally->worlds++;
		note_failure(jobs, seed_at(seeds, tally->next), "crashed", tally);
		tally->next += JOBS;
		children[job] = start_job(jobs, seeds, job);
	}
	return sum_of(jobs->tallies);
}
