#include "tests/sim/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/plan.h"

void reader_start(struct reader *reader, bool is_answer, bool bodiless, uint32_t id,
		  unsigned direction)
{
	reader->phase = READER_HEAD;
	reader->is_answer = is_answer;
	reader->bodiless = bodiless;
	reader->head_bytes = 0;
	reader->line_bytes = 0;
	reader->left_bytes = 0;
	reader->body_bytes = 0;
	reader->body_hash_errors = 0;
	reader->id = id;
	reader->direction = direction;
	reader->status = 0;
	reader->close = false;
	reader->expect_continue = false;
	reader->informed = false;
	reader->chunked = false;
	reader->is_old = false;
	reader->trailer_sum = 0;
}

bool reader_has_head(const struct reader *reader)
{
	return reader->phase != READER_HEAD && reader->phase != READER_BROKEN;
}

void reader_header(const struct reader *reader, const char *name, char *value, uint32_t size)
{
	size_t name_bytes = strlen(name);

	value[0] = '\0';
	for (const char *line = strstr(reader->head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, name_bytes) != 0 || line[name_bytes] != ':')
			continue;
		const char *start = line + name_bytes + 1;

		while (*start == ' ')
			start++;
		snprintf(value, size, "%.*s", (int)strcspn(start, "\r"), start);
		return;
	}
}

static enum reader_phase body_phase(struct reader *reader)
{
	char value[64];

	reader_header(reader, "connection", value, sizeof(value));
	reader->close = strcasecmp(value, "close") == 0;
	reader_header(reader, "expect", value, sizeof(value));
	reader->expect_continue = strcasecmp(value, "100-continue") == 0;
	if (reader->bodiless || reader->status == 204 || reader->status == 304)
		return READER_DONE;
	reader_header(reader, "transfer-encoding", value, sizeof(value));
	reader->chunked = strcasecmp(value, "chunked") == 0;
	if (reader->chunked)
		return READER_CHUNK_SIZE;
	reader_header(reader, "content-length", value, sizeof(value));
	if (value[0] == '\0')
		return reader->is_answer ? READER_BODY_CLOSE : READER_DONE;
	reader->left_bytes = strtoull(value, NULL, 10);
	return reader->left_bytes > 0 ? READER_BODY_LENGTH : READER_DONE;
}

static void head_complete(struct reader *reader)
{
	reader->head[reader->head_bytes] = '\0';
	if (reader->is_answer) {
		if (strncmp(reader->head, "HTTP/1.", 7) != 0) {
			reader->phase = READER_BROKEN;
			return;
		}
		reader->status = (uint16_t)atoi(reader->head + 9);
		if (reader->status >= 100 && reader->status < 200) {
			reader->head_bytes = 0;
			reader->informed = true;
			return;
		}
	}
	reader->phase = body_phase(reader);
}

static void feed_head(struct reader *reader, uint8_t byte)
{
	if (reader->head_bytes + 1 >= sizeof(reader->head)) {
		reader->phase = READER_BROKEN;
		return;
	}
	reader->head[reader->head_bytes++] = (char)byte;
	if (reader->head_bytes >= 4 &&
	    memcmp(reader->head + reader->head_bytes - 4, "\r\n\r\n", 4) == 0)
		head_complete(reader);
}

static void check_body(struct reader *reader, uint8_t byte)
{
	if (byte != plan_byte(reader->id, reader->direction, reader->body_bytes))
		reader->body_hash_errors++;
	reader->body_bytes++;
}

/* True when a line is complete; it is then in reader->line without its CRLF. */
static bool feed_line(struct reader *reader, uint8_t byte)
{
	if (reader->line_bytes + 1 >= sizeof(reader->line)) {
		reader->phase = READER_BROKEN;
		return false;
	}
	reader->line[reader->line_bytes++] = (char)byte;
	if (reader->line_bytes < 2 || memcmp(reader->line + reader->line_bytes - 2, "\r\n", 2) != 0)
		return false;
	reader->line[reader->line_bytes - 2] = '\0';
	reader->line_bytes = 0;
	return true;
}

static void feed_body(struct reader *reader, uint8_t byte)
{
	switch (reader->phase) {
	case READER_BODY_LENGTH:
		check_body(reader, byte);
		if (--reader->left_bytes == 0)
			reader->phase = READER_DONE;
		break;
	case READER_BODY_CLOSE:
		check_body(reader, byte);
		break;
	case READER_CHUNK_SIZE:
		if (feed_line(reader, byte)) {
			reader->left_bytes = strtoull(reader->line, NULL, 16);
			reader->phase = reader->left_bytes ? READER_CHUNK_DATA : READER_TRAILERS;
		}
		break;
	case READER_CHUNK_DATA:
		check_body(reader, byte);
		if (--reader->left_bytes == 0)
			reader->phase = READER_CHUNK_END;
		break;
	case READER_CHUNK_END:
		if (feed_line(reader, byte))
			reader->phase = reader->line[0] == '\0' ? READER_CHUNK_SIZE : READER_BROKEN;
		break;
	case READER_TRAILERS:
		if (!feed_line(reader, byte))
			break;
		if (strncasecmp(reader->line, "x-sum:", 6) == 0)
			reader->trailer_sum = (uint32_t)strtoul(reader->line + 6, NULL, 10);
		if (reader->line[0] == '\0')
			reader->phase = READER_DONE;
		break;
	default:
		break;
	}
}

uint32_t reader_feed(struct reader *reader, const uint8_t *bytes, uint32_t count)
{
	bool had_head = reader_has_head(reader);
	uint32_t used = 0;

	while (used < count && reader->phase != READER_DONE && reader->phase != READER_BROKEN) {
		if (reader->phase == READER_HEAD)
			feed_head(reader, bytes[used]);
		else
			feed_body(reader, bytes[used]);
		used++;
		if (!had_head && reader_has_head(reader))
			break;
	}
	return used;
}
