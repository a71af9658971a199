#include "gateway/http1/h1_fields.h"

#include <string.h>

#include "gateway/http1/h1_scan.h"

struct line {
	struct str name;
	struct str value;
};

static inline bool is_ows(char c)
{
	return c == ' ' || c == '\t';
}

/* A line that is wrong is refused when it is complete, not before: the result then does not depend
 * on how the bytes were cut. */
static enum h1_result refuse(const char *p, const char *end, enum h1_result result)
{
	return memchr(p, '\n', (size_t)(end - p)) ? result : H1_MORE;
}

static inline __attribute__((always_inline)) enum h1_result
parse_line(const char *begin, const char *p, const char *end, struct line *line, const char **next)
{
	const char *name_end = h1_scan_token(begin, p, end);

	if (unlikely_true(name_end == end))
		return H1_MORE;
	if (unlikely_true(*name_end != ':' || name_end == p)) {
		/* RFC 9112 5.2: a line that begins with white space continues the one before */
		return refuse(p, end, is_ows(*p) ? H1_OBS_FOLD : H1_BAD_HEADER);
	}
	const char *value = name_end + 1;

	while (value < end && is_ows(*value))
		value++;
	const char *value_end = h1_scan_value(begin, value, end);

	if (unlikely_true(end - value_end < 2 || value_end[0] != '\r' || value_end[1] != '\n'))
		return refuse(p, end, H1_BAD_HEADER);
	*next = value_end + 2;
	while (value_end > value && is_ows(value_end[-1]))
		value_end--;
	line->name = (struct str){p, (uint32_t)(name_end - p)};
	line->value = (struct str){value, (uint32_t)(value_end - value)};
	return H1_DONE;
}

enum h1_result h1_field_check(const char *begin, const char *p, const char *end, const char **next)
{
	struct line line;

	return parse_line(begin, p, end, &line, next);
}

/* Takes the next element of a comma-separated list (RFC 9110 5.6.1); false at its end. */
static bool list_next(struct str *rest, struct str *element)
{
	if (!rest->data)
		return false;
	const char *end = rest->data + rest->length;
	const char *comma = memchr(rest->data, ',', rest->length);
	const char *from = rest->data;
	const char *to = comma ? comma : end;

	*rest = comma ? (struct str){comma + 1, (uint32_t)(end - comma - 1)} : (struct str){NULL, 0};
	while (from < to && is_ows(*from))
		from++;
	while (to > from && is_ows(to[-1]))
		to--;
	*element = (struct str){from, (uint32_t)(to - from)};
	return true;
}

static bool parse_number(struct str digits, uint64_t *out)
{
	uint64_t value = 0;

	if (digits.length == 0)
		return false;
	for (uint32_t i = 0; i < digits.length; i++) {
		uint8_t digit = (uint8_t)(digits.data[i] - '0');

		if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

/* RFC 9112 6.3 (5): a list of equal values counts as one, anything else is an error.  *value becomes
 * that one; false for a field that only repeats it. */
static bool take_content_length(struct h1_fields *fields, struct str *value)
{
	struct str rest = *value, element;
	bool repeats = fields->has_length;

	while (list_next(&rest, &element)) {
		uint64_t length_bytes;

		if (!parse_number(element, &length_bytes) ||
		    (fields->has_length && length_bytes != fields->content_length_bytes)) {
			fields->bad_length = true;
			return true;
		}
		fields->has_length = true;
		fields->content_length_bytes = length_bytes;
	}
	*value = element;
	return !repeats;
}

/* RFC 9112 6.1, 7.1: only chunked is understood, once, last and without parameters. */
static void take_transfer_encoding(struct h1_fields *fields, struct str value)
{
	struct str element;

	fields->has_coding = true;
	while (list_next(&value, &element)) {
		if (fields->chunked || element.length == 0)
			fields->bad_coding_order = true;
		else if (str_equal_nocase(element, STR("chunked")))
			fields->chunked = true;
		else if (element.length > 7 && memchr(element.data, ';', element.length) &&
			 str_equal_nocase((struct str){element.data, 7}, STR("chunked")))
			fields->bad_coding_order = true;
		else
			fields->unknown_coding = true;
	}
}

static void take_connection(struct h1_fields *fields, struct str value)
{
	struct str element;

	while (list_next(&value, &element)) {
		if (str_equal_nocase(element, STR("close")))
			fields->close = true;
		else if (str_equal_nocase(element, STR("keep-alive")))
			fields->keep_alive = true;
		else if (str_equal_nocase(element, STR("upgrade")))
			fields->names_upgrade = true;
	}
}

/* Notes what the header means here; false where it is not to be kept in the list. */
static bool take_known(struct h1_fields *fields, enum header_id id, struct str *kept)
{
	const struct str value = *kept;

	switch (id) {
	case HEADER_HOST:
		fields->host = value;
		fields->hosts = fields->hosts ? 2 : 1;
		return false;
	case HEADER_CONTENT_LENGTH:
		return take_content_length(fields, kept) && !fields->trailers;
	case HEADER_TRANSFER_ENCODING:
		take_transfer_encoding(fields, value);
		return !fields->trailers;
	case HEADER_CONNECTION:
		take_connection(fields, value);
		return !fields->trailers;
	case HEADER_UPGRADE:
		fields->has_upgrade = true;
		return !fields->trailers;
	case HEADER_EXPECT:
		fields->expect_continue |= str_equal_nocase(value, STR("100-continue"));
		return !fields->trailers;
	case HEADER_KEEP_ALIVE:
	case HEADER_PROXY_CONNECTION:
	case HEADER_TE:
	case HEADER_TRAILER:
		return !fields->trailers;
	default:
		return true;
	}
}

enum h1_result h1_fields_parse(struct h1_fields *fields, const char *begin, const char *p,
			       const char *end, const char **next)
{
	for (;;) {
		struct line line;

		if (p < end && *p == '\r') {
			if (end - p < 2)
				return H1_MORE;
			*next = p + 2;
			return p[1] == '\n' ? H1_DONE : refuse(p, end, H1_BAD_HEADER);
		}
		enum h1_result result = parse_line(begin, p, end, &line, &p);

		if (unlikely_true(result != H1_DONE))
			return result;
		if (unlikely_true(++fields->count > fields->headers_max))
			continue;
		/* Not as a struct: its padding would have to be read back from the stack. */
		enum header_id id = header_id_find_bytes(line.name.data, line.name.length);

		if (id != HEADER_OTHER) {
			/* A copy, so that `line` itself stays in registers. */
			struct str kept = line.value;

			if (!take_known(fields, id, &kept))
				continue;
			line.value.data = kept.data;
			line.value.length = kept.length;
		}
		if (!header_push(fields->list, fields->arena, id, line.name, line.value))
			return H1_NO_MEMORY;
	}
}
