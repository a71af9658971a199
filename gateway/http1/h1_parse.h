/* HTTP/1 heads and chunk framing from bytes (RFC 9112), without state outside of the arguments.
 *
 * The parser never reads past the bytes it is given and may be called again with more of them. */
#ifndef GATEWAY_HTTP1_H1_PARSE_H
#define GATEWAY_HTTP1_H1_PARSE_H

#include <stdint.h>

#include "gateway/exchange/message.h"

enum h1_result {
	H1_DONE,
	H1_MORE,               /* incomplete: call again with more bytes */
	H1_BAD_REQUEST_LINE,   /* 400 */
	H1_BAD_STATUS_LINE,    /* 502 */
	H1_BAD_HEADER,         /* 400: name or value with bytes that RFC 9112 5 does not allow */
	H1_OBS_FOLD,           /* 400: line folding, RFC 9112 5.2 */
	H1_BAD_FRAMING,        /* 400: a Content-Length that is none, or unequal ones, … */
	H1_TWO_FRAMINGS,       /* 400: Content-Length and Transfer-Encoding at once */
	H1_BAD_TRANSFER_CODING,/* 501: a transfer coding other than chunked */
	H1_BAD_VERSION,        /* 505 */
	H1_BAD_HOST,           /* 400: more than one Host, or one that is none */
	H1_NO_HOST,            /* 400: no Host in HTTP/1.1 */
	H1_BAD_CHUNK,          /* 400 */
	H1_TOO_LARGE,          /* 431: over the limit of bytes */
	H1_TOO_MANY,           /* 431: over the limit of headers */
	H1_NO_MEMORY,          /* arena exhausted: 503 */
};

struct h1_limits {
	uint32_t head_bytes_max;
	uint32_t headers_max;
};

/* Framing as parsed: "Content-Length: 0" and what never has a body is BODY_NONE; the header stays in
 * the list (once, with one value; h1_write decides), Transfer-Encoding and Connection too, Host
 * does not.  A line that is
 * wrong is refused once it is complete, contradictions between lines once the head is, so that the
 * result does not depend on how the bytes were cut.  An answer's errors mean 502, whatever the
 * comment on the constant says for requests.
 *
 * scheme is set for the absolute form only; the path of CONNECT is empty.
 *
 * Parses a request head at data[0..length).  On H1_DONE *head is filled, its strings point into
 * data, and *consumed is the head's length.  `scanned` remembers how far the search for the end
 * came, so that trickled bytes cost linear time; start with 0. */
enum h1_result h1_parse_request(const char *data, uint32_t length, const struct h1_limits *limits,
				struct arena *arena, uint32_t *scanned, struct message_head *head,
				uint32_t *consumed);

/* Parses an answer head; request_method decides about the framing (HEAD, CONNECT: RFC 9112 6.3). */
enum h1_result h1_parse_response(const char *data, uint32_t length, const struct h1_limits *limits,
				 struct arena *arena, struct str request_method, uint32_t *scanned,
				 struct message_head *head, uint32_t *consumed);

/* Parses a trailer section (RFC 9112 7.1.2) ended by an empty line.  Fields that may not stand there
 * (RFC 9110 6.5.1: framing, routing, connection) are left out. */
enum h1_result h1_parse_trailers(const char *data, uint32_t length, const struct h1_limits *limits,
				 struct arena *arena, uint32_t *scanned, struct header_list *trailers,
				 uint32_t *consumed);

/* Chunked coding (RFC 9112 7.1): 16 bytes of state for a connection; all zero before a body, and
 * again after H1_CHUNK_LAST.  Extensions may exceed the body's bytes by H1_CHUNK_EXTENSION_MAX. */
#define H1_CHUNK_EXTENSION_MAX 4096
struct h1_chunk {
	uint64_t data_left_bytes;
	uint8_t phase;
	uint8_t digits;
	uint16_t extension_bytes;
};

enum h1_chunk_event {
	H1_CHUNK_MORE,     /* all given bytes consumed; none of them is body */
	H1_CHUNK_DATA,     /* *data_bytes of body follow at data + *consumed: take at most that many,
	                      then say so with h1_chunk_took */
	H1_CHUNK_LAST,     /* the last chunk: a trailer section follows */
	H1_CHUNK_INVALID,
};

enum h1_chunk_event h1_chunk_scan(struct h1_chunk *chunk, const char *data, uint32_t length,
				  uint32_t *consumed, uint64_t *data_bytes);
void h1_chunk_took(struct h1_chunk *chunk, uint64_t bytes);

#endif
