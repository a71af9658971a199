#include "stack/base/drops.h"

static const char *const names[DROP_REASON_COUNT] = {
	[DROP_NONE] = "NONE",
#define DROP(name, help) [DROP_##name] = #name,
#include "stack/base/drops.def"
#undef DROP
};

static const char *const helps[DROP_REASON_COUNT] = {
	[DROP_NONE] = "not dropped",
#define DROP(name, help) [DROP_##name] = help,
#include "stack/base/drops.def"
#undef DROP
};

const char *drop_reason_name(enum drop_reason reason)
{
	return reason < DROP_REASON_COUNT ? names[reason] : "?";
}

const char *drop_reason_help(enum drop_reason reason)
{
	return reason < DROP_REASON_COUNT ? helps[reason] : "?";
}
