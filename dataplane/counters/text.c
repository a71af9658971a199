#include "dataplane/counters/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;

	if (text->failed || more > TEXT_BYTES_MAX || needed > TEXT_BYTES_MAX) {
		text->failed = true;
		return false;
	}
	if (needed <= text->capacity)
		return true;
	size_t capacity = text->capacity ? text->capacity : 256;

	while (capacity < needed)
		capacity *= 2;
	char *data = realloc(text->data, capacity);

	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	if (!text_reserve(text, length))
		return;
	memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);

	va_end(args);
	if (length < 0 || !text_reserve(text, (size_t)length))
		return;
	va_start(args, format);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
	va_end(args);
	text->length += (size_t)length;
}

/* RFC 3629 4 */
uint32_t text_utf8_length(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	uint32_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	for (uint32_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

void text_add_json(struct text *text, const char *string)
{
	text_add(text, "\"");
	for (const char *s = string; *s;) {
		uint32_t length = text_utf8_length(s);

		if (*s == '"' || *s == '\\')
			text_printf(text, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			text_printf(text, "\\u%04x", (unsigned char)*s);
		else if (length == 0)
			text_add(text, "?");
		else
			text_add_bytes(text, s, length);
		s += length ? length : 1;
	}
	text_add(text, "\"");
}
