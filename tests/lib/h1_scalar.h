/* The HTTP/1 head parser built a second time, with table look-ups in place of SIMD searches. */
#ifndef TESTS_LIB_H1_SCALAR_H
#define TESTS_LIB_H1_SCALAR_H

#include "gateway/http1/h1_parse.h"

enum h1_result h1_parse_request_scalar(const char *data, uint32_t length,
				       const struct h1_limits *limits, struct arena *arena,
				       uint32_t *scanned, struct message_head *head,
				       uint32_t *consumed);
enum h1_result h1_parse_response_scalar(const char *data, uint32_t length,
					const struct h1_limits *limits, struct arena *arena,
					struct str request_method, uint32_t *scanned,
					struct message_head *head, uint32_t *consumed);

#endif
