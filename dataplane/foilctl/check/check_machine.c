/* CPUs: what they can do, which are ours, and who else runs on them. */
#include <stdio.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"

static bool has_flag(const char *flags, const char *wanted)
{
	size_t length = strlen(wanted);

	for (const char *at = flags; (at = strstr(at, wanted)); at += length)
		if ((at == flags || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static void check_instructions(struct check *check)
{
	/* What x86-64-v3 adds, as far as the kernel has names for it; the programs are built for it. */
	static const char *const needed[] = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"};
	char flags[4096], missing[128] = "";
	size_t n = 0;

	if (!check_read_field(check, "/proc/cpuinfo", "flags", flags, sizeof(flags))) {
		check_add(check, CHECK_WARN, "cpu", NULL, "/proc/cpuinfo says nothing of the CPU");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!has_flag(flags, needed[i]))
			n += (size_t)snprintf(missing + n, sizeof(missing) - n, " %s", needed[i]);
	if (missing[0])
		check_add(check, CHECK_BAD, "cpu", "use a machine with x86-64-v3 (Haswell or later)",
			  "the CPU lacks%s: hydrofoil will not start", missing);
	else
		check_add(check, CHECK_GOOD, "cpu", NULL, "it has all of x86-64-v3");
	if (has_flag(flags, "constant_tsc") && has_flag(flags, "nonstop_tsc"))
		check_add(check, CHECK_GOOD, "clock", NULL, "the time stamp counter never stops");
	else
		check_add(check, CHECK_WARN, "clock",
			  "on a virtual machine let the host pass invtsc through",
			  "no invariant time stamp counter: every poll asks the kernel for the time");
}

static void check_allotted(struct check *check)
{
	char list[256] = "", text[128];
	uint32_t count = 0;

	if (check_read_field(check, "/proc/self/status", "Cpus_allowed_list", list, sizeof(list)))
		count = check_cpu_list(list, check->cpus, CHECK_CPUS_MAX);
	check_cpu_text(check->cpus, CHECK_CPUS_MAX, text, sizeof(text));
	for (uint32_t cpu = 0; count > 0 && cpu < CHECK_CPUS_MAX; cpu++) {
		if (!check->cores[cpu] || check->cpus[cpu])
			continue;
		check_add(check, CHECK_BAD, "cores",
			  "name other hydrofoil.cores, or allot it (taskset, cpuset, AllowedCPUs=)",
			  "hydrofoil.cores names CPU %u, and %s are allotted", cpu, text);
		return;
	}
	if (count == 0)
		check_add(check, CHECK_WARN, "cores", NULL, "the kernel does not say which are ours");
	else if (check->workers > count)
		check_add(check, CHECK_BAD, "cores",
			  "lower hydrofoil.workers, or allot more CPUs (taskset, cpuset)",
			  "%u workers want a core each, and %u are allotted (%s)", check->workers,
			  count, text);
	else if (check->workers == count)
		check_add(check, CHECK_WARN, "cores",
			  "allot one CPU more than there are workers",
			  "%u CPU%s allotted (%s), all taken by workers: control threads share one", count,
			  count == 1 ? "" : "s", text);
	else
		check_add(check, CHECK_GOOD, "cores", NULL, "%u CPUs allotted (%s), %u for workers",
			  count, text, check->workers);
}

static void check_isolated(struct check *check)
{
	uint8_t isolated[CHECK_CPUS_MAX] = {0};
	char line[256] = "", text[128];
	uint32_t ours = 0;

	if (check_read(check, line, sizeof(line), "/sys/devices/system/cpu/isolated"))
		check_cpu_list(line, isolated, sizeof(isolated));
	for (uint32_t cpu = 0; cpu < CHECK_CPUS_MAX; cpu++)
		ours += isolated[cpu] &= check->has_cores ? check->cores[cpu] : check->cpus[cpu];
	check_cpu_text(isolated, sizeof(isolated), text, sizeof(text));
	if (ours >= check->workers)
		check_add(check, CHECK_GOOD, "isolation", NULL, "isolated and %s: %s",
			  check->has_cores ? "named for workers" : "allotted", text);
	else
		check_add(check, CHECK_WARN, "isolation",
			  "kernel command line: isolcpus=LIST nohz_full=LIST; in Kubernetes: static CPU "
			  "manager, integer CPUs, Guaranteed QoS",
			  "%u of the %s CPUs are isolated, for %u worker%s: others may run there, "
			  "which shows in the 99.9th percentile", ours,
			  check->has_cores ? "named" : "allotted", check->workers,
			  check->workers == 1 ? "" : "s");
}

static void check_frequency(struct check *check)
{
	char governor[32];

	for (uint32_t cpu = 0; cpu < CHECK_CPUS_MAX; cpu++) {
		if (!check->cpus[cpu] ||
		    !check_read(check, governor, sizeof(governor),
				"/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu) ||
		    strcmp(governor, "performance") == 0)
			continue;
		check_add(check, CHECK_WARN, "frequency",
			  "cpupower frequency-set -g performance",
			  "CPU %u is governed by %s: its first packets after a rest are slow", cpu,
			  governor);
		return;
	}
}

void check_machine(struct check *check)
{
	check_instructions(check);
	check_allotted(check);
	check_isolated(check);
	check_frequency(check);
}
