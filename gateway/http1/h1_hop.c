#include "gateway/http1/h1_hop.h"

#include <string.h>

#define BIT(id) (UINT64_C(1) << HEADER_##id)
#define HOP_HEADERS                                                                                \
	(BIT(CONNECTION) | BIT(KEEP_ALIVE) | BIT(PROXY_CONNECTION) | BIT(TRANSFER_ENCODING) |      \
	 BIT(TE) | BIT(UPGRADE))

static bool has_prefix(struct str name, struct str prefix)
{
	return name.length >= prefix.length &&
	       str_equal_nocase((struct str){name.data, prefix.length}, prefix);
}

static bool may_be_named(struct str name)
{
	return !str_equal_nocase(name, STR("content-length")) &&
	       !str_equal_nocase(name, STR("host")) &&
	       !str_equal_nocase(name, STR("cache-control")) &&
	       !str_equal_nocase(name, STR("x-request-id")) &&
	       !has_prefix(name, STR("x-forwarded-")) && !has_prefix(name, STR("x-envoy-")) &&
	       !(name.length > 0 && name.data[0] == ':');
}

static bool remove_named(struct header_list *headers, struct str value)
{
	const char *p = value.data;
	const char *end = p + value.length;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *from = p;
		const char *to = comma ? comma : end;

		p = comma ? comma + 1 : end;
		while (from < to && (*from == ' ' || *from == '\t'))
			from++;
		while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		struct str name = {from, (uint32_t)(to - from)};
		enum header_id id = header_id_find(name);

		if (!may_be_named(name))
			return false;
		/* What is hop-by-hop anyway has its own rules below. */
		if (!(HOP_HEADERS & UINT64_C(1) << id))
			header_remove(headers, name);
	}
	return true;
}

bool h1_hop_remove(struct header_list *headers, bool keep_upgrade)
{
	uint64_t hop = keep_upgrade ? HOP_HEADERS & ~BIT(UPGRADE) : HOP_HEADERS;

	if (!(headers->ids_seen & hop))
		return true;
	for (uint32_t i = 0; i < headers->count; i++) {
		struct header *header = &headers->items[i];

		if (header->removed || !(hop & UINT64_C(1) << header->id))
			continue;
		if (header->id == HEADER_CONNECTION && !remove_named(headers, header->value))
			return false;
		if (header->id != HEADER_TE || !str_equal_nocase(header->value, STR("trailers")))
			header->removed = true;
	}
	return true;
}
