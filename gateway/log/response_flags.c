#include <string.h>

#include "gateway/log/format.h"

static const struct {
	const char *code;
	const char *long_name;
} flag_names[RESPONSE_FLAG_COUNT] = {
#define FLAG(id, code, long_name, help) [RESPONSE_FLAG_BIT_##id] = {code, long_name},
#include "gateway/log/response_flags.def"
#undef FLAG
};
_Static_assert(RESPONSE_FLAG_COUNT <= 64, "response flags are bits of a uint64_t");

static uint32_t append(char *out, uint32_t at, uint32_t size, const char *text)
{
	size_t length = strlen(text);

	if (length > size - at)
		length = size - at;
	memcpy(out + at, text, length);
	return at + (uint32_t)length;
}

static uint32_t write_flags(uint64_t flags, bool long_names, char *out, uint32_t size)
{
	uint32_t at = 0;

	for (uint32_t bit = 0; bit < RESPONSE_FLAG_COUNT; bit++) {
		if (!(flags & UINT64_C(1) << bit))
			continue;
		if (at > 0)
			at = append(out, at, size, ",");
		at = append(out, at, size,
			    long_names ? flag_names[bit].long_name : flag_names[bit].code);
	}
	return at > 0 ? at : append(out, 0, size, "-");
}

uint32_t log_response_flags_write(uint64_t flags, char *out, uint32_t size)
{
	return write_flags(flags, false, out, size);
}

uint32_t log_response_flags_write_long(uint64_t flags, char *out, uint32_t size)
{
	return write_flags(flags, true, out, size);
}
