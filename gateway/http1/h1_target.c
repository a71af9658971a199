#include "gateway/http1/h1_target.h"

#include <string.h>

#include "gateway/http1/h1_class.h"

static bool port_valid(const char *p, const char *end)
{
	uint32_t port = 0;

	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (uint32_t)(*p - '0');
		if (port > 65535)
			return false;
	}
	return true;
}

/* After "[": hexadecimal digits, ":" and "." up to "]"; where the address is wrong, no domain of a
 * route will match it. */
static const char *ip_literal_end(const char *p, const char *end)
{
	const char *first = p;

	while (p < end && ((*p >= '0' && *p <= ':') || *p == '.' ||
			   ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')))
		p++;
	return p < end && *p == ']' && p > first ? p + 1 : NULL;
}

bool h1_authority_valid(struct str authority)
{
	const char *p = authority.data;
	const char *end = p + authority.length;

	if (authority.length == 0)
		return false;
	if (*p == '[') {
		p = ip_literal_end(p + 1, end);
		if (!p)
			return false;
	} else {
		while (p < end && h1_class[(uint8_t)*p] & H1_CLASS_AUTHORITY)
			p++;
		if (p == authority.data)
			return false;
	}
	return p == end || (*p == ':' && port_valid(p + 1, end));
}

/* RFC 9112 3.2.2: "http://" authority [ path ] [ "?" query ] */
static bool parse_absolute(struct str target, struct message_head *head)
{
	static const struct {
		struct str prefix, scheme;
	} schemes[] = {{STR("http://"), STR("http")}, {STR("https://"), STR("https")}};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		uint32_t skip = schemes[i].prefix.length;

		if (target.length <= skip ||
		    !str_equal_nocase((struct str){target.data, skip}, schemes[i].prefix))
			continue;
		const char *host = target.data + skip;
		const char *end = target.data + target.length;
		const char *p = host;

		while (p < end && *p != '/' && *p != '?')
			p++;
		head->scheme = schemes[i].scheme;
		head->authority = (struct str){host, (uint32_t)(p - host)};
		head->path = (struct str){p, (uint32_t)(end - p)};
		if (p == end) /* RFC 9112 3.2.4: OPTIONS for the server itself */
			head->path = str_equal(head->method, STR("OPTIONS")) ? STR("*") : STR("/");
		return h1_authority_valid(head->authority);
	}
	return false;
}

bool h1_target_parse(struct str target, struct message_head *head)
{
	if (head->method.length == 7 && memcmp(head->method.data, "CONNECT", 7) == 0) {
		/* RFC 9112 3.2.3: authority form, with a port */
		const char *colon = memrchr(target.data, ':', target.length);

		head->authority = target;
		return colon && colon + 1 < target.data + target.length &&
		       h1_authority_valid(target) &&
		       target.data[target.length - 1] != ']';
	}
	if (likely_true(target.data[0] == '/')) {
		head->path = target;
		return true;
	}
	if (target.length == 1 && target.data[0] == '*') {
		head->path = target;
		return str_equal(head->method, STR("OPTIONS"));
	}
	return parse_absolute(target, head);
}
