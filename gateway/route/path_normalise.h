/* One spelling for each path, before anything decides by it (RFC 3986 6.2.2).
 *
 * In: a request's path with its query; the query is never touched.  Out: the path as routes, filters
 * and the upstream host are to see it.  Nothing is decoded twice, and the result is a fixed point:
 * normalised again it stays as it is.
 *
 *     escaped slashes   %2F becomes "/", %5C "\"             (path_with_escaped_slashes_action)
 *     normalise         "\" becomes "/"; escapes of unreserved characters are decoded; "." and ".."
 *                       segments go, with parameters (";…") too.  Other escapes keep the case of their digits, as in Envoy.
 *     merge slashes     "//" becomes "/", after the dots have gone
 *
 * With normalise, %00 and a "%" without two digits are refused: what a decoder behind us would make
 * of "%2%65" cannot be told. */
#ifndef GATEWAY_ROUTE_PATH_NORMALISE_H
#define GATEWAY_ROUTE_PATH_NORMALISE_H

#include "gateway/config/config.h"
#include "stack/base/compiler.h"

struct path_options {
	bool unescape_slashes;
	bool normalise;
	bool merge_slashes;
};

/* Whether the path may need any of it; false is certain and by far the most frequent. */
bool path_is_suspect(struct str path);
/* Writes at most path.length + 1 bytes to out and returns how many; 0 = refused.
 * *unescaped: there was an escaped slash. */
MUST_USE uint32_t path_normalise(struct str path, struct path_options options, char *out,
				 bool *unescaped);

#endif
