/* Bytes into and out of a stream for the world's actors. */
#ifndef TESTS_SIM_STREAM_IO_H
#define TESTS_SIM_STREAM_IO_H

#include <stdint.h>

#include "tests/sim/host.h"

/* Writes at most count bytes, as many as the stream has room for and mbufs can be had; returns how
 * many. */
uint32_t stream_io_write(struct host *host, struct stream *stream, const void *bytes, uint32_t count,
			 uint64_t now_ns);
/* Looks at the first run of bytes that lies together; NULL when there is none. */
const uint8_t *stream_io_peek(const struct stream *stream, uint32_t *count);

#endif
