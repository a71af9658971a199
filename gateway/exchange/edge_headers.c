#include "gateway/exchange/edge_headers.h"

#include <stdio.h>
#include <string.h>

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

/* Appends to the last header of that id, or adds one. */
static bool append_header(struct exchange *exchange, struct header_list *headers,
			  enum header_id id, struct str name, struct str value)
{
	struct header *header = header_find(headers, id);

	if (!header)
		return header_add(headers, &exchange->arena, name, value);
	header->value = append_to(&exchange->arena, header->value, value);
	return header->value.data != NULL;
}

static bool add_forwarded_for(struct exchange *exchange)
{
	struct stream_info info;
	char text[IP_ADDR_TEXT_BYTES];
	struct str address;

	if (!exchange->hcm->use_remote_address || exchange->hcm->skip_xff_append)
		return true;
	exchange->down_ops->info(exchange, &info);
	ip_addr_format(&info.key.remote, text, sizeof(text));
	address = arena_copy(&exchange->arena, (struct str){text, (uint32_t)strlen(text)});
	return address.data && append_header(exchange, &exchange->request.headers,
					     HEADER_X_FORWARDED_FOR, STR("x-forwarded-for"), address);
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
	return header || header_add(headers, &exchange->arena, STR("x-forwarded-proto"), scheme);
}

/* RFC 9562 5.4, version 4 */
static bool make_request_id(struct exchange *exchange, struct str *id)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t random[2] = {prng_next(&exchange->gateway->prng),
			      prng_next(&exchange->gateway->prng)};
	const uint8_t *bytes = (const uint8_t *)random;
	char *text = arena_alloc(&exchange->arena, 36);
	uint32_t at = 0;

	if (!text)
		return false;
	for (uint32_t i = 0; i < 16; i++) {
		uint8_t byte = bytes[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[byte >> 4];
		text[at++] = digits[byte & 15];
	}
	*id = (struct str){text, at};
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
	return header_add(&exchange->request.headers, &exchange->arena, STR("x-request-id"),
			  exchange->request_id);
}

bool edge_request_headers(struct exchange *exchange, uint64_t now_ns)
{
	struct header_list *headers = &exchange->request.headers;

	(void)now_ns;
	/* Only those who are trusted may say such things about a request (Envoy's sanitising). */
	if (exchange->hcm->use_remote_address) {
		static const struct str untrusted[] = {
			{"x-envoy-internal", 16},
			{"x-envoy-expected-rq-timeout-ms", 30},
			{"x-envoy-attempt-count", 21},
			{"x-envoy-original-path", 21},
		};

		for (uint32_t i = 0; i < headers->count; i++)
			if (headers->items[i].id >= HEADER_X_ENVOY_ORIGINAL_PATH)
				for (uint32_t k = 0; k < ARRAY_LEN(untrusted); k++)
					if (str_equal_nocase(headers->items[i].name, untrusted[k]))
						headers->items[i].removed = true;
	}
	if (!add_forwarded_for(exchange) || !set_forwarded_proto(exchange) ||
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
	    !header_add(headers, &exchange->arena, STR("server"), hcm->server_name))
		return false;
	/* RFC 9110 6.6.1 */
	if (!header_find(headers, HEADER_DATE)) {
		struct str date = arena_copy(&exchange->arena, gateway_date(exchange->gateway, now_ns));

		if (!date.data || !header_add(headers, &exchange->arena, STR("date"), date))
			return false;
	}
	return !hcm->via.data ||
	       append_header(exchange, headers, HEADER_VIA, STR("via"), hcm->via);
}
