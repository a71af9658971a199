/* HTTP/1 heads to bytes. */
#ifndef GATEWAY_HTTP1_H1_WRITE_H
#define GATEWAY_HTTP1_H1_WRITE_H

#include <stdint.h>

#include "gateway/exchange/message.h"

/* How the body will be framed, and what Connection has to say.  Hop-by-hop headers of the message
 * (RFC 9110 7.6.1) must have been removed; framing headers are written from here. */
struct h1_write_options {
	enum body_framing framing;
	uint64_t content_length_bytes;
	bool close;            /* "connection: close" */
	bool keep_alive_10;    /* "connection: keep-alive" for an HTTP/1.0 peer */
	bool upgrade;          /* keep Connection: upgrade and Upgrade */
};

/* Content-Length and Transfer-Encoding of the list are not written, the options decide; except with
 * BODY_NONE, where a Content-Length of the list says "0" in a request, and stays in an answer (to
 * HEAD, or 304).  A local answer without body should say BODY_LENGTH with 0.
 *
 * Write into out[size]; return the length, or 0 when it does not fit.  Header names are written as
 * they are. */
uint32_t h1_write_request(const struct message_head *head, const struct h1_write_options *options,
			  char *out, uint32_t size);
uint32_t h1_write_response(const struct message_head *head, const struct h1_write_options *options,
			   char *out, uint32_t size);
/* "1a2b\r\n" before chunk data; at most 18 bytes. */
uint32_t h1_write_chunk_head(uint64_t chunk_bytes, char *out);
/* "0\r\n" trailers "\r\n"; 0 when it does not fit. */
uint32_t h1_write_last_chunk(const struct header_list *trailers, char *out, uint32_t size);
/* "OK" for 200; "" for unknown codes. */
const char *h1_reason_phrase(uint16_t status);

#endif
