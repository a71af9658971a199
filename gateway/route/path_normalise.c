#include "gateway/route/path_normalise.h"

#include <string.h>

bool path_is_suspect(struct str path)
{
	char before = 0;

	if (!path.length || path.data[0] != '/')
		return true;
	for (uint32_t i = 0; i < path.length && path.data[i] != '?'; i++) {
		char c = path.data[i];

		if (c == '%' || c == '\\' || (before == '/' && (c == '/' || c == '.')))
			return true;
		before = c;
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of the escape at data; -1 = it is none. */
static int escaped_byte(const char *data, uint32_t length)
{
	int high, low;

	if (length < 3)
		return -1;
	high = hex_digit(data[1]);
	low = hex_digit(data[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* RFC 3986 2.3 */
static bool is_unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* One place of the path without its escape; out has room.  False = refused. */
static bool put_escape(const char *data, uint32_t length, struct path_options options, char *out,
		       uint32_t *at, uint32_t *used, bool *unescaped)
{
	int byte = escaped_byte(data, length);

	*used = 3;
	if (options.unescape_slashes && (byte == '/' || byte == '\\')) {
		*unescaped = true;
		out[(*at)++] = options.normalise ? '/' : (char)byte;
	} else if (options.normalise && byte <= 0) {
		return false;
	} else if (options.normalise && is_unreserved(byte)) {
		out[(*at)++] = (char)byte;
	} else {
		*used = 1; /* what follows is copied like any other byte */
		out[(*at)++] = '%';
	}
	return true;
}

static uint32_t unescape(struct str path, struct path_options options, char *out, bool *unescaped)
{
	uint32_t at = 0, used;

	for (uint32_t i = 0; i < path.length; i += used) {
		char c = path.data[i];

		used = 1;
		if (c != '%')
			out[at++] = c == '\\' && options.normalise ? '/' : c;
		else if (!put_escape(path.data + i, path.length - i, options, out, &at, &used,
				     unescaped))
			return 0;
	}
	return at;
}

/* RFC 3986 5.2.4, in place: the output never overtakes the input.  text begins with "/". */
static uint32_t remove_dots(char *text, uint32_t length)
{
	uint32_t out = 0, next;

	for (uint32_t i = 0; i < length; i = next) {
		/* text[i] is a slash; the segment behind it ends at next. */
		uint32_t size = 0;
		bool dot, dots;

		for (next = i + 1; next < length && text[next] != '/';)
			next++;
		/* "..;a=b" goes up as well: some servers take parameters off before they look. */
		while (size < next - i - 1 && text[i + 1 + size] != ';')
			size++;
		dot = size == 1 && text[i + 1] == '.';
		dots = size == 2 && text[i + 1] == '.' && text[i + 2] == '.';
		if (!dot && !dots) {
			memmove(text + out, text + i, next - i);
			out += next - i;
			continue;
		}
		while (dots && out > 0 && text[--out] != '/')
			;
		if (next == length)
			text[out++] = '/';
	}
	return out;
}

static uint32_t merge(char *text, uint32_t length)
{
	uint32_t out = 0;

	for (uint32_t i = 0; i < length; i++)
		if (text[i] != '/' || !out || text[out - 1] != '/')
			text[out++] = text[i];
	return out;
}

uint32_t path_normalise(struct str path, struct path_options options, char *out, bool *unescaped)
{
	const char *question = path.length ? memchr(path.data, '?', path.length) : NULL;
	uint32_t length = question ? (uint32_t)(question - path.data) : path.length;
	uint32_t query_length = path.length - length, at = 0;

	*unescaped = false;
	/* RFC 9112 3.2.1: an empty path is "/" */
	if (!length || (path.data[0] != '/' && options.normalise))
		out[at++] = '/';
	if (length) {
		uint32_t copied = unescape((struct str){path.data, length}, options, out + at, unescaped);

		if (!copied)
			return 0;
		at += copied;
	}
	if (options.normalise)
		at = remove_dots(out, at);
	if (options.merge_slashes)
		at = merge(out, at);
	if (query_length)
		memcpy(out + at, path.data + length, query_length);
	return at + query_length;
}
