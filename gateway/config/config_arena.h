/* Memory of one configuration object: taken piece by piece, freed all at once.
 *
 *     arena --> chunk --> chunk --> …      each malloc'ed, the newest first
 *
 * Control threads only.  A failed allocation returns NULL and is remembered, so that a translation
 * may check once at its end. */
#ifndef GATEWAY_CONFIG_CONFIG_ARENA_H
#define GATEWAY_CONFIG_CONFIG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/config/config.h"

struct config_arena;

/* NULL when there is no memory. */
struct config_arena *config_arena_create(void);
void config_arena_destroy(struct config_arena *arena);
/* Zeroed, aligned for any type; 0 bytes give a valid pointer too. */
void *config_arena_alloc(struct config_arena *arena, size_t bytes);
/* count elements of bytes each; NULL on overflow too. */
void *config_arena_array(struct config_arena *arena, size_t count, size_t bytes);
/* A copy ended by NUL (which length does not count); data NULL on failure. */
struct str config_arena_copy(struct config_arena *arena, const char *data, size_t length);
char *config_arena_text(struct config_arena *arena, const char *text);
/* Whether any allocation failed. */
bool config_arena_failed(const struct config_arena *arena);
/* Bytes taken from malloc. */
size_t config_arena_bytes(const struct config_arena *arena);

/* Tests: the allocation after `count` more fails, and all later ones; -1 = none. */
void config_arena_fail_after(long count);

#endif
