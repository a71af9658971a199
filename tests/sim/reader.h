/* An HTTP/1 message reader for the world's clients and origins, written apart from the gateway's
 * parser so that both do not err in the same way.  Lenient, byte by byte, checks bodies. */
#ifndef TESTS_SIM_READER_H
#define TESTS_SIM_READER_H

#include <stdbool.h>
#include <stdint.h>

#define READER_HEAD_BYTES_MAX 8192

enum reader_phase {
	READER_HEAD,
	READER_BODY_LENGTH,
	READER_BODY_CLOSE,
	READER_CHUNK_SIZE,
	READER_CHUNK_DATA,
	READER_CHUNK_END,
	READER_TRAILERS,
	READER_DONE,
	READER_BROKEN,
};

struct reader {
	enum reader_phase phase;
	bool is_answer;
	bool bodiless;                   /* answer to HEAD */
	char head[READER_HEAD_BYTES_MAX];
	uint32_t head_bytes;
	char line[64];
	uint32_t line_bytes;
	uint64_t left_bytes;
	uint64_t body_bytes;             /* seen so far */
	uint64_t body_hash_errors;       /* bytes that differ from the plan */
	uint32_t id;                     /* whose body this is */
	unsigned direction;
	uint16_t status;
	bool close;                      /* Connection: close */
	bool expect_continue;
	bool informed;                   /* a 1xx has come */
	bool chunked;
	bool is_old;                     /* HTTP/1.0 */
	uint32_t trailer_sum;            /* of the trailer x-sum; 0 = none */
};

void reader_start(struct reader *reader, bool is_answer, bool bodiless, uint32_t id,
		  unsigned direction);
/* Consumes bytes until the head is complete, the message is done or the bytes are used up; returns
 * how many.  A 1xx answer head is skipped. */
uint32_t reader_feed(struct reader *reader, const uint8_t *bytes, uint32_t count);
/* The head is there. */
bool reader_has_head(const struct reader *reader);
/* The value of a header ("" if absent) into value[size]. */
void reader_header(const struct reader *reader, const char *name, char *value, uint32_t size);

#endif
