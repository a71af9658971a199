#include "gateway/exchange/edge_headers.h"

#include <stdio.h>
#include <string.h>

#include "gateway/exchange/str.h"

/* "old, new" in the arena; data NULL = no memory. */
static struct str append_to(struct arena *arena, struct str old, struct str more)
{
	char *text = arena_alloc(arena, old.length + 2 + more.length);

	if (!text)
		return (struct str){0};
	memcpy(text, old.data, old.length);
	memcpy(text + old.length, ", ", 2);
	memcpy(text + old.length + 2, more.data, more.length);
	return (struct str){text, old.length + 2 + more.length};
}

/* Appends to the last header of that id (before a later one it would not be the last element), or
 * adds one. */
static bool append_header(struct exchange *exchange, struct header_list *headers,
			  enum header_id id, struct str name, struct str value)
{
	struct header *header = header_find(headers, id);

	for (uint32_t i = headers->count; header && i > 0; i--)
		if (headers->items[i - 1].id == id && !headers->items[i - 1].removed) {
			header = &headers->items[i - 1];
			break;
		}
	if (!header)
		return header_add_id(headers, &exchange->arena, id, name, value);
	header->value = append_to(&exchange->arena, header->value, value);
	return header->value.data != NULL;
}

static struct str address_text(struct exchange *exchange, const struct ip_addr *addr)
{
	char text[IP_ADDR_TEXT_BYTES];

	ip_addr_format(addr, text, sizeof(text));
	return arena_copy(&exchange->arena, (struct str){text, (uint32_t)strlen(text)});
}

static bool add_addresses(struct exchange *exchange)
{
	const struct config_hcm *hcm = exchange->hcm;
	struct header_list *headers = &exchange->request.headers;
	struct str address, client_text;
	struct stream_info info;
	struct ip_addr client;

	if (!hcm->use_remote_address)
		return true;
	exchange->down_ops->info(exchange, &info);
	/* The other end of a Unix socket has no address to tell. */
	if (info.pipe)
		return true;
	client = edge_client_address(headers, hcm->xff_trusted_hops, info.key.remote);
	address = client_text = address_text(exchange, &info.key.remote);
	if (!ip_addr_equal(&client, &info.key.remote))
		client_text = address_text(exchange, &client);
	return address.data && client_text.data &&
	       header_set(headers, &exchange->arena, STR("x-envoy-external-address"), client_text) &&
	       (hcm->skip_xff_append || append_header(exchange, headers, HEADER_X_FORWARDED_FOR,
						      STR("x-forwarded-for"), address));
}

/* What only internal clients may say, and no client is internal here. */
static const struct str internal_only[] = {
	STR("x-envoy-internal"),
	STR("x-envoy-expected-rq-timeout-ms"),
	STR("x-envoy-upstream-rq-timeout-ms"),
	STR("x-envoy-upstream-rq-per-try-timeout-ms"),
	STR("x-envoy-retry-on"),
	STR("x-envoy-retry-grpc-on"),
	STR("x-envoy-max-retries"),
	STR("x-envoy-retriable-status-codes"),
	STR("x-envoy-retriable-header-names"),
	STR("x-envoy-upstream-alt-stat-name"),
	STR("x-envoy-force-trace"),
	STR("x-envoy-ip-tags"),
	STR("x-envoy-original-url"),
	STR("x-envoy-hedge-on-per-try-timeout"),
	STR("x-envoy-upstream-stream-duration-ms"),
};
/* What the first proxy says, and nobody before it. */
static const struct str not_before_the_edge[] = {
	STR("x-envoy-attempt-count"),
	STR("x-envoy-original-path"),
	STR("x-envoy-decorator-operation"),
	STR("x-envoy-downstream-service-cluster"),
	STR("x-envoy-downstream-service-node"),
};

static bool is_one_of(struct str name, const struct str *names, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_equal_nocase(name, names[i]))
			return true;
	return false;
}

static void remove_untrusted(struct header_list *headers, bool edge)
{
	for (uint32_t i = 0; i < headers->count; i++) {
		struct header *header = &headers->items[i];

		if (header->name.length < 16 ||
		    !str_bytes_equal_lower("x-envoy-", header->name.data, 8))
			continue;
		if (is_one_of(header->name, internal_only, ARRAY_LEN(internal_only)) ||
		    (edge && is_one_of(header->name, not_before_the_edge,
				       ARRAY_LEN(not_before_the_edge))))
			header->removed = true;
	}
}

static bool set_forwarded_proto(struct exchange *exchange)
{
	struct header_list *headers = &exchange->request.headers;
	struct header *header = header_find(headers, HEADER_X_FORWARDED_PROTO);
	struct str scheme = STR("http");

	if (exchange->hcm->use_remote_address && exchange->hcm->xff_trusted_hops == 0) {
		if (header)
			header->value = scheme;
	} else if (header && (str_equal(header->value, STR("http")) ||
			      str_equal(header->value, STR("https")))) {
		scheme = header->value;
	}
	exchange->request.scheme = scheme;
	return header || header_add_id(headers, &exchange->arena, HEADER_X_FORWARDED_PROTO,
				       STR("x-forwarded-proto"), scheme);
}

/* RFC 9562 5.4, version 4 */
static bool make_request_id(struct exchange *exchange, struct str *id)
{
	uint64_t high = prng_next(&exchange->gateway->prng), low = prng_next(&exchange->gateway->prng);
	char digits[4 * STR_HEX8_BYTES], *text = arena_alloc(&exchange->arena, 36);

	if (!text)
		return false;
	high = (high & ~(UINT64_C(0xf0) << 48)) | UINT64_C(0x40) << 48;
	low = (low & ~UINT64_C(0xc0)) | 0x80;
	str_put_hex8((uint32_t)high, digits);
	str_put_hex8((uint32_t)(high >> 32), digits + 8);
	str_put_hex8((uint32_t)low, digits + 16);
	str_put_hex8((uint32_t)(low >> 32), digits + 24);
	memcpy(text, digits, 8);
	memcpy(text + 9, digits + 8, 4);
	memcpy(text + 14, digits + 12, 4);
	memcpy(text + 19, digits + 16, 4);
	memcpy(text + 24, digits + 20, 12);
	text[8] = text[13] = text[18] = text[23] = '-';
	*id = (struct str){text, 36};
	return true;
}

static bool set_request_id(struct exchange *exchange)
{
	const struct config_hcm *hcm = exchange->hcm;
	struct header *header = header_find(&exchange->request.headers, HEADER_X_REQUEST_ID);
	bool keep = header && (!hcm->use_remote_address || hcm->preserve_external_request_id);

	if (header)
		exchange->request_id = header->value;
	if (!hcm->generate_request_id || keep)
		return true;
	if (!make_request_id(exchange, &exchange->request_id))
		return false;
	if (header) {
		header->value = exchange->request_id;
		return true;
	}
	return header_add_id(&exchange->request.headers, &exchange->arena, HEADER_X_REQUEST_ID,
			     STR("x-request-id"), exchange->request_id);
}

bool edge_request_headers(struct exchange *exchange, uint64_t now_ns)
{
	struct header_list *headers = &exchange->request.headers;

	(void)now_ns;
	remove_untrusted(headers, exchange->hcm->use_remote_address);
	if (!add_addresses(exchange) || !set_forwarded_proto(exchange) ||
	    !set_request_id(exchange))
		return false;
	return !exchange->hcm->via.data || append_header(exchange, headers, HEADER_VIA, STR("via"),
							 exchange->hcm->via);
}

bool edge_response_headers(struct exchange *exchange, uint64_t now_ns)
{
	const struct config_hcm *hcm = exchange->hcm;
	struct header_list *headers = &exchange->response.headers;
	struct header *server = header_find(headers, HEADER_SERVER);

	if (server && hcm->server_header == SERVER_OVERWRITE)
		server->value = hcm->server_name;
	if (!server && hcm->server_header != SERVER_PASS_THROUGH &&
	    !header_add_id(headers, &exchange->arena, HEADER_SERVER, STR("server"), hcm->server_name))
		return false;
	/* RFC 9110 6.6.1 */
	if (!header_find(headers, HEADER_DATE)) {
		struct str date = arena_copy(&exchange->arena, gateway_date(exchange->gateway, now_ns));

		if (!date.data || !header_add_id(headers, &exchange->arena, HEADER_DATE, STR("date"), date))
			return false;
	}
	return !hcm->via.data ||
	       append_header(exchange, headers, HEADER_VIA, STR("via"), hcm->via);
}
