/* foilctl ports, workers, neigh, and --watch. */
#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/admin/http_server.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/foilctl_run.h"

static void ports_are_shown(void)
{
	struct segment *segment = fixture_segment();

	segment_device(segment, 0)->link_up = 1;
	segment_device(segment, 0)->rx_missed = 12345;
	segment_device(segment, 0)->rss_state = 3;
	segment_worker_port(segment_worker(segment, 1), 0)->rx_frames = 3;
	segment_worker_port(segment_worker(segment, 0), 0)->exception_tx_frames = 7;
	CU_ASSERT_EQUAL(FOILCTL(0, "ports", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"PORT  LINK  BIT/s   MTU  RX  RXbyte  TX  TXbyte   MISS  NOBUF  RXERR  TXERR  TXFULL  "
		"KERNTX  KERNRX  RSS\n"
		"eth0  up        -  1500  80       0   0       0  12.3K      0      0      0       0  "
		"     7       0  trusted\n");
	CU_ASSERT_EQUAL(FOILCTL(80, "ports", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT(strcspn(foilctl_out, "\n") <= 80);
	CU_ASSERT_EQUAL(FOILCTL(0, "ports", "--json", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "{\"ports\":[\n{\"name\":\"eth0\",\"rx_frames\":80,",
				41), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "\"rx_missed\":12345,"));
	segment_destroy(segment);
}

static void workers_are_shown(void)
{
	struct segment *segment = fixture_segment();
	struct worker_counters *w = segment_worker(segment, 1)->worker;

	w->busy_cycles = 1;
	w->idle_cycles = 7;
	w->mbuf_pressure = 2;
	w->config_version = 5;
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"W   BUSY  CONNS  RX  TX  HANDED  POLLS  RESTS  MAIL  CONFIG  MBUFS\n"
		"0   0.0%      0   0   0       0      0      0     0       0  enough\n"
		"1  12.5%      0   0   0       0     42      0     0       5  reserve\n");
	CU_ASSERT_EQUAL(FOILCTL(0, "workers", "--json", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "{\"worker\":1,\"busy\":0.1250,\"polls\":42,"));
	segment_destroy(segment);
}

static void serve_neighbours(void *context, const struct http_request *request,
			     struct http_response *response)
{
	text_add(&response->body,
		 "{\"neighbours\":[{\"worker\":0,\"port\":\"front\",\"address\":\"10.0.0.2\","
		 "\"mac\":\"02:00:00:00:00:02\",\"state\":\"REACHABLE\",\"waiting\":0},"
		 "{\"worker\":1,\"port\":\"front\",\"address\":\"10.0.0.9\",\"mac\":null,"
		 "\"state\":\"INCOMPLETE\",\"waiting\":3}],\"total\":2}\n");
}

static void serve_rubbish(void *context, const struct http_request *request,
			  struct http_response *response)
{
	text_add(&response->body, "{}");
}

static void neighbours_are_shown(void)
{
	static struct admin_extra extra = {"/hydrofoil/neigh", false, serve_neighbours, ""};
	struct admin_params params = {.address = "127.0.0.1:0", .extras = &extra, .extra_count = 1};
	struct admin *admin;
	struct why why;

	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
	CU_ASSERT_EQUAL(FOILCTL(80, "neigh", "--admin", admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out,
			       "PORT   ADDRESS   MAC                STATE       WAITING  W\n"
			       "front  10.0.0.2  02:00:00:00:00:02  REACHABLE         0  0\n"
			       "front  10.0.0.9  -                  INCOMPLETE        3  1\n");
	extra.serve = serve_rubbish;
	CU_ASSERT_EQUAL(FOILCTL(80, "neigh", "--admin", admin_address(admin)), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "not understood"));
	admin_stop(admin);
	CU_ASSERT_EQUAL(FOILCTL(80, "neigh", "--admin", "127.0.0.1:1"), FOILCTL_FAILED);
}

static void serve_routes(void *context, const struct http_request *request,
			 struct http_response *response)
{
	text_add(&response->body,
		 "{\"routes\":[{\"prefix\":\"10.0.0.0/24\",\"via\":null,\"port\":\"front\",\"vrf\":0,"
		 "\"vlan\":7,\"mtu\":1500,\"source\":\"10.0.0.1\"},"
		 "{\"prefix\":\"0.0.0.0/0\",\"via\":\"10.0.0.254\",\"port\":\"front\",\"vrf\":0,"
		 "\"vlan\":null,\"mtu\":1500,\"source\":null}],"
		 "\"addresses\":[{\"address\":\"10.0.0.1/24\",\"port\":\"front\",\"vrf\":0,\"vlan\":7,"
		 "\"state\":\"DUPLICATE\",\"conflicts\":2,\"other_mac\":\"02:00:00:00:00:02\"},"
		 "{\"address\":\"10.0.0.3/24\",\"port\":\"front\",\"vrf\":0,\"vlan\":null,"
		 "\"state\":\"PREFERRED\",\"conflicts\":0,\"other_mac\":null}]}\n");
}

static void serve_routes_alone(void *context, const struct http_request *request,
			       struct http_response *response)
{
	text_add(&response->body, "{\"routes\":[]}\n");
}

static void routes_are_shown(void)
{
	static struct admin_extra extra = {"/hydrofoil/routes", false, serve_routes, ""};
	struct admin_params params = {.address = "127.0.0.1:0", .extras = &extra, .extra_count = 1};
	struct admin *admin;
	struct why why;

	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
	CU_ASSERT_EQUAL(FOILCTL(80, "routes", "--admin", admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(foilctl_out,
			       "PREFIX       VIA         PORT   VLAN  SOURCE     MTU  VRF\n"
			       "10.0.0.0/24  -           front     7  10.0.0.1  1500    0\n"
			       "0.0.0.0/0    10.0.0.254  front     -  -         1500    0\n"
			       "\n"
			       "ADDRESS      PORT   VLAN  VRF  STATE      CONFLICTS  WITH\n"
			       "10.0.0.1/24  front     7    0  DUPLICATE          2  02:00:00:00:00:02\n"
			       "10.0.0.3/24  front     -    0  PREFERRED          0  -\n");
	extra.serve = serve_routes_alone;
	CU_ASSERT_EQUAL(FOILCTL(80, "routes", "--admin", admin_address(admin)), FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "not understood"));
	admin_stop(admin);
}

static struct segment *watched;

static void a_frame_comes(void)
{
	segment_worker_port(segment_worker(watched, 0), 0)->rx_frames++;
}

static void a_list_can_be_watched(void)
{
	watched = fixture_segment();
	foilctl_meanwhile = a_frame_comes;
	foilctl_rests = 3;
	CU_ASSERT_EQUAL(FOILCTL(0, "ports", "-w", "--json", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "\"rx_frames\":77,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "\"rx_frames\":79,"));
	CU_ASSERT_PTR_NULL(strstr(foilctl_out, "\"rx_frames\":80,"));
	foilctl_meanwhile = NULL;
	foilctl_rests = 0;
	segment_destroy(watched);
}

UNIT_TESTS(UNIT_TEST(ports_are_shown), UNIT_TEST(workers_are_shown),
	   UNIT_TEST(neighbours_are_shown), UNIT_TEST(routes_are_shown),
	   UNIT_TEST(a_list_can_be_watched))
