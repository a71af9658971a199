/* Answers made smaller for who can read them: gzip by Accept-Encoding (RFC 9110 12.5.3). */
#ifndef DATAPLANE_ADMIN_HTTP_GZIP_H
#define DATAPLANE_ADMIN_HTTP_GZIP_H

#include <stdbool.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"

/* Below this it is not worth the bytes that it takes itself. */
#define HTTP_GZIP_BYTES_MIN 1024

/* Whether gzip is accepted, and liked at least as much as the answer as it is; NULL = no header. */
bool http_accepts_gzip(const char *accept_encoding);
/* Makes gzip of the body; false, and the body as it was, when there is no memory. */
MUST_USE bool http_gzip(struct text *body);

#endif
