#include "gateway/http1/h1_parse.h"

#include <string.h>

#include "gateway/http1/h1_fields.h"
#include "gateway/http1/h1_scan.h"
#include "gateway/http1/h1_target.h"

enum section { SECTION_REQUEST, SECTION_RESPONSE, SECTION_TRAILERS };

static enum h1_result refuse(const char *p, const char *end, enum h1_result result)
{
	return memchr(p, '\n', (size_t)(end - p)) ? result : H1_MORE;
}

/* "HTTP/1.1" at p, 8 bytes of it there (RFC 9112 2.3).  A later minor version is read as 1.1, as
 * RFC 9110 2.5 asks for. */
static enum h1_result parse_version(const char *p, enum h1_result malformed,
				    enum http_version *version)
{
	uint8_t major = (uint8_t)(p[5] - '0');
	uint8_t minor = (uint8_t)(p[7] - '0');

	if (memcmp(p, "HTTP/", 5) != 0 || major > 9 || p[6] != '.' || minor > 9)
		return malformed;
	*version = minor == 0 ? HTTP_1_0 : HTTP_1_1;
	return major == 1 ? H1_DONE : H1_BAD_VERSION;
}

/* RFC 9112 3: method SP request-target SP HTTP-version CRLF */
static enum h1_result parse_request_line(const char *begin, const char *p, const char *end,
					 struct message_head *head, const char **next)
{
	const char *line = p;
	const char *method_end = h1_scan_token(begin, p, end);

	if (method_end == end)
		return H1_MORE;
	if (method_end == p || *method_end != ' ')
		return refuse(line, end, H1_BAD_REQUEST_LINE);
	const char *target = method_end + 1;
	const char *target_end = h1_scan_target(begin, target, end);

	if (target_end == end)
		return H1_MORE;
	if (target_end == target || *target_end != ' ')
		return refuse(line, end, H1_BAD_REQUEST_LINE);
	p = target_end + 1;
	if (end - p < 10)
		return refuse(line, end, H1_BAD_REQUEST_LINE);
	head->method = (struct str){line, (uint32_t)(method_end - line)};
	enum h1_result result = parse_version(p, H1_BAD_REQUEST_LINE, &head->version);

	if (p[8] != '\r' || p[9] != '\n')
		return refuse(line, end, H1_BAD_REQUEST_LINE);
	if (result != H1_DONE)
		return result;
	*next = p + 10;
	return h1_target_parse((struct str){target, (uint32_t)(target_end - target)}, head)
		       ? H1_DONE
		       : H1_BAD_REQUEST_LINE;
}

/* RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ] CRLF.  The SP after the code may be
 * missing where the reason is, as many servers send it. */
static enum h1_result parse_status_line(const char *begin, const char *p, const char *end,
					struct message_head *head, const char **next)
{
	const char *line_end = h1_scan_value(begin, p, end);

	if (line_end == end || (*line_end == '\r' && end - line_end < 2))
		return H1_MORE;
	if (line_end[0] != '\r' || line_end[1] != '\n' || line_end - p < 12)
		return refuse(p, end, H1_BAD_STATUS_LINE);
	enum h1_result result = parse_version(p, H1_BAD_STATUS_LINE, &head->version);

	if (result != H1_DONE)
		return result;
	uint32_t status = 0;

	for (int i = 9; i < 12; i++) {
		uint8_t digit = (uint8_t)(p[i] - '0');

		if (digit > 9)
			return H1_BAD_STATUS_LINE;
		status = status * 10 + digit;
	}
	/* RFC 9110 15: codes outside of 100 to 599 are invalid */
	if (p[8] != ' ' || (line_end - p > 12 && p[12] != ' ') || status < 100 || status > 599)
		return H1_BAD_STATUS_LINE;
	head->status = (uint16_t)status;
	*next = line_end + 2;
	return H1_DONE;
}

static enum h1_result parse_start_line(enum section section, const char *begin, const char *p,
				       const char *end, struct message_head *head,
				       const char **next)
{
	if (section == SECTION_REQUEST)
		return parse_request_line(begin, p, end, head, next);
	return parse_status_line(begin, p, end, head, next);
}

/* RFC 9112 2.2: one empty line before a request line is skipped. */
static uint32_t start_of(enum section section, const char *data, uint32_t length)
{
	return section == SECTION_REQUEST && length >= 2 && data[0] == '\r' && data[1] == '\n' ? 2
												: 0;
}

/* Later calls: only lines that have become complete are looked at, each once, and nothing is kept.
 * H1_DONE = the section is complete. */
static enum h1_result resume(enum section section, const char *data, uint32_t usable,
			     uint32_t *scanned)
{
	uint32_t start = start_of(section, data, usable);
	enum h1_result result = H1_DONE;

	while (*scanned < usable) {
		const char *lf = memchr(data + *scanned, '\n', usable - *scanned);

		if (!lf)
			break;
		const char *before = memrchr(data, '\n', (size_t)(lf - data));
		const char *line = before ? before + 1 : data;
		struct message_head unused = {0};
		const char *next;

		*scanned = (uint32_t)(lf + 1 - data);
		if (*scanned <= start)
			continue;
		if (line == data + start && section != SECTION_TRAILERS)
			result = parse_start_line(section, data, line, lf + 1, &unused, &next);
		else if (lf - line == 1 && *line == '\r')
			return H1_DONE;
		else
			result = h1_field_check(data, line, lf + 1, &next);
		if (result != H1_DONE)
			return result;
	}
	*scanned = usable;
	return H1_MORE;
}

/* Parses the section up to its empty line. */
static enum h1_result parse_section(enum section section, const char *data, uint32_t length,
				    const struct h1_limits *limits, uint32_t *scanned,
				    struct message_head *head, struct h1_fields *fields,
				    uint32_t *consumed)
{
	uint32_t usable = length < limits->head_bytes_max ? length : limits->head_bytes_max;
	const char *end = data + usable;
	const char *p = data + start_of(section, data, usable);
	enum h1_result result = *scanned > 0 ? resume(section, data, usable, scanned) : H1_DONE;

	if (result == H1_DONE && section != SECTION_TRAILERS) {
		/* What can't be HTTP/1 at all (a TLS ClientHello) is refused by its first byte. */
		if (usable > 0 && data[0] != '\r' && !(h1_class[(uint8_t)data[0]] & H1_CLASS_TOKEN))
			return section == SECTION_REQUEST ? H1_BAD_REQUEST_LINE
							  : H1_BAD_STATUS_LINE;
		result = parse_start_line(section, data, p, end, head, &p);
	}
	if (result == H1_DONE)
		result = h1_fields_parse(fields, data, p, end, &p);
	if (result == H1_MORE) {
		*scanned = usable;
		return usable == limits->head_bytes_max ? H1_TOO_LARGE : H1_MORE;
	}
	if (result != H1_DONE)
		return result;
	*consumed = (uint32_t)(p - data);
	return fields->count > limits->headers_max ? H1_TOO_MANY : H1_DONE;
}

/* RFC 9112 6.1, 6.3: contradictions that a second reader might resolve otherwise. */
static enum h1_result check_framing(const struct h1_fields *fields, enum http_version version)
{
	if (fields->bad_length)
		return H1_BAD_FRAMING;
	if (!fields->has_coding)
		return H1_DONE;
	if (fields->has_length)
		return H1_TWO_FRAMINGS;
	if (fields->bad_coding_order || version == HTTP_1_0)
		return H1_BAD_FRAMING;
	return fields->unknown_coding ? H1_BAD_TRANSFER_CODING : H1_DONE;
}

static void set_connection(const struct h1_fields *fields, struct message_head *head)
{
	/* RFC 9112 9.3 */
	head->keep_alive = !fields->close && (head->version != HTTP_1_0 || fields->keep_alive);
}

static void set_framing(const struct h1_fields *fields, struct message_head *head,
			enum body_framing otherwise)
{
	head->content_length_bytes = fields->has_length ? fields->content_length_bytes : 0;
	if (fields->chunked)
		head->framing = BODY_CHUNKED;
	else if (fields->has_length)
		head->framing = fields->content_length_bytes > 0 ? BODY_LENGTH : BODY_NONE;
	else
		head->framing = otherwise;
}

static enum h1_result finish_request(struct h1_fields *fields, struct message_head *head)
{
	/* RFC 9112 3.2 */
	if (fields->hosts == 0 && head->version != HTTP_1_0)
		return H1_NO_HOST;
	if (fields->hosts > 1 || (fields->hosts == 1 && !h1_authority_valid(fields->host)))
		return H1_BAD_HOST;
	if (!head->authority.data) /* RFC 9112 3.2.2: the target's authority wins */
		head->authority = fields->host;
	enum h1_result result = check_framing(fields, head->version);

	if (result != H1_DONE)
		return result;
	set_framing(fields, head, BODY_NONE);
	set_connection(fields, head);
	if (head->version != HTTP_1_0) {
		/* RFC 9110 7.8, 10.1.1: neither means anything in HTTP/1.0 */
		head->upgrade = fields->names_upgrade && fields->has_upgrade;
		head->expect_continue = fields->expect_continue;
	}
	if (unlikely_true(head->path.length > 0 && head->path.data[0] == '?')) {
		char *path = arena_alloc(fields->arena, head->path.length + 1);

		if (!path)
			return H1_NO_MEMORY;
		path[0] = '/';
		memcpy(path + 1, head->path.data, head->path.length);
		head->path = (struct str){path, head->path.length + 1};
	}
	return H1_DONE;
}

enum h1_result h1_parse_request(const char *data, uint32_t length, const struct h1_limits *limits,
				struct arena *arena, uint32_t *scanned, struct message_head *head,
				uint32_t *consumed)
{
	*head = (struct message_head){0};
	struct h1_fields fields = {
		.list = &head->headers, .arena = arena, .headers_max = limits->headers_max};
	enum h1_result result = parse_section(SECTION_REQUEST, data, length, limits, scanned, head,
					      &fields, consumed);

	return result == H1_DONE ? finish_request(&fields, head) : result;
}

/* RFC 9112 6.3 (1, 2) */
static enum h1_result finish_response(struct h1_fields *fields, struct message_head *head,
				      struct str method)
{
	bool connect = str_equal(method, STR("CONNECT"));
	uint16_t status = head->status;

	set_connection(fields, head);
	if (connect && status >= 200 && status <= 299) {
		/* RFC 9110 9.3.6: what the fields say about a body is ignored, and goes no further */
		header_remove(&head->headers, STR("content-length"));
		head->framing = BODY_NONE;
		head->upgrade = true;
		return H1_DONE;
	}
	enum h1_result result = check_framing(fields, head->version);

	if (result != H1_DONE)
		return result;
	if (status < 200 || status == 204) {
		/* RFC 9110 8.6, RFC 9112 6.1: no framing fields here; a length of 0 does no harm */
		if (fields->has_coding || (fields->has_length && fields->content_length_bytes > 0))
			return H1_BAD_FRAMING;
		head->upgrade = status == 101;
		head->framing = BODY_NONE;
		return H1_DONE;
	}
	set_framing(fields, head, BODY_UNTIL_CLOSE);
	if (status == 304 || str_equal(method, STR("HEAD")))
		head->framing = BODY_NONE;
	if (head->framing == BODY_UNTIL_CLOSE)
		head->keep_alive = false;
	return H1_DONE;
}

enum h1_result h1_parse_response(const char *data, uint32_t length, const struct h1_limits *limits,
				 struct arena *arena, struct str request_method, uint32_t *scanned,
				 struct message_head *head, uint32_t *consumed)
{
	*head = (struct message_head){0};
	struct h1_fields fields = {
		.list = &head->headers, .arena = arena, .headers_max = limits->headers_max};
	enum h1_result result = parse_section(SECTION_RESPONSE, data, length, limits, scanned, head,
					      &fields, consumed);

	return result == H1_DONE ? finish_response(&fields, head, request_method) : result;
}

enum h1_result h1_parse_trailers(const char *data, uint32_t length, const struct h1_limits *limits,
				 struct arena *arena, uint32_t *scanned, struct header_list *trailers,
				 uint32_t *consumed)
{
	*trailers = (struct header_list){0};
	struct h1_fields fields = {.list = trailers,
				   .arena = arena,
				   .headers_max = limits->headers_max,
				   .trailers = true};

	return parse_section(SECTION_TRAILERS, data, length, limits, scanned, NULL, &fields,
			     consumed);
}
