/* Scalars of text: protobuf's JSON forms, as Envoy takes them from YAML.
 *
 * Each returns NULL when *out is set, else what was expected ("a number from 0 to 4294967295").
 * Numbers may be quoted (protobuf writes 64-bit ones so); strings need not be. */
#ifndef XDS_REFLECT_SCALAR_H
#define XDS_REFLECT_SCALAR_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config_arena.h"
#include "stack/base/compiler.h"

/* 1 << bits - 1 is the largest; accepts 5, "5", 5.0 and 5e3, as protobuf does. */
MUST_USE const char *scalar_signed(struct str text, unsigned bits, int64_t *out);
MUST_USE const char *scalar_unsigned(struct str text, unsigned bits, uint64_t *out);
MUST_USE const char *scalar_double(struct str text, double *out);
MUST_USE const char *scalar_bool(struct str text, bool *out);
/* Standard or URL-safe base64, with or without padding (protobuf's JSON form of bytes). */
MUST_USE const char *scalar_base64(struct str text, struct config_arena *arena,
				   ProtobufCBinaryData *out);
/* "1.5s": seconds and nanoseconds of one sign, at most 315,576,000,000 s. */
MUST_USE const char *scalar_duration(struct str text, int64_t *seconds, int32_t *nanos);
/* RFC 3339, years 1 to 9999. */
MUST_USE const char *scalar_timestamp(struct str text, int64_t *seconds, int32_t *nanos);

/* Whether the bytes are UTF-8 by RFC 3629 without NUL. */
bool scalar_is_text(const char *data, size_t length);

#endif
