/* foilctl trace: its screen, its end, its mistakes. */
#include <stdio.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/admin/http_server.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/foilctl_run.h"

#define EVENT(at, worker, conn, side, layer, depth, text)                                          \
	"{\"unix_ns\":" at ",\"worker\":" worker ",\"conn\":\"" conn "\",\"side\":\"" side          \
	"\",\"layer\":\"" layer "\",\"depth\":" depth ",\"event\":\"X\",\"text\":\"" text "\"}"

static struct {
	char arguments[512];
	unsigned reads, stops;
	unsigned done_at;
	unsigned lost;
	bool nothing;
	bool rubbish;
	bool refuse;
} server;

static void serve_start(void *context, const struct http_request *request,
			struct http_response *response)
{
	static const char *const names[] = {"address", "src", "dst", "port", "sport", "dport",
					    "listener", "path", "conn", "count"};

	server.arguments[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = http_request_argument(request, names[i]);
		size_t at = strlen(server.arguments);

		if (value)
			snprintf(server.arguments + at, sizeof(server.arguments) - at, "%s=%s ",
				 names[i], value);
	}
	if (server.refuse)
		http_response_error(response, 409, "4 traces run already");
	else
		text_add(&response->body, "{\"id\":7}\n");
}

static void serve_read(void *context, const struct http_request *request,
		       struct http_response *response)
{
	bool first = server.reads++ == 0 && !server.nothing;

	CU_ASSERT_STRING_EQUAL(http_request_argument(request, "id"), "7");
	if (server.rubbish) {
		text_add(&response->body, "{}");
		return;
	}
	text_add(&response->body, "{\"events\":[");
	if (first)
		text_add(&response->body,
			 EVENT("1000000", "0", "3fa9c1d", "client", "link", "0",
			       "in on front: SYN seq 1 ack 0") ",\n"
			 EVENT("1000000", "0", "3fa9c1d", "client", "tcp", "2",
			       "CLOSED -> SYN-RECEIVED") ",\n"
			 EVENT("1500000", "12", "3fa9c1d", "upstream", "pool", "6",
			       "a text so long that it has to go on in the next line at its place"));
	text_printf(&response->body, "],\"begun\":%u,\"ended\":0,\"lost\":%u,\"done\":%s}",
		    server.nothing ? 0 : 1, server.lost,
		    server.done_at && server.reads >= server.done_at ? "true" : "false");
}

static void serve_stop(void *context, const struct http_request *request,
		       struct http_response *response)
{
	server.stops++;
	text_add(&response->body, "OK\n");
}

static struct admin *admin;

static void begin(void)
{
	static const struct admin_extra extras[] = {
		{"/hydrofoil/trace/start", true, serve_start, ""},
		{"/hydrofoil/trace/read", false, serve_read, ""},
		{"/hydrofoil/trace/stop", true, serve_stop, ""},
	};
	struct admin_params params = {.address = "127.0.0.1:0", .extras = extras,
				      .extra_count = ARRAY_LEN(extras)};
	struct why why;

	memset(&server, 0, sizeof(server));
	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
}

static void a_screen_of_80_columns(void)
{
	begin();
	server.done_at = 3;
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "--admin", admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"       MS   W   LAYER    EVENT\n"
		"    0.000   0   link     in on front: SYN seq 1 ack 0\n"
		"            0   tcp        CLOSED -> SYN-RECEIVED\n"
		"    0.500  12 > pool           a text so long that it has to go on in the next\n"
		"                                 line at its place\n");
	CU_ASSERT_STRING_EQUAL(foilctl_err, "");
	CU_ASSERT_STRING_EQUAL(server.arguments, "");
	CU_ASSERT_EQUAL(server.stops, 1);
	CU_ASSERT_EQUAL(server.reads, 8); /* the third is the last but what follows an end */
	admin_stop(admin);
}

static void wide_screens_and_several_connections(void)
{
	begin();
	server.done_at = 1;
	server.lost = 5;
	CU_ASSERT_EQUAL(FOILCTL(200, "trace", "-n", "2", "-a", "10.0.0.0/8", "--path", "/a b", "-l",
				"web", "--admin", admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"       MS  CONN      W   LAYER    EVENT\n"
		"    0.000  3fa9c1d   0   link     in on front: SYN seq 1 ack 0\n"
		"           3fa9c1d   0   tcp          CLOSED -> SYN-RECEIVED\n"
		"    0.500  3fa9c1d  12 > pool                 a text so long that it has to go on in "
		"the next line at its place\n");
	CU_ASSERT_STRING_EQUAL(foilctl_err, "5 events were lost: they came faster than they were "
					    "read\n");
	CU_ASSERT_STRING_EQUAL(server.arguments,
			       "address=10.0.0.0/8 listener=web path=/a b count=2 ");
	admin_stop(admin);
}

static void programs_get_an_event_a_line(void)
{
	begin();
	server.done_at = 1;
	CU_ASSERT_EQUAL(FOILCTL(0, "trace", "--json", "--conn", "3fa9c1d", "--admin",
				admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "{\"unix_ns\":1000000,\"worker\":0,\"conn\":", 37), 0);
	unsigned lines = 0;

	for (const char *at = foilctl_out; (at = strchr(at, '\n')); at++)
		lines++;
	CU_ASSERT_EQUAL(lines, 3);
	CU_ASSERT_STRING_EQUAL(server.arguments, "conn=3fa9c1d ");
	admin_stop(admin);
}

static void it_ends_with_its_time_and_by_the_user(void)
{
	begin();
	server.nothing = true;
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "-t", "1s", "--admin", admin_address(admin)),
			FOILCTL_OK);
	CU_ASSERT_EQUAL(server.reads, 22); /* every 50 ms, and once more at the end */
	CU_ASSERT_EQUAL(server.stops, 1);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "");
	CU_ASSERT_STRING_EQUAL(foilctl_err, "No connection that fits came.\n");
	server.reads = 0;
	foilctl_rests = 3;
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "--path", "/x", "--admin", admin_address(admin)),
			FOILCTL_OK);
	CU_ASSERT_EQUAL(server.reads, 4);
	CU_ASSERT_EQUAL(server.stops, 2);
	CU_ASSERT_STRING_EQUAL(foilctl_err, "No request that fits came.\n");
	foilctl_rests = 0;
	admin_stop(admin);
}

static void what_goes_wrong_is_said(void)
{
	begin();
	server.refuse = true;
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "--admin", admin_address(admin)), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "4 traces run already"));
	CU_ASSERT_EQUAL(server.stops, 0);
	server.refuse = false;
	server.rubbish = true;
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "--admin", admin_address(admin)), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "not understood"));
	CU_ASSERT_EQUAL(server.stops, 1);
	admin_stop(admin);
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "--admin", "127.0.0.1:1"), FOILCTL_FAILED);
	CU_ASSERT_EQUAL(FOILCTL(80, "trace", "-n", "x"), FOILCTL_USAGE);
}

UNIT_TESTS(UNIT_TEST(a_screen_of_80_columns), UNIT_TEST(wide_screens_and_several_connections),
	   UNIT_TEST(programs_get_an_event_a_line),
	   UNIT_TEST(it_ends_with_its_time_and_by_the_user), UNIT_TEST(what_goes_wrong_is_said))
