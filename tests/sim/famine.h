/* Somebody else takes all mbufs of a pool for a while. */
#ifndef TESTS_SIM_FAMINE_H
#define TESTS_SIM_FAMINE_H

#include <rte_mbuf.h>
#include <stdint.h>

#define FAMINE_MBUFS_MAX 8192

struct famine {
	struct rte_mbuf *taken[FAMINE_MBUFS_MAX];
	unsigned count;
	uint64_t until_ns;       /* 0 = there is none */
};

void famine_begin(struct famine *famine, struct rte_mempool *pool, uint64_t until_ns);
void famine_end(struct famine *famine);

#endif
