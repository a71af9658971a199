#include "dataplane/capture/pcapng.h"

#include <stdio.h>
#include <string.h>

/* 4.1 to 4.3, and the options of 3.5 */
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
#define TIME_RESOLUTION_NS 9

enum { OPTION_END = 0, OPTION_COMMENT = 1 };
enum { SECTION_OS = 3, SECTION_APPLICATION = 4 };
enum { INTERFACE_NAME = 2, INTERFACE_MAC = 6, INTERFACE_RESOLUTION = 9 };
enum { PACKET_FLAGS = 2, PACKET_QUEUE = 6 };
enum { FLAGS_INBOUND = 1, FLAGS_OUTBOUND = 2 };

static void add16(struct text *out, uint16_t value)
{
	text_add_bytes(out, (const char *)&value, sizeof(value));
}

static void add32(struct text *out, uint32_t value)
{
	text_add_bytes(out, (const char *)&value, sizeof(value));
}

static void add_padded(struct text *out, const void *bytes, uint32_t length)
{
	if (length > 0)
		text_add_bytes(out, bytes, length);
	text_add_bytes(out, "\0\0\0", -length & 3);
}

static void add_option(struct text *out, uint16_t code, const void *value, uint16_t length)
{
	add16(out, code);
	add16(out, length);
	add_padded(out, value, length);
}

static void add_time(struct text *out, uint64_t ns)
{
	add32(out, (uint32_t)(ns >> 32));
	add32(out, (uint32_t)ns);
}

/* The total length stands before and behind the body; it is known at the end. */
static size_t begin(struct text *out, uint32_t type)
{
	size_t start = out->length;

	add32(out, type);
	add32(out, 0);
	return start;
}

static void end(struct text *out, size_t start)
{
	uint32_t length = (uint32_t)(out->length - start) + 4;

	add32(out, length);
	if (!out->failed)
		memcpy(out->data + start + 4, &length, sizeof(length));
}

void pcapng_section(struct text *out, const char *application)
{
	static const uint64_t unknown_length = UINT64_MAX;
	size_t start = begin(out, BLOCK_SECTION);

	add32(out, BYTE_ORDER_MAGIC);
	add16(out, 1); /* version 1.0 */
	add16(out, 0);
	text_add_bytes(out, (const char *)&unknown_length, sizeof(unknown_length));
	add_option(out, SECTION_OS, "Linux", 5);
	add_option(out, SECTION_APPLICATION, application, (uint16_t)strlen(application));
	add_option(out, OPTION_END, NULL, 0);
	end(out, start);
}

void pcapng_interface(struct text *out, const char *name, const uint8_t mac[6], uint32_t snap_bytes)
{
	static const uint8_t resolution = TIME_RESOLUTION_NS;
	size_t start = begin(out, BLOCK_INTERFACE);

	add16(out, LINKTYPE_ETHERNET);
	add16(out, 0);
	add32(out, snap_bytes);
	add_option(out, INTERFACE_NAME, name, (uint16_t)strlen(name));
	add_option(out, INTERFACE_MAC, mac, 6);
	add_option(out, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	add_option(out, OPTION_END, NULL, 0);
	end(out, start);
}

void pcapng_packet(struct text *out, const struct capture_record *record, const uint8_t *frame,
		   uint32_t worker, uint64_t wall_ns)
{
	uint32_t flags = record->direction == CAPTURE_RX ? FLAGS_INBOUND : FLAGS_OUTBOUND;
	size_t start = begin(out, BLOCK_PACKET);
	char comment[200];

	add32(out, record->port);
	add_time(out, wall_ns);
	add32(out, record->captured_bytes);
	add32(out, record->frame_bytes);
	add_padded(out, frame, record->captured_bytes);
	if (record->drop_reason != DROP_NONE) {
		int length = snprintf(comment, sizeof(comment), "dropped: %s (%s)",
				      drop_reason_name((enum drop_reason)record->drop_reason),
				      drop_reason_help((enum drop_reason)record->drop_reason));

		add_option(out, OPTION_COMMENT, comment,
			   (uint16_t)(length < (int)sizeof(comment) ? length
								    : (int)sizeof(comment) - 1));
	}
	add_option(out, PACKET_FLAGS, &flags, sizeof(flags));
	add_option(out, PACKET_QUEUE, &worker, sizeof(worker));
	add_option(out, OPTION_END, NULL, 0);
	end(out, start);
}
