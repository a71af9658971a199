#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/eal_messages.h"
#include "dataplane/runtime_dir.h"

#include <glob.h>

/* Buffers, rings and tables beside the packet buffers themselves. */
#define MEMORY_EXTRA_MIB 64

static uint64_t read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static uint64_t free_hugepage_mib(void)
{
	glob_t found;
	uint64_t mib = 0;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB/free_hugepages", 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *size = strstr(found.gl_pathv[i], "hugepages-");

		mib += read_number(found.gl_pathv[i]) * strtoull(size + 10, NULL, 10) / 1024;
	}
	globfree(&found);
	return mib;
}

static void read_online(struct cpu_list *out)
{
	char line[1024] = "";
	FILE *file = fopen("/sys/devices/system/cpu/online", "re");
	struct why why;

	if (file && fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = '\0';
	if (file)
		fclose(file);
	if (!cpu_list_parse(out, line, &why))
		out->count = 0;
}

void machine_look(struct machine *out)
{
	cpu_set_t set;

	memset(out, 0, sizeof(*out));
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		CPU_SET(0, &set);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && cpu < CPU_LIST_MAX; cpu++)
		if (CPU_ISSET(cpu, &set))
			out->cpus.cpus[out->cpus.count++] = (uint16_t)cpu;
	read_online(&out->online);
	out->free_hugepage_mib = free_hugepage_mib();
}

static void add(struct eal_plan *plan, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct eal_plan *plan, const char *format, ...)
{
	va_list args;

	if (plan->count == EAL_ARGS_MAX)
		return;
	va_start(args, format);
	vsnprintf(plan->text[plan->count], EAL_ARG_BYTES, format, args);
	va_end(args);
	plan->args[plan->count] = plan->text[plan->count];
	plan->count++;
	plan->args[plan->count] = NULL;
}

static bool plan_memory(struct eal_plan *plan, const struct dataplane_settings *settings,
			const struct machine *machine, struct why *why)
{
	uint64_t needed_mib = settings->memory_mib + MEMORY_EXTRA_MIB;

	plan->hugepages = settings->hugepages != HUGEPAGES_NEVER &&
			  machine->free_hugepage_mib >= needed_mib;
	if (settings->hugepages == HUGEPAGES_REQUIRED && !plan->hugepages)
		return why_set(why,
			       "hugepages are required, %llu MiB are needed and %llu MiB are free; "
			       "reserve more (echo %llu > /proc/sys/vm/nr_hugepages), or set "
			       "hugepages to AUTO",
			       (unsigned long long)needed_mib,
			       (unsigned long long)machine->free_hugepage_mib,
			       (unsigned long long)(needed_mib / 2));
	add(plan, "%s", plan->hugepages ? "--in-memory" : "--no-huge");
	if (!plan->hugepages)
		add(plan, "--no-shconf");
	add(plan, "-m");
	add(plan, "%llu", (unsigned long long)needed_mib);
	return true;
}

/* A CPU that the user has named. */
static bool check_cpu(const struct machine *machine, const char *field, uint16_t cpu, struct why *why)
{
	char list[128];

	if (cpu_list_has(&machine->cpus, cpu))
		return true;
	if (machine->online.count > 0 && !cpu_list_has(&machine->online, cpu))
		return why_set(why, "hydrofoil.%s: there is no CPU %u; %s are online; name one of them", field,
			       cpu, cpu_list_format(&machine->online, list, sizeof(list)));
	return why_set(why, "hydrofoil.%s: this process may not use CPU %u, only %s; widen its CPU set "
			    "(cpuset.cpus of its cgroup, AllowedCPUs= of its unit, taskset), or name "
			    "another CPU",
		       field, cpu, cpu_list_format(&machine->cpus, list, sizeof(list)));
}

static bool check_cpus(const struct machine *machine, const char *field, const struct cpu_list *cpus,
		       struct why *why)
{
	for (uint16_t i = 0; i < cpus->count; i++)
		if (!check_cpu(machine, field, cpus->cpus[i], why))
			return false;
	return true;
}

/* The cores that were named, in their order; else the last allotted ones, downwards. */
static bool choose_worker_cpus(struct eal_plan *plan, const struct dataplane_settings *settings,
			       const struct machine *machine, struct why *why)
{
	uint16_t most = machine->cpus.count;

	if (settings->workers > most || settings->workers > SETTINGS_WORKERS_MAX)
		return why_set(why,
			       "%u workers are asked for and this process may use %u CPUs; lower "
			       "--concurrency or widen the CPU set",
			       settings->workers, most);
	if (!check_cpus(machine, "cores", &settings->cores, why))
		return false;
	plan->worker_count = settings->workers;
	for (unsigned i = 0; i < settings->workers; i++)
		plan->worker_cpus[i] = settings->cores.count ? settings->cores.cpus[i]
							     : machine->cpus.cpus[most - 1 - i];
	return true;
}

/* Where cores were named, all other threads keep off them, if a CPU is left. */
static bool choose_main_cpus(struct eal_plan *plan, const struct dataplane_settings *settings,
			     const struct machine *machine, struct why *why)
{
	if (!check_cpus(machine, "housekeeping_cores", &settings->housekeeping_cores, why))
		return false;
	plan->main_cpus = settings->housekeeping_cores;
	for (uint16_t i = 0; settings->housekeeping_cores.count == 0 && i < machine->cpus.count; i++)
		if (!cpu_list_has(&settings->cores, machine->cpus.cpus[i]))
			plan->main_cpus.cpus[plan->main_cpus.count++] = machine->cpus.cpus[i];
	if (plan->main_cpus.count == 0)
		plan->main_cpus = machine->cpus;
	return true;
}

/* Lcore 0 is the main thread, free to run on all of its CPUs; worker i is lcore i + 1 on one CPU. */
static bool plan_lcores(struct eal_plan *plan, const struct dataplane_settings *settings,
			const struct machine *machine, struct why *why)
{
	char list[EAL_ARG_BYTES], cpus[EAL_ARG_BYTES / 3];

	if (!choose_worker_cpus(plan, settings, machine, why) ||
	    !choose_main_cpus(plan, settings, machine, why))
		return false;
	int n = snprintf(list, sizeof(list), "0@(%s)",
			 cpu_list_format(&plan->main_cpus, cpus, sizeof(cpus)));

	plan->main_lcore = 0;
	for (unsigned i = 0; i < settings->workers; i++) {
		plan->worker_lcores[i] = i + 1;
		n += snprintf(list + n, sizeof(list) - (size_t)n, ",%u@%u", i + 1,
			      plan->worker_cpus[i]);
	}
	add(plan, "--lcores");
	add(plan, "%s", list);
	return true;
}

_Static_assert(EAL_ARG_BYTES / 3 + SETTINGS_WORKERS_MAX * (sizeof(",64@1023") - 1) + sizeof("0@()") <=
		       EAL_ARG_BYTES,
	       "the longest --lcores fits");

/* No PCI device is looked at, let alone bound, but those that are named. */
static void plan_devices(struct eal_plan *plan, const struct dataplane_settings *settings)
{
	const char *token = "";
	bool any = false;

	for (unsigned i = 0; i < settings->port_count; i++) {
		const struct port_settings *port = &settings->ports[i];

		if (port->kind != PORT_KIND_PCI)
			continue;
		any = true;
		add(plan, "-a");
		add(plan, "%s", port->device);
		token = port->vfio_token;
	}
	if (!any)
		add(plan, "--no-pci");
	if (token[0])
		add(plan, "--vfio-vf-token=%s", token);
}

bool eal_plan_make(struct eal_plan *plan, const struct dataplane_settings *settings,
		   const struct machine *machine, struct why *why)
{
	memset(plan, 0, sizeof(*plan));
	add(plan, "hydrofoil");
	if (!plan_memory(plan, settings, machine, why))
		return false;
	add(plan, "--no-telemetry");
	plan_devices(plan, settings);
	if (!plan_lcores(plan, settings, machine, why))
		return false;
	add(plan, "--log-level=notice");
	return true;
}

bool eal_start(struct eal_plan *plan, struct why *why)
{
	struct runtime_dir dir;

	if (!runtime_dir_enter(&dir, why))
		return false;
	eal_messages_capture();
	int taken = rte_eal_init(plan->count, plan->args);

	runtime_dir_leave(&dir);
	if (taken < 0) {
		eal_explain(eal_messages(), why);
		return false;
	}
	eal_messages_clear();
	return true;
}
