/* Envoy's command operators: every one, what is refused and where, JSON, cutting, time. */
#include "gateway/log/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/log/format_ops.h"
#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static struct header request_headers[] = {
	{.name = STR("User-Agent"), .value = STR("curl/8 \"x\""), .id = HEADER_USER_AGENT},
	{.name = STR("X-Mine"), .value = STR("0123456789"), .id = HEADER_OTHER},
	{.name = STR("X-Empty"), .value = STR(""), .id = HEADER_OTHER},
	{.name = STR("X-Bytes"), .value = STR("\xc3\xa4\xff\t\\"), .id = HEADER_OTHER},
};
static struct header response_headers[] = {
	{.name = STR("server"), .value = STR("nginx"), .id = HEADER_SERVER},
};

static const struct message_head request = {
	.version = HTTP_1_1,
	.method = STR("GET"),
	.path = STR("/a?b"),
	.authority = STR("host:8080"),
	.headers = {request_headers, ARRAY_LEN(request_headers), ARRAY_LEN(request_headers), ~0ul}};
static const struct message_head response = {
	.status = 200,
	.headers = {response_headers, 1, 1, ~0ul}};

static struct stream_info downstream, upstream;

static struct log_context context(void)
{
	CU_ASSERT_FATAL(ip_addr_parse("10.0.0.1", &downstream.key.local));
	CU_ASSERT_FATAL(ip_addr_parse("2001:db8::1", &downstream.key.remote));
	downstream.key.local_port = 80;
	downstream.key.remote_port = 40000;
	CU_ASSERT_FATAL(ip_addr_parse("10.0.0.2", &upstream.key.local));
	CU_ASSERT_FATAL(ip_addr_parse("10.0.0.3", &upstream.key.remote));
	upstream.key.local_port = 1234;
	upstream.key.remote_port = 8080;
	return (struct log_context){.request = &request,
				    .response = &response,
				    .downstream = &downstream,
				    .upstream = &upstream,
				    .upstream_host = STR("10.0.0.3:8080"),
				    .cluster_name = STR("c"),
				    .route_name = STR("r"),
				    .virtual_host_name = STR("v"),
				    .response_code_details = STR("via upstream"),
				    .upstream_failure_reason = STR("a\tb"),
				    .request_id = STR("id-1"),
				    .protocol = HTTP_1_1,
				    .status = 200,
				    .bytes_received = 7,
				    .bytes_sent = 1024,
				    .start_wall_ns = UINT64_C(1481821627018123456),
				    .duration_ns = 12999999,
				    .request_duration_ns = 1,
				    .response_duration_ns = 5000000,
				    .upstream_service_time_ns = 4000000,
				    .attempts = 2};
}

static void expect(const char *format_text, const struct log_context *from, const char *expected)
{
	struct why why = {""};
	struct log_format *format = log_format_compile(format_text, &why);
	char out[2048];

	if (!format)
		printf("# %s: %s\n", format_text, why.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(format);
	uint32_t length = log_format_write(format, from, out, sizeof(out));

	if (length != strlen(expected) || memcmp(out, expected, length) != 0)
		printf("# %s: %.*s, not %s\n", format_text, (int)length, out, expected);
	CU_ASSERT(length == strlen(expected) && memcmp(out, expected, length) == 0);
	/* Cut at every size, flush against a page that may not be written. */
	for (uint32_t size = 0; size < length; size += length / 16 + 1) {
		char *cut = guard_copy(out, size, 1);

		memset(cut, 0, size);
		CU_ASSERT_EQUAL(log_format_write(format, from, cut, size), size);
		CU_ASSERT_EQUAL(memcmp(cut, expected, size), 0);
		guard_free(cut, size, 1);
	}
	log_format_free(format);
}

static void every_command_writes_its_value(void)
{
	static const char *const cases[][2] = {
		{"%START_TIME%", "2016-12-15T17:07:07.018Z"},
		{"%START_TIME(%s.%3f)%", "1481821627.018"},
		{"%START_TIME(%d/%b/%Y:%T %z):8%", "15/Dec/2"},
		{"%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(host)%", "GET /a?b host:8080 host:8080"},
		{"%REQ(X-MINE):3%", "012"},
		{"%REQ(NOT-THERE?x-mine)% %REQ(NOT-THERE)% %REQ(x-empty)%|", "0123456789 - |"},
		{"%REQ(X-REQUEST-ID)%", "id-1"},
		{"%RESP(SERVER)% %RESP(:STATUS)% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", "nginx 200 4"},
		{"%TRAILER(grpc-status)%", "-"},
		{"%PROTOCOL%", "HTTP/1.1"},
		{"%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%", "200 via_upstream"},
		{"%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%", "- -"},
		{"%BYTES_RECEIVED% %BYTES_SENT%", "7 1024"},
		{"%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%", "12 0 5 7"},
		{"%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%", "10.0.0.3:8080 c c"},
		{"%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %UPSTREAM_LOCAL_PORT%",
		 "10.0.0.2:1234 10.0.0.2 1234"},
		{"%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%",
		 "10.0.0.3:8080 10.0.0.3 8080"},
		{"%UPSTREAM_TRANSPORT_FAILURE_REASON% %UPSTREAM_REQUEST_ATTEMPT_COUNT%", "a_b 2"},
		{"%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%",
		 "[2001:db8::1]:40000 2001:db8::1 40000"},
		{"%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
		 "[2001:db8::1]:40000 2001:db8::1"},
		{"%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT%",
		 "10.0.0.1:80 10.0.0.1 80"},
		{"%ROUTE_NAME% %VIRTUAL_HOST_NAME% %REQUESTED_SERVER_NAME% %STREAM_ID%", "r v - id-1"},
		{"%DYNAMIC_METADATA(a:b)% %FILTER_STATE(k)% %CONNECTION_TERMINATION_DETAILS%", "- - -"},
		{"100%% of %%REQ(A)%%", "100% of %REQ(A)%"},
		{"", ""},
	};
	struct log_context full = context();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i][0], &full, cases[i][1]);
	CU_ASSERT(ip_addr_parse("192.0.2.7", &full.client));
	full.has_client = true;
	expect("%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%",
	       &full, "192.0.2.7:0 192.0.2.7 0");
	expect("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", &full, "[2001:db8::1]:40000");
	full.has_client = false;
	full.response_flags = 1u << RESPONSE_FLAG_BIT_UPSTREAM_RETRY_LIMIT |
			      1u << RESPONSE_FLAG_BIT_UPSTREAM_TERMINATION |
			      1u << RESPONSE_FLAG_BIT_UPSTREAM_TIMEOUT |
			      1u << RESPONSE_FLAG_BIT_NO_ROUTE;
	expect("%RESPONSE_FLAGS%", &full, "URX,UT,UC,NR");
	full.response_flags = 1u << RESPONSE_FLAG_BIT_NO_HEALTHY_UPSTREAM |
			      1u << RESPONSE_FLAG_BIT_UPSTREAM_RETRY_LIMIT;
	expect("%RESPONSE_FLAGS%", &full, "URX,UH");
	expect("%RESPONSE_FLAGS_LONG%", &full, "UpstreamRetryLimitExceeded,NoHealthyUpstream");
	expect(log_format_default, &full,
	       "[2016-12-15T17:07:07.018Z] \"GET /a?b HTTP/1.1\" 200 URX,UH 7 1024 12 4 \"-\" "
	       "\"curl/8 \"x\"\" \"id-1\" \"host:8080\" \"10.0.0.3:8080\"\n");
}

static void what_is_not_known_is_a_dash(void)
{
	const struct log_context empty = {0};

	expect(log_format_default, &empty,
	       "[1970-01-01T00:00:00.000Z] \"- - -\" 0 - 0 0 0 - \"-\" \"-\" \"-\" \"-\" \"-\"\n");
	expect("%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT% %ROUTE_NAME% %TRAILER(a)%", &empty,
	       "- - - -");
}

static void faults_are_refused_with_position_and_name(void)
{
	static const char *const cases[][3] = {
		{"ab %FOO%", "position 3", "%FOO%"},
		{"%req(a)%", "position 0", ""},
		{"50% off", "position 2", ""},
		{"%", "position 0", ""},
		{"%REQ%", "position 0", "header name"},
		{"%REQ()%", "position 5", "header name"},
		{"%REQ(?a)%", "position 5", "header name"},
		{"x%REQ(a", "position 1", "closed"},
		{"%REQ(a):%", "position 0", "LENGTH"},
		{"%REQ(a):0%", "position 0", "LENGTH"},
		{"%REQ(a):1x%", "position 0", "LENGTH"},
		{"%PROTOCOL(x)%", "position", "takes no argument"},
		{"%DURATION", "position 0", "DURATION"},
		{"%START_TIME(%Y %Q)%", "position 15", "START_TIME"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct why why = {""};
		struct log_format *format = log_format_compile(cases[i][0], &why);

		CU_ASSERT_PTR_NULL(format);
		if (!strstr(why.text, cases[i][1]) || !strstr(why.text, cases[i][2]))
			printf("# %s: %s\n", cases[i][0], why.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, cases[i][1]));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, cases[i][2]));
		log_format_free(format);
	}
}

static void json_keeps_types_and_escapes(void)
{
	static const struct log_json_member members[] = {
		{"code", "%RESPONSE_CODE%"},      {"agent", "%REQ(USER-AGENT)%"},
		{"none", "%REQ(NOT-THERE)%"},     {"k\"ey", "lit\"eral\n"},
		{"mixed", "%PROTOCOL% %TRAILER(a)%"}, {"bytes", "%REQ(X-BYTES)%"},
		{"empty", ""},                    {"wait", "%REQUEST_DURATION%"},
		{"port", "%UPSTREAM_LOCAL_PORT%"}};
	struct log_context full = context();
	struct why why;
	char out[1024];
	struct log_format *format = log_format_compile_json(members, ARRAY_LEN(members), &why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(format);
	full.request_duration_ns = 0;
	uint32_t length = log_format_write(format, &full, out, sizeof(out) - 1);

	out[length] = '\0';
	CU_ASSERT_STRING_EQUAL(out, "{\"code\":200,\"agent\":\"curl/8 \\\"x\\\"\",\"none\":null,"
				    "\"k\\\"ey\":\"lit\\\"eral\\u000a\",\"mixed\":\"HTTP/1.1 -\","
				    "\"bytes\":\"\xc3\xa4\\u00ff\\u0009\\\\\",\"empty\":\"\","
				    "\"wait\":null,\"port\":1234}\n");
	log_format_free(format);
	format = log_format_compile_json(NULL, 0, &why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(format);
	CU_ASSERT_EQUAL(log_format_write(format, &full, out, sizeof(out)), 3);
	log_format_free(format);
	const struct log_json_member bad = {"where", "%NOPE%"};

	CU_ASSERT_PTR_NULL(log_format_compile_json(&bad, 1, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "where"));
}

static void time_agrees_with_libc(void)
{
	static const char format[] = "%Y-%m-%d %H:%M:%S %j %a %A %b %B %e %y %I %p %F %T %R %z";
	struct prng prng;

	prng_seed(&prng, 2);
	for (int i = 0; i < 20000; i++) {
		/* Every day of 54 years from 1970 on, then anywhere up to the year 2400. */
		time_t seconds = (time_t)i * 86400 + prng_below(&prng, 86400);
		char ours[256], theirs[256];
		struct tm parts;

		if (i >= 19000)
			seconds = (time_t)(prng_next(&prng) % UINT64_C(13569465600));
		gmtime_r(&seconds, &parts);
		strftime(theirs, sizeof(theirs), format, &parts);
		uint32_t length = log_time_write(STR("%Y-%m-%d %H:%M:%S %j %a %A %b %B %e %y %I %p %F "
						     "%T %R %z"),
						 (uint64_t)seconds * 1000000000u, ours,
						 sizeof(ours) - 1);

		ours[length] = '\0';
		if (strcmp(ours, theirs) != 0)
			printf("# %s, not %s\n", ours, theirs);
		CU_ASSERT_STRING_EQUAL_FATAL(ours, theirs);
	}
	char text[64];

	CU_ASSERT_EQUAL(log_time_write(STR("%f %1f %E9S %%"), 5000000007u, text, sizeof(text)), 26);
	CU_ASSERT_EQUAL(memcmp(text, "000000007 0 05.000000007 %", 26), 0);
	CU_ASSERT_EQUAL(log_time_write(STR("%Y"), 0, text, 2), 2);
}

UNIT_TESTS(UNIT_TEST(every_command_writes_its_value), UNIT_TEST(what_is_not_known_is_a_dash),
	   UNIT_TEST(faults_are_refused_with_position_and_name),
	   UNIT_TEST(json_keeps_types_and_escapes), UNIT_TEST(time_agrees_with_libc))
