/* HTTP/1 bodies between a stream and slices, the same for requests and answers (RFC 9112 6, 7).
 *
 *     stream rx ── h1_reader_pull ──> payload slices (moved) , trailers (gathered)
 *     payload slices ── h1_writer_body ──> slices with chunk framing between them
 */
#ifndef GATEWAY_HTTP1_H1_BODY_H
#define GATEWAY_HTTP1_H1_BODY_H

#include "gateway/exchange/exchange.h"
#include "gateway/http1/h1_parse.h"

struct h1_reader {
	uint8_t framing;          /* enum body_framing */
	bool in_trailers;
	uint64_t left_bytes;      /* BODY_LENGTH */
	struct h1_chunk chunk;
	struct head_bytes trailer_bytes;
};

enum h1_read {
	H1_READ_MORE,      /* the stream has no more for now */
	H1_READ_FULL,      /* max_bytes reached */
	H1_READ_END,       /* the body is complete, trailers are there */
	H1_READ_BAD,
	H1_READ_NO_MEMORY,
};

void h1_reader_start(struct h1_reader *reader, const struct message_head *head);
/* Moves at most max_bytes of payload into out. */
enum h1_read h1_reader_pull(struct h1_reader *reader, struct exchange *exchange,
			    struct stream *stream, struct header_list *trailers,
			    struct slice_queue *out, uint32_t max_bytes, uint64_t now_ns);
void h1_reader_clear(struct gateway *gateway, struct h1_reader *reader);

struct h1_writer {
	uint8_t framing;          /* enum body_framing */
	bool chunk_open;          /* the CRLF that ends the last chunk is still due */
};

/* Moves bytes into out with the framing around them.  False = no memory, nothing was moved. */
MUST_USE bool h1_writer_body(struct h1_writer *writer, struct gateway *gateway,
			     struct slice_queue *bytes, bool ended,
			     const struct header_list *trailers, struct slice_queue *out);

#endif
