#include "dataplane/admin/process_memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct process_memory process_memory_look(void)
{
	struct mallinfo2 heap = mallinfo2();

	return (struct process_memory){
		.allocated_bytes = heap.uordblks + heap.hblkhd,
		.heap_bytes = heap.arena + heap.hblkhd,
		.free_bytes = heap.fordblks,
		.physical_bytes = resident_bytes(),
	};
}
