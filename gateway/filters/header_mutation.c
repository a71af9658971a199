#include "gateway/filters/header_mutation.h"

#include "gateway/exchange/exchange.h"
#include "gateway/route/mutate.h"

static const struct header_mutation_config *own_config(struct filter *filter)
{
	const void *override = filter_route_config(filter);

	return override ? override : filter->config->config;
}

static enum filter_result apply(struct filter *filter,
				const struct config_header_mutations *mutations,
				struct header_list *headers, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	struct log_context context;
	struct stream_info down, up;

	if (!mutations->count)
		return FILTER_CONTINUE;
	exchange_log_context(exchange, &context, &down, &up, now_ns);
	if (mutate_apply(mutations, headers, &exchange->arena, &context))
		return FILTER_CONTINUE;
	return filter_reply(filter, 503, STR("overload"), STR("overload"),
			    UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
}

static enum filter_result decode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	const struct header_mutation_config *config = own_config(filter);

	(void)ended;
	return config ? apply(filter, &config->request, &filter->exchange->request.headers, now_ns)
		      : FILTER_CONTINUE;
}

static enum filter_result encode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	const struct header_mutation_config *config = own_config(filter);

	(void)ended;
	/* A second failure, on the local reply about the first, would go round in circles. */
	if (!config || filter->exchange->local_reply)
		return FILTER_CONTINUE;
	return apply(filter, &config->response, &filter->exchange->response.headers, now_ns);
}

const struct filter_type filter_header_mutation = {
	.name = "envoy.filters.http.header_mutation",
	.decode_head = decode_head,
	.encode_head = encode_head,
};
