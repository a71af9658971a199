/* The request's path in one spelling, before filters and routes look at it (Envoy's
 * ConnectionManagerUtility::maybeNormalizePath). */
#include "gateway/exchange/edge_headers.h"
#include "gateway/route/path_normalise.h"

static void refuse(struct exchange *exchange, uint16_t status, struct str body, uint64_t now_ns)
{
	counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
			     ->downstream_rq_failed_path_normalization);
	exchange_reply(exchange, status, body, STR("path_normalization_failed"), 0, now_ns);
}

static void redirect(struct exchange *exchange, struct str path, uint64_t now_ns)
{
	struct http_stats *stats = stats_http(exchange->gateway, exchange->hcm->stat_slot);

	if (!header_add(&exchange->response.headers, &exchange->arena, STR("location"), path)) {
		exchange_reply(exchange, 503, STR("overload"), STR("overload"),
			       UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
		return;
	}
	counter_inc(&stats->downstream_rq_redirected_with_normalized_path);
	exchange_reply_with_headers(exchange, 307, STR(""), STR("path_normalization_failed"), 0,
				    now_ns);
}

bool edge_request_path(struct exchange *exchange, uint64_t now_ns)
{
	const struct config_hcm *hcm = exchange->hcm;
	struct path_options options = {hcm->escaped_slashes != ESCAPED_SLASHES_KEEP,
				       hcm->normalize_path, hcm->merge_slashes};
	struct str path = exchange->request.path, made;
	bool unescaped;

	if (!(options.unescape_slashes || options.normalise || options.merge_slashes) ||
	    !path_is_suspect(path))
		return true;
	/* CONNECT has no path, and OPTIONS "*" is none. */
	if (!path.length || (path.length == 1 && path.data[0] == '*'))
		return true;
	INVARIANT(path.length < GATEWAY_SCRATCH_BYTES);
	made.data = exchange->gateway->scratch;
	made.length = path_normalise(path, options, exchange->gateway->scratch, &unescaped);
	if (!made.length || (unescaped && hcm->escaped_slashes == ESCAPED_SLASHES_REJECT)) {
		refuse(exchange, 400, STR("Bad Request"), now_ns);
		return false;
	}
	if (str_equal(made, path))
		return true;
	made = arena_copy(&exchange->arena, made);
	if (!made.data) { /* more than a chunk holds, or no chunk */
		refuse(exchange, 414, STR("URI Too Long"), now_ns);
		return false;
	}
	exchange->request.path = made;
	if (unescaped && hcm->escaped_slashes == ESCAPED_SLASHES_REDIRECT) {
		redirect(exchange, made, now_ns);
		return false;
	}
	return true;
}
