#include "gateway/http1/h1_write.h"

#include <string.h>

struct out {
	char *p;
	char *end;
	bool full;
};

static inline void put(struct out *out, const char *data, uint32_t length)
{
	if (unlikely_true((size_t)(out->end - out->p) < length)) {
		out->full = true;
		return;
	}
	if (length > 0)
		memcpy(out->p, data, length);
	out->p += length;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

static void put_number(struct out *out, uint64_t value)
{
	char digits[20];
	uint32_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put(out, digits + at, (uint32_t)sizeof(digits) - at);
}

static void put_field(struct out *out, struct str name, struct str value)
{
	if (unlikely_true((size_t)(out->end - out->p) < (size_t)name.length + value.length + 4)) {
		out->full = true;
		return;
	}
	memcpy(out->p, name.data, name.length);
	out->p += name.length;
	*out->p++ = ':';
	*out->p++ = ' ';
	if (value.length > 0)
		memcpy(out->p, value.data, value.length);
	out->p += value.length;
	*out->p++ = '\r';
	*out->p++ = '\n';
}

#define BIT(id) (UINT64_C(1) << HEADER_##id)
/* Written from the options, never from the list. */
#define OWN_HEADERS                                                                                \
	(BIT(HOST) | BIT(CONNECTION) | BIT(KEEP_ALIVE) | BIT(PROXY_CONNECTION) |                   \
	 BIT(TRANSFER_ENCODING) | BIT(CONTENT_LENGTH) | BIT(UPGRADE))

static bool is_written(const struct header *header, uint64_t skipped)
{
	return !header->removed && !(skipped & UINT64_C(1) << header->id);
}

/* Whether "name: value" lies in memory as it is to be written. */
static bool is_one_piece(const struct header *header)
{
	const char *colon = header->name.data + header->name.length;

	return header->value.data == colon + 2 && memcmp(colon, ": ", 2) == 0;
}

static bool lies_behind(const struct header *header, const struct header *before)
{
	const char *end = before->value.data + before->value.length;

	return header->name.data == end + 2 && memcmp(end, "\r\n", 2) == 0;
}

/* What was received and not touched lies in one piece, and most of a head is that: it is copied in
 * runs, not field by field. */
static void put_list(struct out *out, const struct header_list *list, uint64_t skipped)
{
	uint32_t next = 0;

	while (next < list->count) {
		const struct header *last = &list->items[next++];
		const char *start = last->name.data;

		if (!is_written(last, skipped))
			continue;
		if (!is_one_piece(last)) {
			put_field(out, last->name, last->value);
			continue;
		}
		while (next < list->count && is_written(&list->items[next], skipped) &&
		       lies_behind(&list->items[next], last) && is_one_piece(&list->items[next]))
			last = &list->items[next++];
		put(out, start, (uint32_t)(last->value.data + last->value.length - start));
		PUT(out, "\r\n");
	}
}

static void put_connection(struct out *out, const struct h1_write_options *options)
{
	if (options->upgrade)
		PUT(out, "connection: upgrade\r\n");
	else if (options->close)
		PUT(out, "connection: close\r\n");
	else if (options->keep_alive_10)
		PUT(out, "connection: keep-alive\r\n");
	PUT(out, "\r\n");
}

/* RFC 9112 6: at most one of the two framing fields. */
static void put_framing(struct out *out, const struct h1_write_options *options)
{
	if (options->framing == BODY_LENGTH) {
		PUT(out, "content-length: ");
		put_number(out, options->content_length_bytes);
		PUT(out, "\r\n");
	} else if (options->framing == BODY_CHUNKED) {
		PUT(out, "transfer-encoding: chunked\r\n");
	}
}

static uint32_t finish(const struct out *out, const char *start)
{
	return out->full ? 0 : (uint32_t)(out->p - start);
}

uint32_t h1_write_request(const struct message_head *head, const struct h1_write_options *options,
			  char *start, uint32_t size)
{
	struct out out = {start, start + size, false};
	struct str target = head->path.length > 0 ? head->path : head->authority;

	put(&out, head->method.data, head->method.length);
	PUT(&out, " ");
	put(&out, target.data, target.length);
	PUT(&out, " HTTP/1.1\r\n");
	put_field(&out, STR("host"), head->authority);
	put_list(&out, &head->headers,
		 options->upgrade ? OWN_HEADERS & ~BIT(UPGRADE) : OWN_HEADERS);
	/* A request that said "0" says so again: some servers insist on it for POST. */
	if (options->framing == BODY_NONE && header_find(&head->headers, HEADER_CONTENT_LENGTH))
		PUT(&out, "content-length: 0\r\n");
	put_framing(&out, options);
	put_connection(&out, options);
	return finish(&out, start);
}

static void put_status_line(struct out *out, uint16_t status)
{
	const char *reason = h1_reason_phrase(status);
	char line[] = "HTTP/1.1 000 ";

	line[9] = (char)('0' + status / 100 % 10);
	line[10] = (char)('0' + status / 10 % 10);
	line[11] = (char)('0' + status % 10);
	put(out, line, sizeof(line) - 1);
	put(out, reason, (uint32_t)strlen(reason));
	PUT(out, "\r\n");
}

uint32_t h1_write_response(const struct message_head *head, const struct h1_write_options *options,
			   char *start, uint32_t size)
{
	struct out out = {start, start + size, false};
	uint64_t skipped = options->upgrade ? OWN_HEADERS & ~BIT(UPGRADE) : OWN_HEADERS;

	/* An answer without body to HEAD, or 304, tells the length that there would have been. */
	if (options->framing == BODY_NONE && head->status >= 200 && head->status != 204)
		skipped &= ~BIT(CONTENT_LENGTH);
	put_status_line(&out, head->status);
	put_list(&out, &head->headers, skipped);
	put_framing(&out, options);
	put_connection(&out, options);
	return finish(&out, start);
}

uint32_t h1_write_chunk_head(uint64_t chunk_bytes, char *out)
{
	uint32_t digits = 1;

	while (digits < 16 && chunk_bytes >> (4 * digits))
		digits++;
	for (uint32_t i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[chunk_bytes >> (4 * (digits - 1 - i)) & 15];
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return digits + 2;
}

uint32_t h1_write_last_chunk(const struct header_list *trailers, char *start, uint32_t size)
{
	struct out out = {start, start + size, false};

	PUT(&out, "0\r\n");
	if (trailers)
		put_list(&out, trailers, OWN_HEADERS | BIT(TE) | BIT(TRAILER) | BIT(EXPECT));
	PUT(&out, "\r\n");
	return finish(&out, start);
}
