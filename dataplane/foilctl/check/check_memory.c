/* Memory: hugepages of every NUMA node, what is free, and how much may be locked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"

#define SMALL_PAGE_KB 2048
#define LARGE_PAGE_KB 1048576

static int64_t node_mib(const struct check *check, uint32_t node, uint32_t page_kb, const char *what)
{
	int64_t pages = check_read_number(check, -1, "/sys/devices/system/node/node%u/hugepages/"
						     "hugepages-%ukB/%s", node, page_kb, what);

	return pages < 0 ? 0 : pages * page_kb / 1024;
}

/* Nodes of a machine without NUMA are the machine. */
static int64_t machine_mib(const struct check *check, uint32_t page_kb, const char *what)
{
	int64_t pages = check_read_number(
		check, 0, "/sys/kernel/mm/hugepages/hugepages-%ukB/%s", page_kb, what);

	return pages * page_kb / 1024;
}

static void add_hugepages(struct check *check, const char *subject, int64_t free_mib, int64_t all_mib,
			  const char *cure)
{
	if (check->hugepages_never)
		check_add(check, CHECK_GOOD, subject, NULL, "not asked for");
	else if (free_mib >= check->memory_mib)
		check_add(check, CHECK_GOOD, subject, NULL, "%lld of %lld MiB are free",
			  (long long)free_mib, (long long)all_mib);
	else
		check_add(check, check->hugepages_required ? CHECK_BAD : CHECK_WARN, subject, cure,
			  "%lld of %lld MiB are free, for %u MiB of packet buffers%s",
			  (long long)free_mib, (long long)all_mib, check->memory_mib,
			  check->hugepages_required ? ", and the bootstrap insists on them"
						    : ": small pages serve instead, slower");
}

static bool has_our_cpu(const struct check *check, uint32_t node)
{
	uint8_t cpus[CHECK_CPUS_MAX];
	char line[256];

	if (!check_read(check, line, sizeof(line), "/sys/devices/system/node/node%u/cpulist", node))
		return true;
	check_cpu_list(line, cpus, sizeof(cpus));
	for (uint32_t cpu = 0; cpu < CHECK_CPUS_MAX; cpu++)
		if (cpus[cpu] && check->cpus[cpu])
			return true;
	return false;
}

static void check_hugepages(struct check *check)
{
	char subject[48], cure[256];
	bool any = false;

	for (uint32_t node = 0; node < CHECK_NODES_MAX; node++) {
		if (!check_exists(check, "/sys/devices/system/node/node%u/hugepages", node) ||
		    !has_our_cpu(check, node))
			continue;
		any = true;
		snprintf(subject, sizeof(subject), "hugepages node %u", node);
		snprintf(cure, sizeof(cure),
			 "echo %u >/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/"
			 "nr_hugepages", check->memory_mib / 2 + 64, node);
		add_hugepages(check, subject,
			      node_mib(check, node, SMALL_PAGE_KB, "free_hugepages") +
				      node_mib(check, node, LARGE_PAGE_KB, "free_hugepages"),
			      node_mib(check, node, SMALL_PAGE_KB, "nr_hugepages") +
				      node_mib(check, node, LARGE_PAGE_KB, "nr_hugepages"), cure);
	}
	if (any)
		return;
	snprintf(cure, sizeof(cure), "sysctl vm.nr_hugepages=%u", check->memory_mib / 2 + 64);
	add_hugepages(check, "hugepages",
		      machine_mib(check, SMALL_PAGE_KB, "free_hugepages") +
			      machine_mib(check, LARGE_PAGE_KB, "free_hugepages"),
		      machine_mib(check, SMALL_PAGE_KB, "nr_hugepages") +
			      machine_mib(check, LARGE_PAGE_KB, "nr_hugepages"), cure);
}

static void check_available(struct check *check)
{
	char text[64];

	if (!check_read_field(check, "/proc/meminfo", "MemAvailable", text, sizeof(text)))
		return;
	uint64_t mib = strtoull(text, NULL, 10) / 1024;

	if (mib < check->memory_mib)
		check_add(check, check->has_bootstrap ? CHECK_BAD : CHECK_WARN, "memory",
			  "lower hydrofoil.memory.mib, or free some",
			  "%llu MiB are available, for %u MiB of packet buffers",
			  (unsigned long long)mib, check->memory_mib);
	else
		check_add(check, CHECK_GOOD, "memory", NULL, "%llu MiB are available",
			  (unsigned long long)mib);
}

/* af_xdp and VFIO pin what devices write to. */
static void check_memlock(struct check *check)
{
	static const char cure[] = "ulimit -l unlimited; in systemd: LimitMEMLOCK=infinity; in "
				   "Kubernetes: the capability IPC_LOCK";
	bool needed = check_has_kind(check, "af_xdp") || check_has_kind(check, "pci");
	char text[128];

	if (!check_read_field(check, "/proc/self/limits", "Max locked memory", text, sizeof(text)))
		return;
	uint64_t mib = strncmp(text, "unlimited", 9) == 0 ? UINT64_MAX
							   : strtoull(text, NULL, 10) >> 20;

	if (mib == UINT64_MAX)
		check_add(check, CHECK_GOOD, "memlock", NULL, "unlimited");
	else if (check_capable(check, CHECK_CAP_IPC_LOCK))
		check_add(check, CHECK_GOOD, "memlock", NULL,
			  "%llu MiB, which IPC_LOCK lifts", (unsigned long long)mib);
	else if (mib >= check->memory_mib)
		check_add(check, CHECK_GOOD, "memlock", NULL, "%llu MiB", (unsigned long long)mib);
	else
		check_add(check,
			  needed ? CHECK_BAD : check->has_bootstrap ? CHECK_GOOD : CHECK_WARN,
			  "memlock", cure,
			  "%llu MiB may be locked, and %u MiB of packet buffers %s",
			  (unsigned long long)mib, check->memory_mib,
			  needed ? "must be" : "would have to be for af_xdp or PCI");
}

void check_memory(struct check *check)
{
	check_hugepages(check);
	check_available(check);
	check_memlock(check);
}
