/* Asks the admin server of the data plane, with bounded time and size. */
#ifndef DATAPLANE_FOILCTL_ADMIN_CLIENT_H
#define DATAPLANE_FOILCTL_ADMIN_CLIENT_H

#include <stdbool.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* GET of path at "127.0.0.1:15000" or "unix:/path" into *body.  False and *why when there is no
 * answer, or another than 200. */
MUST_USE bool admin_client_get(const char *address, const char *path, struct text *body,
			       struct why *why);

#endif
