/* Asks the admin server of the data plane, with bounded time and size. */
#ifndef DATAPLANE_FOILCTL_ADMIN_CLIENT_H
#define DATAPLANE_FOILCTL_ADMIN_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct foilctl_options;
struct foilctl_io;

/* GET (POST where `changes`) of path at "127.0.0.1:15000" or "unix:/path" into *body.  False and *why when there is no
 * answer, or another than 200. */
MUST_USE bool admin_client_ask(const char *address, const char *path, bool changes,
			       struct text *body, struct why *why);
/* The address of the admin server: the one given, else the one that the data plane left in the
 * segment.  False after a line on err. */
MUST_USE bool admin_client_find(const struct foilctl_options *options, const struct foilctl_io *io,
				char *out, size_t size);
/* Both of the above, GET, for a command; false after a line on err. */
MUST_USE bool admin_client_fetch(const struct foilctl_options *options, const struct foilctl_io *io,
				 const char *path, struct text *body);
/* Starts what goes on until it is stopped (a capture, a trace): POST of path, whose answer has an "id" above
 * 0, into *id.  Frees path; false and *why also where it could not be built. */
MUST_USE bool admin_client_begin(const char *address, struct text *path, uint64_t *id, struct why *why);
/* Adds "?name=value", or "&name=value" where there is a question mark already, escaped; nothing
 * when value is NULL. */
void admin_client_argument(struct text *path, const char *name, const char *value);

#endif
