#include "dataplane/exporter/exporter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/http_get.h"

static bool scrape_has(struct exporter *exporter, const char *line)
{
	struct text out = {0};

	exporter_scrape(exporter, false, &out);
	bool found = strstr(out.data, line) != NULL;

	text_free(&out);
	return found;
}

static void it_survives_absence_and_restart_of_the_data_plane(void)
{
	struct exporter exporter = {.segment_name = fixture_path()};

	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_up 0\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(exporter.trouble.text, "no hydrofoil runs here"));
	struct segment *first = fixture_segment();

	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_up 1\n"));
	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_tcp_segments_in_total 100\n"));
	segment_destroy(first);
	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_up 0\n"));
	CU_ASSERT_FALSE(scrape_has(&exporter, "hydrofoil_tcp_segments_in_total"));
	struct segment *second = fixture_segment();

	segment_worker(second, 0)->tcp->segments_in = 5;
	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_tcp_segments_in_total 5\n"));
	segment_destroy(second);
	exporter_close(&exporter);
}

static void another_build_is_refused_by_name(void)
{
	struct exporter exporter = {.segment_name = fixture_path()};
	struct segment *segment = fixture_segment();
	uint64_t hash = 1;
	int fd = open(fixture_path(), O_RDWR);

	CU_ASSERT_EQUAL(pwrite(fd, &hash, 8, offsetof(struct segment_header, layout_hash)), 8);
	close(fd);
	CU_ASSERT(scrape_has(&exporter, "\nhydrofoil_up 0\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(exporter.trouble.text, "another build"));
	segment_destroy(segment);
	exporter_close(&exporter);
}

static void it_is_smaller_for_who_reads_gzip(void)
{
	struct exporter exporter = {.segment_name = fixture_path()};
	struct segment *segment = fixture_segment();
	struct http_server *server;
	struct why why;
	const char *body;

	CU_ASSERT_FATAL(http_server_start(&server, "127.0.0.1:0", exporter_handle, &exporter, &why));
	char *answer = http_ask(http_server_address(server), "GET", "/metrics",
				"accept-encoding: gzip, deflate\r\n", &body);

	CU_ASSERT_PTR_NOT_NULL(strcasestr(answer, "\r\ncontent-encoding: gzip\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strcasestr(answer, "\r\nvary: accept-encoding\r\n"));
	CU_ASSERT(memcmp(body, "\x1f\x8b", 2) == 0);
	free(answer);
	answer = http_ask(http_server_address(server), "GET", "/metrics", "", &body);
	CU_ASSERT_PTR_NULL(strcasestr(answer, "content-encoding"));
	CU_ASSERT(strncmp(body, "# HELP hydrofoil_up", 19) == 0);
	free(answer);
	answer = http_ask(http_server_address(server), "GET", "/healthz", "accept-encoding: gzip\r\n",
			  &body);
	CU_ASSERT_STRING_EQUAL(body, "ok\n");
	free(answer);
	http_server_stop(server);
	exporter_close(&exporter);
	segment_destroy(segment);
}

static void it_serves_what_is_asked_for(void)
{
	struct exporter exporter = {.segment_name = fixture_path()};
	struct segment *segment = fixture_segment();
	struct http_server *server;
	struct why why;
	const char *body;

	CU_ASSERT_FATAL(
		http_server_start(&server, "127.0.0.1:0", exporter_handle, &exporter, &why));
	const char *address = http_server_address(server);
	char *text = http_ask(address, "GET", "/metrics", "", &body);
	char *open = http_ask(address, "GET", "/metrics",
			      "accept: application/openmetrics-text;version=1.0.0\r\n", &body);
	const char *end = body + strlen(body) - strlen("# EOF\n");

	CU_ASSERT_STRING_EQUAL(end, "# EOF\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "text/plain; version=0.0.4"));
	CU_ASSERT_PTR_NOT_NULL(strstr(open, "application/openmetrics-text; version=1.0.0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(open, "\n# TYPE hydrofoil_drops counter\n"));
	char *health = http_ask(address, "GET", "/healthz", "", &body);

	CU_ASSERT_STRING_EQUAL(body, "ok\n");
	char *missing = http_ask(address, "GET", "/nosuch", "", &body);

	CU_ASSERT_EQUAL(strncmp(missing, "HTTP/1.1 404", 12), 0);
	char *posted = http_ask(address, "POST", "/metrics", "content-length: 0\r\n", &body);

	CU_ASSERT_EQUAL(strncmp(posted, "HTTP/1.1 405", 12), 0);
	free(text);
	free(open);
	free(health);
	free(missing);
	free(posted);
	http_server_stop(server);
	exporter_close(&exporter);
	segment_destroy(segment);
}

UNIT_TESTS(UNIT_TEST(it_survives_absence_and_restart_of_the_data_plane),
	   UNIT_TEST(another_build_is_refused_by_name), UNIT_TEST(it_serves_what_is_asked_for),
	   UNIT_TEST(it_is_smaller_for_who_reads_gzip))
