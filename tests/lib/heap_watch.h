/* Who owns which block of the heap, and who writes into it: for the proof that workers share no line.
 *
 *     heap_watch_record(0);  worker 0 is made        every block that any thread allocates is its own
 *     heap_watch_record(1);  worker 1 is made
 *     heap_watch_record(HEAP_NOBODY);
 *     heap_watch_shared_lines() == 0
 *     heap_watch_begin(0);   worker 0 polls          pages of all others are write-protected; the first
 *     heap_watch_end(hear);                          write into one keeps a copy, to be compared by line
 *
 * Link the program with tests/lib/heap_watch.c: it defines malloc and the others in front of libc's.  Not
 * for sanitizer builds, which bring their own: heap_watch_works() says so. */
#ifndef TESTS_LIB_HEAP_WATCH_H
#define TESTS_LIB_HEAP_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NOBODY (-1)

bool heap_watch_works(void);
void heap_watch_record(int owner);
/* Of all blocks of this owner. */
size_t heap_watch_bytes(int owner);
/* Lines in which blocks of two owners lie. */
unsigned heap_watch_shared_lines(void);
/* Until the end this thread is `writer`. */
void heap_watch_begin(int writer);
/* hear: of each line of another owner that was written.  All may be written again. */
void heap_watch_end(void (*hear)(int writer, int owner, const void *line));

#endif
