/* A DPDK environment for tests: no hugepages, no devices, no files left behind, any user. */
#ifndef TESTS_LIB_EAL_H
#define TESTS_LIB_EAL_H

#include <rte_mempool.h>

/* Starts EAL once a process; aborts when it can't.  memory_mib: what mempools may take in all. */
void test_eal_start(unsigned memory_mib);
/* The same, before it, with so many lcores that share a CPU. */
void test_eal_start_with_lcores(unsigned memory_mib, unsigned lcores);
/* Direct mbufs with 2 KiB of data room plus headroom; aborts when they can't be had. */
struct rte_mempool *test_mbuf_pool(const char *name, unsigned count);
/* Mbufs without a buffer, for attaching. */
struct rte_mempool *test_indirect_pool(const char *name, unsigned count);

#endif
