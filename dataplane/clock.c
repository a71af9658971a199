#include "dataplane/clock.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <x86intrin.h>

#include "stack/base/time.h"

#define MEASURE_NS (20 * NS_PER_MS)
/* ns = (cycles * scale) >> SCALE_SHIFT, in 128 bits so that it never overflows. */
#define SCALE_SHIFT 32

static struct {
	bool use_tsc;
	uint64_t start_cycles;
	uint64_t start_ns;
	uint64_t scale;
} state;

static uint64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

/* CPUID 80000007h EDX bit 8: the TSC runs at one rate in all power states. */
static bool tsc_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8));
}

void clock_start(void)
{
	uint64_t before_ns = read_ns(CLOCK_MONOTONIC_RAW), after_ns;
	uint64_t before_cycles = __rdtsc(), after_cycles;
	struct timespec pause = {.tv_nsec = MEASURE_NS};

	state.start_ns = read_ns(CLOCK_MONOTONIC);
	state.use_tsc = tsc_is_invariant();
	if (!state.use_tsc)
		return;
	nanosleep(&pause, NULL);
	after_ns = read_ns(CLOCK_MONOTONIC_RAW);
	after_cycles = __rdtsc();
	state.scale = (uint64_t)((((unsigned __int128)(after_ns - before_ns)) << SCALE_SHIFT) /
				 (after_cycles - before_cycles));
	state.start_cycles = after_cycles;
}

uint64_t clock_now_ns(void)
{
	if (!state.use_tsc)
		return read_ns(CLOCK_MONOTONIC) - state.start_ns;
	return (uint64_t)(((unsigned __int128)(__rdtsc() - state.start_cycles) * state.scale) >>
			  SCALE_SHIFT);
}

uint64_t clock_cycles(void)
{
	return __rdtsc();
}

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t clock_wall_offset_ns(void)
{
	return (int64_t)(clock_wall_ns() - clock_now_ns());
}

uint64_t clock_thread_cpu_ns(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

bool clock_random(void *out, size_t bytes, struct why *why)
{
	uint8_t *to = out;

	while (bytes > 0) {
		ssize_t got = getrandom(to, bytes, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return why_set(why, "the kernel gives no random bytes: %s", strerror(errno));
		to += got;
		bytes -= (size_t)got;
	}
	return true;
}
