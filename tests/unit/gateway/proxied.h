/* What the tests of the proxied path share: one world, the usual request, and looks at what came.
 *
 *     start_proxied(); client = world_client(&world); peer_send(client, GET); world_settle(&world);
 *     HAS(client->got, "200 OK"); world_end(&world); */
#ifndef TESTS_UNIT_GATEWAY_PROXIED_H
#define TESTS_UNIT_GATEWAY_PROXIED_H

#include <string.h>

#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

#define GET "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
#define HAS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))
#define HAS_NOT(text, part) CU_ASSERT_PTR_NULL(strstr(text, part))

extern struct world world;
/* What origin_answers_script() says. */
extern const char *scripted;

/* A world as world_init() makes it, whose origin answers every request. */
void start_proxied(void);
/* How often `part` stands in `text`. */
unsigned count(const char *text, const char *part);
/* origin_readable: answers the first request with `scripted`, and nothing after it. */
void origin_answers_script(struct peer *origin);

#endif
