/* What is wrong with a configuration: collected, so that all of it can be told at once.
 *
 *     gw.yaml:12:7: static_resources.clusters[0].connect_timeout: expected a duration ("5s")
 *
 * Faults refuse; warnings tell what is taken without effect.  Memory is the caller's arena. */
#ifndef XDS_REFLECT_FAULT_H
#define XDS_REFLECT_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/config/config_arena.h"
#include "stack/base/compiler.h"

/* More are counted, not kept. */
#define FAULTS_MAX 1000
#define FAULT_TEXT_BYTES 1024

/* Line and column count from 1 in characters; 0 = unknown (came over the wire). */
struct position {
	uint32_t line;
	uint32_t column;
};

enum fault_severity { FAULT_ERROR, FAULT_WARNING };

struct fault {
	struct fault *next;
	enum fault_severity severity;
	struct position position;
	const char *path; /* of the field; may be "" */
	const char *text;
};

struct fault_list {
	struct config_arena *arena;
	const char *file;  /* or the name of the source */
	struct fault *first;
	struct fault *last;
	uint32_t errors;   /* kept or not */
	uint32_t warnings;
	uint32_t kept;
};

void fault_list_init(struct fault_list *list, struct config_arena *arena, const char *file);
void fault_add(struct fault_list *list, enum fault_severity severity, struct position position,
	       const char *path, const char *format, ...) PRINTF_LIKE(5, 6);
/* Sorts by position (those without come last, in the order they were found). */
void fault_list_sort(struct fault_list *list);
/* One line each; a last line tells how many were not kept.  Returns the number of errors. */
uint32_t fault_list_print(const struct fault_list *list, FILE *out);

#endif
