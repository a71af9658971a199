#include "dataplane/eal.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct dataplane_settings settings;
static struct machine machine;
static struct eal_plan plan;
static struct why why;

static void fresh(void)
{
	settings = (struct dataplane_settings){
		.port_count = 1,
		.ports[0] = {.name = "front", .kind = PORT_KIND_AF_PACKET, .device = "g0"},
	};
	machine = (struct machine){.cpus = {3, {2, 5, 7}}, .online = {8, {0, 1, 2, 3, 4, 5, 6, 7}}};
	CU_ASSERT_FATAL(settings_complete(&settings, &why));
}

static bool has(const char *arg)
{
	for (int i = 0; i < plan.count; i++)
		if (strcmp(plan.args[i], arg) == 0)
			return true;
	return false;
}

static void without_hugepages_no_in_memory(void)
{
	fresh();
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT(has("--no-huge") && has("--no-shconf") && has("--no-telemetry") && has("--no-pci"));
	CU_ASSERT(!has("--in-memory"));
	CU_ASSERT_PTR_NULL(plan.args[plan.count]);
}

static void with_hugepages_no_files(void)
{
	fresh();
	machine.free_hugepage_mib = 4096;
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT(has("--in-memory") && !has("--no-huge"));
	settings.hugepages = HUGEPAGES_NEVER;
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT(has("--no-huge"));
}

static void only_named_pci_devices_are_looked_at(void)
{
	fresh();
	settings.ports[1] = (struct port_settings){.name = "vf", .kind = PORT_KIND_PCI,
						   .device = "3B:02.1"};
	memcpy(settings.ports[1].vfio_token, "0d5a", 5);
	settings.port_count = 2;
	CU_ASSERT_FATAL(settings_complete(&settings, &why));
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT(!has("--no-pci") && has("-a") && has("0000:3b:02.1"));
	CU_ASSERT(has("--vfio-vf-token=0d5a"));
}

static void required_hugepages_that_lack_are_an_error_with_a_cure(void)
{
	fresh();
	settings.hugepages = HUGEPAGES_REQUIRED;
	machine.free_hugepage_mib = settings.memory_mib - 1;
	CU_ASSERT(!eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "nr_hugepages"));
}

static void lcores_are_of_the_allotted_set(void)
{
	fresh();
	settings.workers = 2;
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT(has("0@(2,5,7),1@7,2@5"));
	CU_ASSERT_EQUAL(plan.worker_cpus[0], 7);
	settings.workers = 4;
	CU_ASSERT(!eal_plan_make(&plan, &settings, &machine, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "3 CPUs"));
}

static void take(struct cpu_list *list, const char *text)
{
	CU_ASSERT_FATAL(cpu_list_parse(list, text, &why));
}

static bool planned(void)
{
	return settings_complete(&settings, &why) && eal_plan_make(&plan, &settings, &machine, &why);
}

static void named_cores_are_taken_in_their_order(void)
{
	fresh();
	settings.workers = 0;
	take(&settings.cores, "7,2");
	CU_ASSERT_FATAL(planned());
	CU_ASSERT(settings.workers == 2 && has("0@(5),1@7,2@2"));
	CU_ASSERT(plan.worker_cpus[0] == 7 && plan.worker_cpus[1] == 2);
	/* Fewer workers take the first of them. */
	settings.workers = 1;
	CU_ASSERT(planned() && has("0@(5),1@7"));
	take(&settings.housekeeping_cores, "2,5");
	CU_ASSERT(planned() && has("0@(2,5),1@7"));
	/* No CPU is left for the others: they share. */
	fresh();
	settings.workers = 0;
	take(&settings.cores, "2,5,7");
	CU_ASSERT(planned() && has("0@(2,5,7),1@2,2@5,3@7"));
	/* Other threads may be put anywhere, cores or not. */
	fresh();
	take(&settings.housekeeping_cores, "7");
	CU_ASSERT(planned() && has("0@(7),1@7"));
}

static bool plan_refused(const char *part, const char *cure)
{
	return !planned() && strstr(why.text, part) && strstr(why.text, cure);
}

static void cores_that_cannot_be_had_are_named_with_a_cure(void)
{
	fresh();
	take(&settings.cores, "2,9");
	settings.workers = 0;
	CU_ASSERT(plan_refused("hydrofoil.cores: there is no CPU 9", "0-7 are online"));
	take(&settings.cores, "2-3");
	settings.workers = 0;
	CU_ASSERT(plan_refused("may not use CPU 3, only 2,5,7", "cpuset"));
	take(&settings.cores, "2,5");
	settings.workers = 3;
	CU_ASSERT(plan_refused("3 workers and 2 hydrofoil.cores", "--concurrency"));
	take(&settings.cores, "0-99");
	settings.workers = 0;
	CU_ASSERT(plan_refused("100 workers, 64 are the most", "fewer"));
	fresh();
	take(&settings.housekeeping_cores, "5,6");
	CU_ASSERT(plan_refused("hydrofoil.housekeeping_cores", "may not use CPU 6"));
	/* A machine that does not say what is online. */
	fresh();
	machine.online.count = 0;
	take(&settings.cores, "9");
	CU_ASSERT(plan_refused("may not use CPU 9", "cpuset"));
}

static void many_cpus_still_fit(void)
{
	fresh();
	machine.cpus.count = 0;
	for (uint16_t i = 0; i < CPU_LIST_MAX; i += 2)
		machine.cpus.cpus[machine.cpus.count++] = i;
	settings.workers = SETTINGS_WORKERS_MAX;
	CU_ASSERT_FATAL(eal_plan_make(&plan, &settings, &machine, &why));
	for (int i = 0; i < plan.count; i++)
		CU_ASSERT(strlen(plan.args[i]) < EAL_ARG_BYTES - 1);
}

static void messages_become_cures(void)
{
	eal_explain("EAL: FATAL: Cannot init memory\nEAL: Cannot init memory\n", &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "memory_mib"));
	eal_explain("ETHDEV: Ambiguous Rx mempools configuration\n", &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "packet buffer pool"));
	eal_explain("one\nsomething new\n", &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "something new"));
	CU_ASSERT_PTR_NULL(strstr(why.text, "one\n"));
	eal_explain("", &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "no reason"));
}

static bool refused(const char *part)
{
	bool ok = settings_complete(&settings, &why);

	return !ok && strstr(why.text, part);
}

static void settings_faults_name_port_and_cure(void)
{
	fresh();
	CU_ASSERT_EQUAL(settings.memory_mib, 512);
	/* Without ports there are the kernel's sockets, and less is enough. */
	settings.port_count = 0;
	settings.memory_mib = 0;
	CU_ASSERT(settings_complete(&settings, &why));
	CU_ASSERT_EQUAL(settings.memory_mib, 128);
	fresh();
	settings.ports[0].device[0] = '\0';
	CU_ASSERT(refused("front"));
	fresh();
	snprintf(settings.ports[0].device, sizeof(settings.ports[0].device), "an_interface_name_of_twenty");
	CU_ASSERT(refused("too long"));
	fresh();
	settings.ports[0].exception.kind = EXCEPTION_KIND_TAP;
	CU_ASSERT(refused("names no interface"));
	snprintf(settings.ports[0].exception.interface, 16, "%s", "foil-x0");
	CU_ASSERT(settings_complete(&settings, &why));
	CU_ASSERT_EQUAL(settings.ports[0].exception.packets_per_second, 10000);
	CU_ASSERT_EQUAL(settings.ports[0].exception.burst, 1000);
	settings.ports[0].exception.packets_per_second = 1000001;
	CU_ASSERT(refused("1000001 packets a second"));
	settings.ports[0].exception.packets_per_second = 0;
	snprintf(settings.ports[0].exception.interface, 16, "%.15s", settings.ports[0].device);
	CU_ASSERT(refused("the same interface"));
	settings.ports[0].kind = PORT_KIND_TAP;
	CU_ASSERT(refused("has the kernel at its other end"));
	fresh();
	settings.ports[0].mtu_bytes = 1279;
	CU_ASSERT(refused("1279"));
	fresh();
	settings.ports[0].has_mac = true;
	settings.ports[0].mac[0] = 1;
	CU_ASSERT(refused("group"));
	fresh();
	settings.ports[0].address_count = 1;
	settings.ports[0].addresses[0].addr = ip_addr_from_v4(0x0a000001);
	settings.ports[0].addresses[0].prefix_bits = 33;
	CU_ASSERT(refused("10.0.0.1/33"));
	fresh();
	settings.ports[0].kind = PORT_KIND_PCI;
	CU_ASSERT(refused("not a PCI address"));
	fresh();
	settings.ports[0].kind = PORT_KIND_PCI;
	snprintf(settings.ports[0].device, sizeof(settings.ports[0].device), "0000:3b:02.1");
	settings.ports[1] = settings.ports[0];
	settings.ports[1].name[0] = 'x';
	settings.port_count = 2;
	CU_ASSERT(refused("same device"));
	settings.ports[1].device[11] = '2';
	settings.ports[1].vfio_token[0] = 'a';
	CU_ASSERT(refused("vfio_token"));
	fresh();
	settings.ports[1] = settings.ports[0];
	settings.port_count = 2;
	CU_ASSERT(refused("two ports"));
}

UNIT_TESTS(UNIT_TEST(without_hugepages_no_in_memory), UNIT_TEST(with_hugepages_no_files),
	   UNIT_TEST(only_named_pci_devices_are_looked_at),
	   UNIT_TEST(required_hugepages_that_lack_are_an_error_with_a_cure),
	   UNIT_TEST(lcores_are_of_the_allotted_set), UNIT_TEST(named_cores_are_taken_in_their_order),
	   UNIT_TEST(cores_that_cannot_be_had_are_named_with_a_cure), UNIT_TEST(many_cpus_still_fit),
	   UNIT_TEST(messages_become_cures), UNIT_TEST(settings_faults_name_port_and_cure))
