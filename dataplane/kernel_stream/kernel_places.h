/* Listening sockets of the kernel: made, shared and closed by the control thread.
 *
 *     a listener's address ──> bound (and told why not) ──> listening ──> workers' duplicates
 *     not wanted any more  ──> closed, and the file of a Unix socket removed, once no worker can
 *                              still be about to duplicate it
 *
 * Two listeners, or two versions of one, with the same address share its socket.  A file that a
 * dead process left is replaced; one that somebody serves, or that is no socket, is not touched. */
#ifndef DATAPLANE_KERNEL_STREAM_KERNEL_PLACES_H
#define DATAPLANE_KERNEL_STREAM_KERNEL_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "stack/base/why.h"

struct kernel_places;

/* NULL when there is no memory. */
struct kernel_places *kernel_places_create(void);
/* Closes and removes everything. */
void kernel_places_destroy(struct kernel_places *all);

/* From here to kernel_places_settle, what is wanted is wanted; everything else goes. */
void kernel_places_begin(struct kernel_places *all);
/* *socket is bound, and the same as before where there was one. */
MUST_USE bool kernel_places_want(struct kernel_places *all, const struct config_listen_address *at,
				 uint32_t backlog, int *socket, struct why *why);
/* All that are wanted begin to listen; false and *why for the first that cannot. */
MUST_USE bool kernel_places_listen(struct kernel_places *all, struct why *why);
/* Every worker knows what is wanted now: closes the others. */
void kernel_places_settle(struct kernel_places *all);
/* Drain: nobody is let in any more.  Workers have taken what waited. */
void kernel_places_close(struct kernel_places *all);

#endif
