/* A received head's bytes: looked at in place, or gathered where the stream has split them.
 *
 *     stream rx:  [ GET / HTTP/1.1\r\nHost: a\r\n\r\n | body … ]           in place: slice kept
 *     stream rx:  [ GET / HT ] [ TP/1.1\r\nHo ] [ st: a\r\n\r\n body … ]   gathered up to \r\n\r\n
 *
 * Gathering takes bytes out of the stream up to the first empty line and never beyond, so that
 * nothing has to be put back. */
#ifndef GATEWAY_EXCHANGE_HEAD_BYTES_H
#define GATEWAY_EXCHANGE_HEAD_BYTES_H

#include "gateway/core.h"

struct head_bytes {
	struct slice slice;        /* mbuf NULL = none */
	char *gathered;            /* in the arena or `large`; NULL = in place */
	char *large;               /* of gateway.large_heads */
	uint32_t gathered_length;
	uint32_t gathered_size;
	uint32_t scanned;          /* for the parser */
};

enum head_more { HEAD_WAIT, HEAD_PARSE, HEAD_TOO_LARGE, HEAD_NO_MEMORY };

/* What to parse now: the first slice, or what was gathered. */
void head_bytes_view(const struct head_bytes *head, const struct stream *stream, const char **data,
		     uint32_t *length);
/* The view was not enough: gathers up to the next empty line. */
enum head_more head_bytes_more(struct gateway *gateway, struct arena *arena,
			       struct head_bytes *head, struct stream *stream, uint32_t max_bytes,
			       uint64_t now_ns);
/* The head was the first `consumed` bytes of the view: they stay valid until head_bytes_clear, and
 * the stream goes on behind them.  False when what was gathered is not the head to the byte. */
MUST_USE bool head_bytes_keep(struct gateway *gateway, struct head_bytes *head,
			      struct stream *stream, uint32_t consumed, uint64_t now_ns);
void head_bytes_clear(struct gateway *gateway, struct head_bytes *head);

#endif
