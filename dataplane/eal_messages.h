/* DPDK's log: caught, kept as far as it is about errors, shown in our own log, and explained. */
#ifndef DATAPLANE_EAL_MESSAGES_H
#define DATAPLANE_EAL_MESSAGES_H

/* From now on DPDK's lines come here; before rte_eal_init. */
void eal_messages_capture(void);
/* The same for libbpf and libxdp, which the af_xdp driver brings with it; after rte_eal_init. */
void eal_messages_capture_bpf(void);

#endif
