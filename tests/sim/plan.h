/* What one request of the world is, told to the origin in its path:
 *
 *     /w/ID/ANSWER_BYTES/MODE
 *
 * Bodies are a function of the id, so that both ends can check every byte without a copy. */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/prng.h"

enum plan_method { PLAN_GET, PLAN_HEAD, PLAN_POST, PLAN_PUT };

enum plan_mode {
	MODE_LENGTH,             /* Content-Length */
	MODE_CHUNKED,            /* chunked, with a trailer */
	MODE_UNTIL_CLOSE,        /* the connection's end is the body's end */
	MODE_INFORMATIONAL,      /* 103 before the answer */
	MODE_LATE,               /* answers after a while */
	MODE_CLOSE_AFTER,        /* Connection: close */
	MODE_EARLY,              /* answers before the request body has come */
	MODE_NO_CONTENT,         /* 204 */
	MODE_VANISH_ONCE,        /* closes without an answer the first time it sees the id */
	MODE_RESET_IN_BODY,      /* resets halfway */
	MODE_COUNT,
};

struct plan {
	uint32_t id;
	enum plan_method method;
	enum plan_mode mode;
	uint32_t request_bytes;
	bool request_chunked;
	bool expect_continue;
	uint32_t answer_bytes;
};

/* hostile = false leaves out the modes in which the origin does not give a whole answer. */
void plan_make(struct plan *plan, struct prng *prng, uint32_t id, bool hostile);
/* Byte `at` of the request (direction 0) or answer (1) body of id. */
uint8_t plan_byte(uint32_t id, unsigned direction, uint64_t at);
const char *plan_method_name(enum plan_method method);

#endif
