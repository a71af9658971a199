/* A list of CPUs as taskset and cpuset have it: "2-5,7".
 *
 * In the order in which they are named; none twice.  Pure; libc only. */
#ifndef DATAPLANE_CPU_LIST_H
#define DATAPLANE_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define CPU_LIST_MAX 1024 /* and the numbers are below that */

struct cpu_list {
	uint16_t count;
	uint16_t cpus[CPU_LIST_MAX];
};

/* "" is the list of none.  False, and why: what is no number, a range that runs backwards, a CPU that is
 * named twice or that no machine has. */
MUST_USE bool cpu_list_parse(struct cpu_list *out, const char *text, struct why *why);
bool cpu_list_has(const struct cpu_list *list, uint16_t cpu);
/* Runs that go up by one become ranges; cut where it does not fit.  Returns text. */
const char *cpu_list_format(const struct cpu_list *list, char *text, size_t bytes);

#endif
