#include "dataplane/foilctl/foilctl.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/foilctl/table.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/foilctl_run.h"

static void drops_are_explained_most_frequent_first(void)
{
	struct segment *segment = fixture_segment();

	segment_worker(segment, 1)->drops->count[DROP_TCP_BACKLOG_FULL] = 1234;
	CU_ASSERT_EQUAL(FOILCTL(0, "drops", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "COUNT  REASON            WHAT IT MEANS\n"
				    " 1234  TCP_BACKLOG_FULL  SYN over the listener's backlog\n"
				    "   13  TCP_CHECKSUM      TCP checksum is wrong\n");
	CU_ASSERT_STRING_EQUAL(foilctl_err, "");
	CU_ASSERT_EQUAL(FOILCTL(0, "drops", "--json", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out, "{\"drops\":[\n"
		     "{\"reason\":\"TCP_BACKLOG_FULL\",\"count\":1234,\"workers\":[0,1234],"
		     "\"help\":\"SYN over the listener's backlog\"},\n"
		     "{\"reason\":\"TCP_CHECKSUM\",\"count\":13,\"workers\":[11,2],"
		     "\"help\":\"TCP checksum is wrong\"}\n]}\n");
	segment_destroy(segment);
}

static void all_drops_fit_into_80_columns(void)
{
	struct segment *segment = fixture_segment();
	unsigned lines = 0;

	CU_ASSERT_EQUAL(FOILCTL(80, "drops", "-a", "--segment", fixture_path()), FOILCTL_OK);
	for (const char *line = foilctl_out; *line; line = strchr(line, '\n') + 1, lines++)
		CU_ASSERT(strcspn(line, "\n") <= 80);
	CU_ASSERT(lines >= DROP_REASON_COUNT);
	segment_destroy(segment);
}

static void nothing_dropped_is_said(void)
{
	struct segment *segment = fixture_segment();

	memset(segment_worker(segment, 0)->drops, 0, sizeof(struct drop_counters));
	memset(segment_worker(segment, 1)->drops, 0, sizeof(struct drop_counters));
	CU_ASSERT_EQUAL(FOILCTL(80, "drops", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "Nothing was dropped (-a shows", 29), 0);
	segment_destroy(segment);
}

static void counters_are_found_by_pattern(void)
{
	struct segment *segment = fixture_segment();

	CU_ASSERT_EQUAL(FOILCTL(0, "stat", "http|listener\\.", "--nonzero", "--segment",
			    fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "VALUE  NAME\n"
				    "    9  http.ingress.downstream_rq_2xx\n"
				    "    1  http.ingress.downstream_rq_active\n"
				    "    2  listener.0.0.0.0_8080.downstream_cx_total\n"
			       "    2  listener.0.0.0.0_8080.worker_0.downstream_cx_total\n");
	CU_ASSERT_EQUAL(FOILCTL(0, "stat", "--json", "rx_frames$", "--segment", fixture_path(),
			    "--nonzero"), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "{\"stats\":[\n"
				    "{\"name\":\"hydrofoil.port.eth0.rx_frames\",\"value\":77,"
				    "\"type\":\"counter\",\"help\":\"frames received\"}\n]}\n");
	CU_ASSERT_EQUAL(FOILCTL(0, "stat", "nosuchthing", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "No counter matches.\n");
	CU_ASSERT_EQUAL(FOILCTL(0, "stat", "(", "--segment", fixture_path()), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "not a regular expression"));
	segment_destroy(segment);
}

static bool two_connections(void *context, struct admin_connections *found, struct why *why)
{
	struct stream_info info = {.transport = "tcp", .state = "ESTABLISHED", .rx_bytes = 999,
				   .tx_bytes = 1234567, .srtt_us = 180,
				   .blocked = STREAM_BLOCKED_PEER_WINDOW};

	info.key.local = ip_addr_from_v4(0x0a000001);
	info.key.local_port = 8080;
	info.key.remote = ip_addr_from_v4(0x0a000002);
	info.key.remote_port = 4711;
	admin_connections_add(found, 0, &info, 9000);
	info.state = "SYN-SENT";
	info.srtt_us = 0;
	info.blocked = STREAM_BLOCKED_OPENING;
	admin_connections_add(found, 11, &info, 9000);
	found->total = 5;
	return true;
}

static uint32_t nine_seconds(void *context)
{
	return 9000;
}

static void connections_are_shown_as_a_table(void)
{
	struct segment *segment = fixture_segment();
	struct admin_params params = {.address = "127.0.0.1:0",
				      .segment_name = fixture_path(),
				      .callbacks = {.connections = two_connections,
						    .now_ms = nine_seconds}};
	struct admin *admin;
	struct why why;

	CU_ASSERT_EQUAL(FOILCTL(0, "conns", "--segment", fixture_path()), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "has no admin server"));
	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
	segment_set_admin(segment, admin_address(admin));
	CU_ASSERT_EQUAL(FOILCTL(80, "conns", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"STATE        LOCAL          REMOTE          RX    TX    RTT  BLOCKED\n"
		"ESTABLISHED  10.0.0.1:8080  10.0.0.2:4711  999  1.2M  180us  window\n"
		"SYN-SENT     10.0.0.1:8080  10.0.0.2:4711  999  1.2M      -  opening\n"
		"(3 more)\n");
	CU_ASSERT_EQUAL(FOILCTL(200, "conns", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(
		foilctl_out,
		"\nSYN-SENT     11  10.0.0.1:8080  10.0.0.2:4711  999  1.2M      -    9s  "));
	CU_ASSERT_EQUAL(FOILCTL(80, "conns", "--json", "--admin", admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "{\"total\":5,\"connections\":[\n{\"worker\":0,", 37), 0);
	admin_stop(admin);
	CU_ASSERT_EQUAL(FOILCTL(80, "conns", "--segment", fixture_path()), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "no answer from the admin server 127.0.0.1:"));
	segment_destroy(segment);
}

static void without_a_data_plane_it_says_so(void)
{
	CU_ASSERT_EQUAL(FOILCTL(80, "stat", "--segment", "/dev/shm/foil-no-such"), FOILCTL_FAILED);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "");
	CU_ASSERT_STRING_EQUAL(foilctl_err, "foilctl: /dev/shm/foil-no-such does not exist: no hydrofoil "
				    "runs here (or under another name; see --segment)\n");
	CU_ASSERT_EQUAL(FOILCTL(80, "drops", "--segment", "foil-no-such"), FOILCTL_FAILED);
	CU_ASSERT_EQUAL(FOILCTL(80, "conns", "--segment", "foil-no-such"), FOILCTL_FAILED);
}

static void numbers_are_short(void)
{
	static const struct {
		uint64_t number;
		const char *text;
	} cases[] = {{0, "0"},
		     {999, "999"},
		     {1000, "1.0K"},
		     {12345, "12.3K"},
		     {99949, "99.9K"},
		     {99950, "100K"},
		     {999499, "999K"},
		     {999500, "1.0M"},
		     {UINT64_MAX, "18.4E"}};
	char text[8];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		table_short_number(cases[i].number, text);
		CU_ASSERT_STRING_EQUAL(text, cases[i].text);
	}
}

UNIT_TESTS(UNIT_TEST(drops_are_explained_most_frequent_first),
	   UNIT_TEST(all_drops_fit_into_80_columns), UNIT_TEST(nothing_dropped_is_said),
	   UNIT_TEST(counters_are_found_by_pattern), UNIT_TEST(connections_are_shown_as_a_table),
	   UNIT_TEST(without_a_data_plane_it_says_so), UNIT_TEST(numbers_are_short))
