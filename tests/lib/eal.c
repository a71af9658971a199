#include "tests/lib/eal.h"

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
	fprintf(stderr, "tests/lib/eal: %s\n", what);
	abort();
}

void test_eal_start(unsigned memory_mib)
{
	test_eal_start_with_lcores(memory_mib, 1);
}

static unsigned first_cpu(void)
{
	cpu_set_t set;
	unsigned cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		die("sched_getaffinity failed");
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

void test_eal_start_with_lcores(unsigned memory_mib, unsigned lcores)
{
	static int started;
	char memory[16], list[32] = "0";

	if (started++)
		return;
	snprintf(memory, sizeof(memory), "%u", memory_mib);
	if (lcores > 1)
		snprintf(list, sizeof(list), "(0-%u)@%u", lcores - 1, first_cpu());
	const char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
			"-m",   memory,      "--lcores",    list,       "--log-level=error", NULL};

	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, (char **)(void *)args) < 0)
		die("rte_eal_init failed");
}

struct rte_mempool *test_mbuf_pool(const char *name, unsigned count)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, count, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (!pool)
		die("no memory for mbufs");
	return pool;
}

struct rte_mempool *test_indirect_pool(const char *name, unsigned count)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create(name, count, 0, 0, 0, SOCKET_ID_ANY);

	if (!pool)
		die("no memory for indirect mbufs");
	return pool;
}
