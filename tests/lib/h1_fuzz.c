#include "tests/lib/h1_fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/http1/h1_hop.h"
#include "gateway/http1/h1_write.h"
#include "tests/lib/h1_scalar.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static struct pool pool;

struct run {
	struct arena arena;
	struct message_head head;
	enum h1_result result;
	uint32_t consumed;
	uint32_t scanned;
};

struct input {
	const char *data;
	uint32_t length;
	struct h1_limits limits;
	struct str method;
	bool request;
};

static void begin(struct run *run)
{
	*run = (struct run){.result = H1_MORE};
	arena_init(&run->arena, &pool, 16);
}

/* Bytes of their own for every call: a read outside of them is found by the address sanitizer. */
static void parse(struct run *run, const struct input *input, uint32_t length, bool scalar)
{
	char *copy = malloc(length ? length : 1);

	REQUIRE(copy);
	memcpy(copy, input->data, length);
	if (input->request)
		run->result = (scalar ? h1_parse_request_scalar : h1_parse_request)(
			copy, length, &input->limits, &run->arena, &run->scanned, &run->head,
			&run->consumed);
	else
		run->result = (scalar ? h1_parse_response_scalar : h1_parse_response)(
			copy, length, &input->limits, &run->arena, input->method, &run->scanned,
			&run->head, &run->consumed);
	REQUIRE(run->scanned <= length);
	REQUIRE(run->result != H1_DONE ||
		(run->consumed <= length && run->consumed <= input->limits.head_bytes_max));
	free(copy);
}

static void require_same(const struct run *a, const struct run *b)
{
	REQUIRE(a->result == b->result);
	if (a->result != H1_DONE)
		return;
	REQUIRE(a->consumed == b->consumed && a->head.headers.count == b->head.headers.count);
	REQUIRE(a->head.framing == b->head.framing && a->head.keep_alive == b->head.keep_alive);
	REQUIRE(a->head.content_length_bytes == b->head.content_length_bytes);
	REQUIRE(a->head.path.length == b->head.path.length);
	for (uint32_t i = 0; i < a->head.headers.count; i++) {
		const struct header *x = &a->head.headers.items[i], *y = &b->head.headers.items[i];

		REQUIRE(x->id == y->id && x->name.length == y->name.length &&
			x->value.length == y->value.length);
	}
}

static void in_pieces(const struct input *input, const struct run *whole, uint32_t step)
{
	struct run run;

	begin(&run);
	for (uint32_t n = step; run.result == H1_MORE && n < input->length; n += step)
		parse(&run, input, n, false);
	if (run.result == H1_MORE)
		parse(&run, input, input->length, false);
	require_same(&run, whole);
	arena_clear(&run.arena);
}

/* Strings point into the input here, so that they can be written. */
static void write_and_parse_again(const struct input *input)
{
	static char out[1 << 17];
	struct run first, second;
	char *data = (char *)(uintptr_t)input->data;

	begin(&first);
	begin(&second);
	if (input->request)
		first.result = h1_parse_request(data, input->length, &input->limits, &first.arena,
						&first.scanned, &first.head, &first.consumed);
	else
		first.result = h1_parse_response(data, input->length, &input->limits, &first.arena,
						 input->method, &first.scanned, &first.head,
						 &first.consumed);
	if (first.result == H1_DONE && h1_hop_remove(&first.head.headers, false) &&
	    (!input->request || first.head.authority.length > 0)) {
		struct h1_write_options options = {
			.framing = first.head.framing,
			.content_length_bytes = first.head.content_length_bytes,
			.close = !first.head.keep_alive};
		struct input again = *input;

		again.data = out;
		again.length = input->request
				       ? h1_write_request(&first.head, &options, out, sizeof(out))
				       : h1_write_response(&first.head, &options, out, sizeof(out));
		again.limits = (struct h1_limits){sizeof(out), 190};
		REQUIRE(again.length > 0);
		parse(&second, &again, again.length, false);
		REQUIRE(second.result == H1_DONE && second.consumed == again.length);
		REQUIRE(second.head.framing == first.head.framing);
		REQUIRE(second.head.keep_alive == first.head.keep_alive ||
			first.head.framing == BODY_UNTIL_CLOSE);
	}
	arena_clear(&first.arena);
	arena_clear(&second.arena);
}

void h1_fuzz_head(const uint8_t *data, size_t size, bool request)
{
	static const struct str methods[] = {STR("GET"), STR("HEAD"), STR("CONNECT"), STR("POST")};
	struct run whole, scalar;

	if (size == 0 || size > 8192)
		return;
	if (!pool.blocks)
		REQUIRE(pool_create(&pool, ARENA_CHUNK_BYTES, 64));
	struct input input = {.data = (const char *)data + 1,
			      .length = (uint32_t)size - 1,
			      .limits = {.head_bytes_max = data[0] & 4 ? 200 : 4096,
					 .headers_max = data[0] & 8 ? 3 : 100},
			      .method = methods[data[0] & 3],
			      .request = request};

	begin(&whole);
	begin(&scalar);
	parse(&whole, &input, input.length, false);
	parse(&scalar, &input, input.length, true);
	require_same(&whole, &scalar);
	arena_clear(&scalar.arena);
	in_pieces(&input, &whole, 1);
	in_pieces(&input, &whole, 1 + (data[0] >> 4) * 7u);
	arena_clear(&whole.arena);
	write_and_parse_again(&input);
	REQUIRE(pool_in_use(&pool) == 0);
}
