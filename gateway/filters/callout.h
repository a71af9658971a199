/* A filter asks another cluster and waits for the answer (authorisation, rate limits, keys).
 *
 *     filter: filter_call, return FILTER_SUSPEND ──> exchange of its own, router only ──> upstream
 *     done(call, answer, body)  <── whole answer, at most body_max bytes; answer NULL = none came
 *       └─> filter_resume_decode, or filter_reply
 *
 * struct filter_call lives in the filter's state; its filter cancels it in destroy.
 * A call that fails at once (no host, a breaker) is a false from filter_call. */
#ifndef GATEWAY_FILTERS_CALLOUT_H
#define GATEWAY_FILTERS_CALLOUT_H

#include "gateway/exchange/exchange.h"

struct filter_call {
	struct filter *filter;
	/* Never from inside filter_call.  Answer and body are good for the duration of the call. */
	void (*done)(struct filter_call *call, const struct message_head *answer,
		     struct slice_queue *body, uint64_t now_ns);
	uint32_t body_max;
	struct exchange *exchange;   /* NULL = none under way */
	struct slice_queue body;
	struct gateway_timer timer;
	bool starting;
	bool failed;                 /* while starting */
};

struct filter_call_request {
	uint32_t cluster_id;
	struct str method;
	struct str authority;
	struct str path;
	struct header_list headers;  /* strings outlive the call; items are copied */
	struct str body;
	uint64_t timeout_ns;         /* 0 = none */
};

/* Starts; filter, done and body_max are set by the caller.  False = it
 * failed at once (no memory, no host, a breaker): done is not called. */
MUST_USE bool filter_call(struct filter_call *call, const struct filter_call_request *request,
			  uint64_t now_ns);
/* Done is not called any more.  Nothing happens where none is under way. */
void filter_call_cancel(struct filter_call *call, uint64_t now_ns);

#endif
