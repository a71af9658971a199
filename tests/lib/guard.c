#include "tests/lib/guard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096

static size_t body_bytes(size_t length)
{
	return (length + PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES;
}

char *guard_copy(const void *bytes, size_t length, int flush_end)
{
	size_t body = body_bytes(length);
	char *map = mmap(NULL, body + 2 * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + PAGE_BYTES, body, PROT_READ | PROT_WRITE) != 0)
		abort();
	char *copy = map + PAGE_BYTES + (flush_end ? body - length : 0);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void guard_free(char *copy, size_t length, int flush_end)
{
	size_t body = body_bytes(length);

	munmap(copy - (flush_end ? body - length : 0) - PAGE_BYTES, body + 2 * PAGE_BYTES);
}
