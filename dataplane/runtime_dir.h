/* A private place for the directory that EAL makes at start.
 *
 *     BASE/hydrofoil-XXXXXX/     locked (flock) while in use, removed when EAL is up
 *
 * BASE is $RUNTIME_DIRECTORY, /run for root, $XDG_RUNTIME_DIR, /tmp: the first that is writable. */
#ifndef DATAPLANE_RUNTIME_DIR_H
#define DATAPLANE_RUNTIME_DIR_H

#include "stack/base/compiler.h"
#include "stack/base/why.h"

#include <stdbool.h>

struct runtime_dir {
	char path[256];
	int lock_fd;
};

/* Removes what killed starts left, makes the directory and points EAL at it. */
MUST_USE bool runtime_dir_enter(struct runtime_dir *dir, struct why *why);
/* Removes it with all that is in it. */
void runtime_dir_leave(struct runtime_dir *dir);

#endif
