/* A head written where it is sent from: straight into one buffer of the header pool, and by way of
 * the gateway's scratch memory into several only when one is too small. */
#ifndef GATEWAY_HTTP1_H1_PUSH_H
#define GATEWAY_HTTP1_H1_PUSH_H

#include "gateway/core.h"
#include "gateway/http1/h1_write.h"

/* h1_write_request or h1_write_response. */
typedef uint32_t h1_write_fn(const struct message_head *head,
			     const struct h1_write_options *options, char *out, uint32_t size);

/* Appends to `to`; false = no memory, or larger than the scratch memory (nothing queued). */
MUST_USE bool h1_push_head(struct gateway *gateway, h1_write_fn *write,
			   const struct message_head *head, const struct h1_write_options *options,
			   struct slice_queue *to);

#endif
