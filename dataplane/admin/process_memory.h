/* How much memory this process has, in the words of Envoy's /memory and server.memory_*. */
#ifndef DATAPLANE_ADMIN_PROCESS_MEMORY_H
#define DATAPLANE_ADMIN_PROCESS_MEMORY_H

#include <stdint.h>

struct process_memory {
	uint64_t allocated_bytes; /* handed out by malloc */
	uint64_t heap_bytes;      /* taken by malloc from the kernel */
	uint64_t free_bytes;      /* taken and not handed out */
	uint64_t physical_bytes;  /* resident, with packet buffers that are not in hugepages */
};

/* Control threads only. */
struct process_memory process_memory_look(void);

#endif
