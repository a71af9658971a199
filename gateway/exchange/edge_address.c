/* Who the client is, as far as it can be trusted (Envoy's documentation of x-forwarded-for). */
#include <string.h>

#include "gateway/exchange/edge_headers.h"

/* Takes the last element off a comma-separated list; false when none is left. */
static bool take_last(struct str *list, struct str *element)
{
	uint32_t end = list->length, start;

	if (!list->data)
		return false;
	for (start = end; start > 0 && list->data[start - 1] != ',';)
		start--;
	*element = (struct str){list->data + start, end - start};
	*list = start ? (struct str){list->data, start - 1} : (struct str){0};
	while (element->length && element->data[0] == ' ') {
		element->data++;
		element->length--;
	}
	while (element->length && element->data[element->length - 1] == ' ')
		element->length--;
	return true;
}

static bool parse(struct str text, struct ip_addr *out)
{
	char copy[IP_ADDR_TEXT_BYTES];

	if (!text.length || text.length >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = 0;
	return ip_addr_parse(copy, out);
}

/* Every trusted proxy has written the address that it saw behind those that it was told. */
struct ip_addr edge_client_address(const struct header_list *headers, uint32_t trusted_hops,
				   struct ip_addr peer)
{
	uint32_t left = trusted_hops;
	struct ip_addr addr;

	for (uint32_t i = headers->count; i > 0 && left > 0; i--) {
		const struct header *header = &headers->items[i - 1];
		struct str list = header->value, element;

		if (header->id != HEADER_X_FORWARDED_FOR || header->removed)
			continue;
		while (left > 0 && take_last(&list, &element))
			if (--left == 0 && parse(element, &addr))
				return addr;
	}
	return peer;
}
