/* Names of config objects as numbers: one table a kind, an id never changes its meaning.
 *
 * Clusters and endpoints share a kind, because config_endpoints has its cluster's id.  Control
 * threads only, one at a time. */
#ifndef GATEWAY_CONFIG_NAMES_H
#define GATEWAY_CONFIG_NAMES_H

#include <stdint.h>

#include "gateway/config/config.h"
#include "stack/base/compiler.h"

struct config_names;

#define CONFIG_NAME_NONE UINT32_MAX
/* Paths of Unix sockets have a table as well, though they are no objects. */
#define CONFIG_PIPE ((enum config_kind)CONFIG_KIND_COUNT)
#define CONFIG_NAME_KINDS (CONFIG_KIND_COUNT + 1)

/* NULL when there is no memory. */
struct config_names *config_names_create(void);
void config_names_destroy(struct config_names *names);
/* Finds or makes; ids of a kind count up from 0.  CONFIG_NAME_NONE when there is no memory. */
uint32_t config_names_intern(struct config_names *names, enum config_kind kind, struct str name);
/* Finds; CONFIG_NAME_NONE when it was never interned. */
uint32_t config_names_find(const struct config_names *names, enum config_kind kind, struct str name);
/* The name of an id, ended by NUL and valid as long as the table; data NULL for an unknown id. */
struct str config_names_text(const struct config_names *names, enum config_kind kind, uint32_t id);
uint32_t config_names_count(const struct config_names *names, enum config_kind kind);

#endif
