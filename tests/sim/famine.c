#include "tests/sim/famine.h"

void famine_begin(struct famine *famine, struct rte_mempool *pool, uint64_t until_ns)
{
	famine->until_ns = until_ns;
	while (famine->count < FAMINE_MBUFS_MAX) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		if (!mbuf)
			break;
		famine->taken[famine->count++] = mbuf;
	}
}

void famine_end(struct famine *famine)
{
	rte_pktmbuf_free_bulk(famine->taken, famine->count);
	famine->count = 0;
	famine->until_ns = 0;
}
