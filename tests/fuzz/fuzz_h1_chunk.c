/* Chunk framing: any cut gives the same body, the same end and the same verdict. */
#include <stdlib.h>
#include <string.h>

#include "gateway/http1/h1_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct verdict {
	enum h1_chunk_event last;
	uint32_t consumed;
	uint64_t body_bytes;
	uint64_t body_sum;
};

static void feed(struct h1_chunk *chunk, const uint8_t *bytes, uint32_t length, struct verdict *out)
{
	uint32_t at = 0;

	while (at < length && out->last != H1_CHUNK_LAST && out->last != H1_CHUNK_INVALID) {
		uint32_t consumed = 0;
		uint64_t data_bytes = 0;

		out->last = h1_chunk_scan(chunk, (const char *)bytes + at, length - at, &consumed,
					  &data_bytes);
		if (consumed > length - at)
			abort();
		at += consumed;
		if (out->last != H1_CHUNK_DATA)
			continue;
		uint32_t take = data_bytes < length - at ? (uint32_t)data_bytes : length - at;

		if (take == 0)
			abort();
		for (uint32_t i = 0; i < take; i++)
			out->body_sum = out->body_sum * 31 + bytes[at + i];
		out->body_bytes += take;
		h1_chunk_took(chunk, take);
		at += take;
	}
	out->consumed += at;
}

static struct verdict decode(const uint8_t *data, uint32_t size, uint32_t step)
{
	struct verdict out = {.last = H1_CHUNK_MORE};
	struct h1_chunk chunk = {0};

	for (uint32_t at = 0; at < size; at += step) {
		uint32_t n = step < size - at ? step : size - at;
		uint8_t *copy = malloc(n);

		if (!copy)
			abort();
		memcpy(copy, data + at, n);
		feed(&chunk, copy, n, &out);
		free(copy);
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 8192)
		return 0;
	struct verdict whole = decode(data, (uint32_t)size, (uint32_t)size);
	const uint32_t steps[] = {1, 1 + data[0] % 13u};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct verdict pieces = decode(data, (uint32_t)size, steps[i]);
		bool ends = whole.last == H1_CHUNK_LAST || whole.last == H1_CHUNK_INVALID;

		if (ends && pieces.last != whole.last)
			abort();
		if (pieces.consumed != whole.consumed || pieces.body_bytes != whole.body_bytes ||
		    pieces.body_sum != whole.body_sum)
			abort();
	}
	return 0;
}
