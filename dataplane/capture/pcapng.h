/* Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in this machine's byte order.
 *
 *     section header | interface, one a port | enhanced packet … */
#ifndef DATAPLANE_CAPTURE_PCAPNG_H
#define DATAPLANE_CAPTURE_PCAPNG_H

#include <stdint.h>

#include "dataplane/capture/capture_tap.h"
#include "dataplane/counters/text.h"

void pcapng_section(struct text *out, const char *application);
void pcapng_interface(struct text *out, const char *name, const uint8_t mac[6],
		      uint32_t snap_bytes);
/* wall_ns: UNIX time; a record with a drop reason gets it as a comment. */
void pcapng_packet(struct text *out, const struct capture_record *record, const uint8_t *frame,
		   uint32_t worker, uint64_t wall_ns);

#endif
