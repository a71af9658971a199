#include "tests/unit/gateway/proxied.h"

struct world world;
const char *scripted;

void start_proxied(void)
{
	world_init(&world);
	world_start(&world);
	world.origin_readable = origin_answers_ok;
}

unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part)) != NULL) {
		n++;
		text += strlen(part);
	}
	return n;
}

void origin_answers_script(struct peer *origin)
{
	if (!origin->answered && strstr(origin->got, "\r\n\r\n")) {
		origin->answered++;
		peer_send(origin, scripted);
	}
}
