/* Inside of a route index; built by route_index.c, read by route_match.c.
 *
 *     host (lower case) --hash--> virtual host        exact, then suffix and prefix wildcards by
 *                                                     falling length, then "*"
 *     virtual host --> path_set (case-sensitive), path_set (folded)
 *
 * A path_set holds each different path text of the routes once, sorted:
 *
 *     node        text        parent   exact    prefix_min
 *      0          /           -        -        9
 *      1          /api        0        4        9
 *      2          /api/v1/    1        -        2          <- min over the node and its parents
 *
 * All nodes whose text is a prefix of a path lie on one chain of parents, which starts at the last
 * node that is not greater than the path.  The smallest route number on the chain is the first
 * match in the order of the table, so one binary search answers for any number of routes. */
#ifndef GATEWAY_ROUTE_ROUTE_INDEX_H
#define GATEWAY_ROUTE_ROUTE_INDEX_H

#include "gateway/config/config.h"

#define ROUTE_NONE UINT32_MAX
#define ROUTE_HOST_BYTES_MAX 512 /* longer hosts only match "*" */

struct path_node {
	uint64_t key;        /* up to 8 bytes behind the common prefix, big-endian, 0-padded */
	struct str text;     /* folded in a folded set; owned by the index */
	uint32_t parent;     /* longest other text that is a prefix of this one */
	uint32_t exact;      /* first route that wants exactly this path */
	uint32_t prefix_min; /* first route with this prefix or a shorter one */
};

struct path_set {
	struct path_node *nodes;
	uint32_t count;
	uint32_t common_bytes; /* all texts begin with the same that many bytes */
	bool folded;
};

struct path_index {
	struct path_set cased;
	struct path_set folded;
};

enum host_kind { HOST_EXACT, HOST_SUFFIX, HOST_PREFIX };

struct host_slot {
	struct str text;  /* without "*"; data NULL = empty slot */
	uint32_t virtual_host;
	enum host_kind kind;
};

struct route_index {
	struct host_slot *slots;  /* open addressing, power of two, at most half full */
	uint32_t slot_mask;
	uint32_t any;             /* virtual host of "*" or ROUTE_NONE */
	uint32_t *suffix_lengths; /* falling */
	uint32_t suffix_count;
	uint32_t *prefix_lengths; /* falling */
	uint32_t prefix_count;
	bool has_exact;
	struct path_index *paths; /* one a virtual host */
	uint32_t path_count;
};

uint32_t route_host_hash(enum host_kind kind, const char *text, uint32_t length);
/* The first 8 bytes at data as a number that sorts like them. */
uint64_t route_path_key(const char *data, uint32_t length, bool fold);
/* The virtual host of a lower-case text, or ROUTE_NONE. */
uint32_t route_host_lookup(const struct route_index *index, enum host_kind kind, const char *text,
			   uint32_t length);

#endif
