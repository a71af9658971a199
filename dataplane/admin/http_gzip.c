#include "dataplane/admin/http_gzip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define WINDOW_BITS 15
#define GZIP_HEADER 16  /* added to the window: gzip's frame instead of zlib's */
#define MEMORY_LEVEL 8

/* The weight of one coding in thousandths. */
static uint32_t weight(const char *coding, size_t length)
{
	uint32_t value = 0, unit = 1000;

	for (size_t i = 0; i + 1 < length; i++) {
		if ((coding[i] != 'q' && coding[i] != 'Q') || coding[i + 1] != '=')
			continue;
		for (i += 2; i < length; i++) {
			if (coding[i] >= '0' && coding[i] <= '9' && unit > 0) {
				value += (uint32_t)(coding[i] - '0') * unit;
				unit /= 10;
			} else if (coding[i] != '.') {
				break;
			}
		}
		return value;
	}
	return 1000;
}

static bool is_coding(const char *at, size_t length, const char *name)
{
	size_t size = strlen(name);

	return length >= size && strncasecmp(at, name, size) == 0 &&
	       (length == size || strchr(" \t;", at[size]));
}

bool http_accepts_gzip(const char *accept_encoding)
{
	/* What is not named has the weight of "*"; the answer as it is needs no naming. */
	uint32_t gzip = UINT32_MAX, plain = UINT32_MAX, any = 0;

	for (const char *at = accept_encoding; at && *at;) {
		at += strspn(at, " \t,");
		size_t length = strcspn(at, ",");

		if (is_coding(at, length, "gzip") || is_coding(at, length, "x-gzip"))
			gzip = weight(at, length);
		else if (is_coding(at, length, "identity"))
			plain = weight(at, length);
		else if (is_coding(at, length, "*"))
			any = weight(at, length);
		at += length;
	}
	gzip = gzip == UINT32_MAX ? any : gzip;
	return gzip > 0 && (plain == UINT32_MAX || gzip >= plain);
}

bool http_gzip(struct text *body)
{
	z_stream stream = {.next_in = (unsigned char *)body->data, .avail_in = (unsigned)body->length};

	/* The fastest level: counters are text of much repetition. */
	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS + GZIP_HEADER, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	size_t bound = deflateBound(&stream, body->length);
	char *out = malloc(bound + 1);

	stream.next_out = (unsigned char *)out;
	stream.avail_out = (unsigned)bound;
	bool done = out && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	size_t length = bound - stream.avail_out;

	deflateEnd(&stream);
	if (!done) {
		free(out);
		return false;
	}
	text_free(body);
	out[length] = '\0';
	*body = (struct text){.data = out, .length = length, .capacity = bound + 1};
	return true;
}
