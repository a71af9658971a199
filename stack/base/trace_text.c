/* The reader's side of a trace: events in words. */
#include <inttypes.h>
#include <stdio.h>

#include "stack/base/time.h"
#include "stack/base/trace.h"

static const struct {
	const char *name;
	unsigned depth;
} layers[] = {
#define TRACE_LAYER(name, text, depth) {text, depth},
#define TRACE_EVENT(name, layer, ends, format)
#include "stack/base/trace.def"
#undef TRACE_LAYER
#undef TRACE_EVENT
};

static const struct {
	const char *name;
	uint8_t layer;
	char ends;
	const char *format;
} kinds[] = {
#define TRACE_LAYER(name, text, depth)
#define TRACE_EVENT(name, layer, ends, format) {#name, TRACE_LAYER_##layer, ends, format},
#include "stack/base/trace.def"
#undef TRACE_LAYER
#undef TRACE_EVENT
};

const char *trace_kind_name(unsigned kind)
{
	return kind < TRACE_KIND_COUNT ? kinds[kind].name : "?";
}

const char *trace_layer_name(unsigned kind)
{
	return kind < TRACE_KIND_COUNT ? layers[kinds[kind].layer].name : "?";
}

unsigned trace_layer_depth(unsigned kind)
{
	return kind < TRACE_KIND_COUNT ? layers[kinds[kind].layer].depth : 0;
}

char trace_kind_ends(unsigned kind)
{
	return kind < TRACE_KIND_COUNT ? kinds[kind].ends : '\0';
}

/* --- words ------------------------------------------------------------------------------------ */

/* Ends with NUL whatever is put; what does not fit is dropped. */
struct out {
	char *text;
	uint32_t size;
	uint32_t length;
};

static void put_char(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->text[out->length++] = c;
	out->text[out->length] = '\0';
}

static void put(struct out *out, const char *text)
{
	for (; *text; text++)
		put_char(out, *text);
}

static void put_number(struct out *out, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put(out, text);
}

static void put_flags(struct out *out, uint64_t flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	/* SYN first, as one says it. */
	static const uint8_t order[] = {1, 0, 2, 3, 5, 4, 6, 7};
	bool first = true;

	for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
		if (!(flags & 1u << order[i]))
			continue;
		if (!first)
			put_char(out, '+');
		put(out, names[order[i]]);
		first = false;
	}
	if (first)
		put(out, "no flags");
}

static void put_duration(struct out *out, uint64_t ns)
{
	char text[32];

	if (ns < NS_PER_MS)
		snprintf(text, sizeof(text), "%" PRIu64 " us", ns / NS_PER_US);
	else if (ns < NS_PER_SECOND)
		snprintf(text, sizeof(text), "%.1f ms", (double)ns / (double)NS_PER_MS);
	else
		snprintf(text, sizeof(text), "%.2f s", (double)ns / (double)NS_PER_SECOND);
	put(out, text);
}

static void put_text(struct out *out, const struct trace_event *event, unsigned index)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < index; i++)
		at += event->text_bytes[i];
	for (uint32_t i = 0; i < event->text_bytes[index] && at + i < TRACE_TEXT_BYTES; i++) {
		unsigned char c = (unsigned char)event->texts[at + i];

		put_char(out, c < ' ' || c > '~' ? '?' : (char)c);
	}
	if (event->cut & 1u << index)
		put(out, "...");
}

/* One placeholder, *format behind its brace; whether there was something to say. */
static bool put_argument(struct out *out, const struct trace_event *event, const char **format)
{
	char which = *(*format)++, how = '\0';

	if (**format != '}')
		how = *(*format)++;
	(*format)++;
	if (which >= 's' && which < 's' + TRACE_TEXTS) {
		put_text(out, event, (unsigned)(which - 's'));
		return event->text_bytes[which - 's'] > 0;
	}
	uint64_t number = event->numbers[(unsigned)(which - '0') % TRACE_NUMBERS];

	if (how == 'f')
		put_flags(out, number);
	else if (how == 'd')
		put_duration(out, number);
	else
		put_number(out, number);
	return number != 0;
}

void trace_event_text(const struct trace_event *event, char *text, uint32_t size)
{
	struct out out = {text, size, 0};
	const char *format = event->kind < TRACE_KIND_COUNT ? kinds[event->kind].format : "?";
	uint32_t bracket = 0;
	bool empty = false;

	text[0] = '\0';
	while (*format) {
		char c = *format++;

		if (c == '[') {
			bracket = out.length;
			empty = false;
		} else if (c == ']') {
			if (empty)
				out.length = bracket;
			text[out.length] = '\0';
		} else if (c == '{') {
			empty |= !put_argument(&out, event, &format);
		} else {
			put_char(&out, c);
		}
	}
}
