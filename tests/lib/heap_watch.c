#include "tests/lib/heap_watch.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stack/base/compiler.h"

#if defined(__SANITIZE_ADDRESS__)
#define WATCH_WORKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCH_WORKS 0
#endif
#endif
#ifndef WATCH_WORKS
#define WATCH_WORKS 1
#endif

#define BLOCKS_MAX 4096
#define PAGE_BYTES 4096u
#define TWINS_MAX 256

struct block {
	uintptr_t start;
	size_t bytes;
	int owner;
};

/* A page as it was before the first write into it. */
struct twin {
	uintptr_t page;
	uintptr_t first_line; /* which that write was for, whatever it changed */
	uint8_t bytes[PAGE_BYTES];
};

static struct block blocks[BLOCKS_MAX];
static unsigned block_count;
static int recorded_owner = HEAP_NOBODY;
static struct twin twins[TWINS_MAX];
static unsigned twin_count;
static int writer_now = HEAP_NOBODY;

bool heap_watch_works(void)
{
	return WATCH_WORKS;
}

void heap_watch_record(int owner)
{
	recorded_owner = owner;
}

size_t heap_watch_bytes(int owner)
{
	size_t sum = 0;

	for (unsigned i = 0; i < block_count; i++)
		sum += blocks[i].owner == owner ? blocks[i].bytes : 0;
	return sum;
}

static uintptr_t first_line_of(const struct block *b)
{
	return b->start & ~(uintptr_t)(CACHE_LINE_BYTES - 1);
}

static uintptr_t last_line_of(const struct block *b)
{
	return (b->start + b->bytes - 1) & ~(uintptr_t)(CACHE_LINE_BYTES - 1);
}

unsigned heap_watch_shared_lines(void)
{
	unsigned shared = 0;

	for (unsigned i = 0; i < block_count; i++)
		for (unsigned k = 0; k < i; k++)
			shared += blocks[i].owner != blocks[k].owner &&
				  first_line_of(&blocks[i]) <= last_line_of(&blocks[k]) &&
				  first_line_of(&blocks[k]) <= last_line_of(&blocks[i]);
	return shared;
}

static void protect(const struct block *b, int how)
{
	uintptr_t from = b->start & ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t to = (b->start + b->bytes + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);

	if (mprotect((void *)from, to - from, how) != 0)
		abort();
}

/* Any other address is a fault as it always is. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	uintptr_t page = address & ~(uintptr_t)(PAGE_BYTES - 1);
	bool known = false;

	for (unsigned i = 0; i < block_count && !known; i++)
		known = blocks[i].owner != writer_now && page < blocks[i].start + blocks[i].bytes &&
			blocks[i].start < page + PAGE_BYTES;
	if (!known || writer_now == HEAP_NOBODY || twin_count == TWINS_MAX ||
	    mprotect((void *)page, PAGE_BYTES, PROT_READ | PROT_WRITE) != 0) {
		signal(SIGSEGV, SIG_DFL);
		return;
	}
	struct twin *twin = &twins[twin_count++];

	twin->page = page;
	twin->first_line = address & ~(uintptr_t)(CACHE_LINE_BYTES - 1);
	memcpy(twin->bytes, (const void *)page, PAGE_BYTES);
}

void heap_watch_begin(int writer)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	twin_count = 0;
	writer_now = writer;
	sigaction(SIGSEGV, &action, NULL);
	for (unsigned i = 0; i < block_count; i++)
		if (blocks[i].owner != writer)
			protect(&blocks[i], PROT_READ);
	/* Where pages are shared, which heap_watch_shared_lines need not mind. */
	for (unsigned i = 0; i < block_count; i++)
		if (blocks[i].owner == writer)
			protect(&blocks[i], PROT_READ | PROT_WRITE);
}

static int owner_of(uintptr_t line)
{
	for (unsigned i = 0; i < block_count; i++)
		if (first_line_of(&blocks[i]) <= line && line <= last_line_of(&blocks[i]))
			return blocks[i].owner;
	return HEAP_NOBODY;
}

void heap_watch_end(void (*hear)(int writer, int owner, const void *line))
{
	int writer = writer_now;

	writer_now = HEAP_NOBODY;
	for (unsigned i = 0; i < block_count; i++)
		protect(&blocks[i], PROT_READ | PROT_WRITE);
	signal(SIGSEGV, SIG_DFL);
	for (unsigned i = 0; i < twin_count; i++)
		for (uintptr_t at = 0; at < PAGE_BYTES; at += CACHE_LINE_BYTES) {
			uintptr_t line = twins[i].page + at;
			int owner = owner_of(line);
			bool written = line == twins[i].first_line ||
				       memcmp(twins[i].bytes + at, (const void *)line,
					      CACHE_LINE_BYTES) != 0;

			if (written && owner != HEAP_NOBODY && owner != writer)
				hear(writer, owner, (const void *)line);
		}
}

#if WATCH_WORKS
/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

static void *note(void *block, size_t bytes)
{
	if (recorded_owner == HEAP_NOBODY || !block || bytes == 0)
		return block;
	if (block_count == BLOCKS_MAX)
		abort();
	blocks[block_count++] = (struct block){(uintptr_t)block, bytes, recorded_owner};
	return block;
}

void *malloc(size_t bytes)
{
	return note(__libc_malloc(bytes), bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return note(__libc_calloc(count, bytes), count * bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return note(__libc_memalign(alignment, bytes), bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	*out = note(__libc_memalign(alignment, bytes), bytes);
	return *out ? 0 : 12; /* ENOMEM */
}

void free(void *block)
{
	for (unsigned i = 0; block && i < block_count; i++)
		if (blocks[i].start == (uintptr_t)block) {
			blocks[i] = blocks[--block_count];
			break;
		}
	__libc_free(block);
}
#endif
