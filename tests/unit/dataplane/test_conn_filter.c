/* Which connections /hydrofoil/conns shows for a query, and endpoints that others bring along. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/admin/http_server.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/http_get.h"

#define NOW_MS 100000u

static struct admin *admin;

static void add(struct admin_connections *out, const char *remote, uint16_t port, const char *state,
		const char *cluster, uint32_t active_ms)
{
	struct stream_owner_info owner = {.listener = "web-and-more", .listener_length = 3};
	struct stream_info info = {.transport = "tcp", .state = state, .active_ms = active_ms,
				   .owner = &owner};

	if (cluster) {
		owner.cluster = cluster;
		owner.cluster_length = (uint32_t)strlen(cluster);
	}
	info.key.local = ip_addr_from_v4(0x0a010001);
	info.key.local_port = 80;
	CU_ASSERT_FATAL(ip_addr_parse(remote, &info.key.remote));
	info.key.remote_port = port;
	admin_connections_add(out, 0, &info, NOW_MS);
}

static bool connections(void *context, struct admin_connections *out, struct why *why)
{
	add(out, "192.0.2.129", 1000, "ESTABLISHED", "shop", NOW_MS);
	add(out, "192.0.2.1", 2000, "TIME-WAIT", NULL, NOW_MS - 5000);
	add(out, "2001:db8::1", 3000, "ESTABLISHED", "shopping", NOW_MS - 60000);
	return true;
}

static uint32_t now_ms(void *context)
{
	return NOW_MS;
}

static void serve_extra(void *context, const struct http_request *request,
			struct http_response *response)
{
	text_add(&response->body, "extra!\n");
}

static void start(void)
{
	static const struct admin_extra extras[] = {
		{"/x/look", false, serve_extra, "looks"}, {"/x/set", true, serve_extra, "sets"}};
	struct admin_params params = {
		.address = "127.0.0.1:0",
		.callbacks = {.connections = connections, .now_ms = now_ms},
		.extras = extras,
		.extra_count = 2,
	};
	struct why why;

	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
}

static void ask(const char *method, const char *target, const char *part)
{
	const char *body;
	char *answer = http_ask(admin_address(admin), method, target, "", &body);

	CU_ASSERT_PTR_NOT_NULL(strstr(answer, part));
	if (!strstr(answer, part))
		printf("# %s: no \"%s\" in\n%.900s\n", target, part, answer);
	free(answer);
}

static void a_query_narrows_them_down(void)
{
	static const struct {
		const char *query;
		int total;
		const char *remote; /* of the first */
	} cases[] = {
		{"", 3, "192.0.2.129:1000"},
		{"?address=192.0.2.129", 1, "192.0.2.129:1000"},
		{"?address=192.0.2.0/25", 1, "192.0.2.1:2000"},
		{"?address=192.0.2.0/24", 2, "192.0.2.129:1000"},
		{"?address=10.1.0.1", 3, "192.0.2.129:1000"},
		{"?address=2001:db8::/32", 1, "[2001:db8::1]:3000"},
		{"?address=::/0", 3, "192.0.2.129:1000"},
		{"?address=0.0.0.0/0&port=3000", 1, "[2001:db8::1]:3000"},
		{"?port=80", 3, "192.0.2.129:1000"},
		{"?state=time-wait", 1, "192.0.2.1:2000"},
		{"?cluster=shop", 1, "192.0.2.129:1000"},
		{"?listener=web&state=ESTABLISHED", 2, "192.0.2.129:1000"},
		{"?listener=we", 0, NULL},
		{"?idle_ms=5000", 2, "192.0.2.1:2000"},
		{"?idle_ms=5001", 1, "[2001:db8::1]:3000"},
	};
	char target[128], part[128];

	start();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(target, sizeof(target), "/hydrofoil/conns%s", cases[i].query);
		snprintf(part, sizeof(part), "{\"total\":%d,", cases[i].total);
		ask("GET", target, part);
		if (!cases[i].remote)
			continue;
		snprintf(part, sizeof(part),
			 "\n{\"worker\":0,\"transport\":\"tcp\",\"state\":\"%s\","
			 "\"local\":\"10.1.0.1:80\",\"remote\":\"%s\"",
			 strcmp(cases[i].remote, "192.0.2.1:2000") == 0 ? "TIME-WAIT" : "ESTABLISHED",
			 cases[i].remote);
		ask("GET", target, part);
	}
	ask("GET", "/hydrofoil/conns?port=2000", "\"idle_ms\":5000,\"listener\":\"web\",\"cluster\":\"\"");
	admin_stop(admin);
}

static void what_is_no_filter_is_refused(void)
{
	static const char *const wrong[] = {"address=shop", "address=10.0.0.0/33", "address=10.0.0.0/x",
					    "address=10.0.0.0/", "port=0", "port=65536", "port=http",
					    "idle_ms=-1", "idle_ms=soon"};
	char target[128];

	start();
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		snprintf(target, sizeof(target), "/hydrofoil/conns?%s", wrong[i]);
		ask("GET", target, "HTTP/1.1 400 ");
	}
	admin_stop(admin);
}

static void others_bring_endpoints_along(void)
{
	start();
	ask("GET", "/x/look", "\r\n\r\nextra!\n");
	ask("POST", "/x/look", "HTTP/1.1 405 ");
	ask("GET", "/x/set", "HTTP/1.1 405 ");
	ask("POST", "/x/set", "\r\n\r\nextra!\n");
	ask("GET", "/help", "/x/look: looks");
	admin_stop(admin);
}

UNIT_TESTS(UNIT_TEST(a_query_narrows_them_down), UNIT_TEST(what_is_no_filter_is_refused),
	   UNIT_TEST(others_bring_endpoints_along))
