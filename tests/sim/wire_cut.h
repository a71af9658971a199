/* What a router with a narrow link makes of a packet: fragments, one after the other. */
#ifndef TESTS_SIM_WIRE_CUT_H
#define TESTS_SIM_WIRE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#define WIRE_CUT_FRAME_BYTES_MAX 2048

struct wire_cut {
	const uint8_t *packet;   /* the whole frame; lent */
	uint32_t headers_bytes;  /* Ethernet and IP */
	uint32_t payload_bytes;
	uint32_t part_bytes;     /* a multiple of 8 */
	uint32_t done_bytes;
	uint32_t id;
	bool is_v6;
	uint8_t frame[WIRE_CUT_FRAME_BYTES_MAX]; /* the fragment */
	uint32_t frame_bytes;
};

/* False when the frame stays as it is: no IP packet, short enough, neighbour discovery (RFC 6980), or
 * cut_bytes is 0. */
bool wire_cut_begin(struct wire_cut *cut, const uint8_t *frame, uint32_t length_bytes,
		    uint32_t cut_bytes, uint32_t id);
/* Makes the next fragment; false after the last one. */
bool wire_cut_next(struct wire_cut *cut);

#endif
