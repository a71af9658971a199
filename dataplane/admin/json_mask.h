/* google.protobuf.FieldMask over a message that is JSON: "node.id,admin" keeps these fields and the
 * "@type" of every object on the way. */
#ifndef DATAPLANE_ADMIN_JSON_MASK_H
#define DATAPLANE_ADMIN_JSON_MASK_H

#include <jansson.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* A new reference: an object without members (but "@type") where the mask names none of its
 * fields.  NULL and *why: no memory, or the mask goes through a list or a plain value. */
json_t *json_mask(const json_t *object, const char *paths, struct why *why);
/* Whether anything but "@type" is left. */
bool json_mask_kept(const json_t *object);

#endif
