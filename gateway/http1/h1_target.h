/* The request target in its four forms (RFC 9112 3.2). */
#ifndef GATEWAY_HTTP1_H1_TARGET_H
#define GATEWAY_HTTP1_H1_TARGET_H

#include <stdbool.h>

#include "gateway/exchange/message.h"

/* uri-host [ ":" port ] (RFC 3986 3.2, without userinfo); an empty host is refused. */
bool h1_authority_valid(struct str authority);
/* Fills path, and where the form has them authority and scheme, from the target; head->method is
 * set already.  A path that begins with "?" (absolute form without path) still lacks its "/".
 * False for a target that no form allows for this method. */
MUST_USE bool h1_target_parse(struct str target, struct message_head *head);

#endif
