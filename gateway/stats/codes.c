#include "gateway/stats/codes.h"

#include "stack/base/compiler.h"
#include "stack/base/counter.h"

enum {
	CODE_NONE,
#define CODE(code) CODE_##code,
#include "gateway/stats/codes.def"
#undef CODE
};

static const uint8_t places[600] = {
#define CODE(code) [code] = CODE_##code,
#include "gateway/stats/codes.def"
#undef CODE
};

void stats_count_code(uint64_t *first, uint16_t status)
{
	if (status < ARRAY_LEN(places) && places[status] != CODE_NONE)
		counter_inc(&first[places[status] - 1]);
}
