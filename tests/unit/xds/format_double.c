/* What translation calls in the gateway, for builds in which the gateway lacks it: linked last, so
 * that the gateway's own functions win. */
#include <stdlib.h>
#include <string.h>

#include "gateway/filters/filter.h"
#include "gateway/log/format.h"
#include "gateway/route/route.h"

const char log_format_default[] = "%PROTOCOL%\n";

struct log_format *log_format_compile(const char *text, struct why *why)
{
	if (strstr(text, "%WRONG%")) {
		why_set(why, "unknown command WRONG");
		return NULL;
	}
	return malloc(1);
}

void log_format_free(struct log_format *format)
{
	free(format);
}
