#include "gateway/http1/h1_write.h"

#define REASON(code, text) case code: return text;

/* RFC 9110 15 and the IANA registry. */
const char *h1_reason_phrase(uint16_t status)
{
	switch (status) {
#include "gateway/http1/h1_reason.def"
	default: return "Unknown";
	}
}
