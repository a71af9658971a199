/* Field lines (RFC 9112 5) and what they say about framing, Host and the connection. */
#ifndef GATEWAY_HTTP1_H1_FIELDS_H
#define GATEWAY_HTTP1_H1_FIELDS_H

#include "gateway/http1/h1_parse.h"

/* What the lines of one section said.  Contradictions are kept until the section is complete, so
 * that a head in pieces ends in the same result as a head at once. */
struct h1_fields {
	struct header_list *list;
	struct arena *arena;
	uint32_t headers_max;
	uint32_t count;
	struct str host;
	uint64_t content_length_bytes;
	uint8_t hosts;                   /* 2 = more than one */
	bool trailers;                   /* fields that RFC 9110 6.5.1 forbids there are left out */
	bool has_length;
	bool has_coding;                 /* Transfer-Encoding was there */
	bool chunked;
	bool bad_length;
	bool bad_coding_order;           /* empty, repeated, or something after "chunked" */
	bool unknown_coding;
	bool close;
	bool keep_alive;
	bool names_upgrade;              /* Connection: upgrade */
	bool has_upgrade;
	bool expect_continue;
};

/* One line at p.  *next is what follows its CRLF.  H1_DONE, H1_MORE, or why it is refused. */
enum h1_result h1_field_check(const char *begin, const char *p, const char *end, const char **next);
/* All lines up to the empty one.  H1_NO_MEMORY ends it at once; too many headers are counted but
 * not kept. */
enum h1_result h1_fields_parse(struct h1_fields *fields, const char *begin, const char *p,
			       const char *end, const char **next);

#endif
