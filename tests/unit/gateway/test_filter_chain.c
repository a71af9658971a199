#include <string.h>

#include "gateway/exchange/exchange.h"
#include "gateway/filters/filter.h"
#include "gateway/filters/header_mutation.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;

/* What a scripted place in the chain does, and what it saw. */
struct script {
	enum filter_result on_head;
	enum filter_result on_body;
	enum filter_result on_answer_head;
	enum filter_result on_answer_body;
	struct str change_path;
	struct filter *filter;
	unsigned heads, bodies, answers, answer_bodies, destroyed;
	uint32_t body_bytes;
};

static struct script scripts[3];
static char order[256];

static struct script *script_of(struct filter *filter)
{
	return (struct script *)(uintptr_t)filter->config->config;
}

static void note(struct filter *filter, char what)
{
	size_t at = strlen(order);

	if (at + 3 < sizeof(order)) {
		order[at] = what;
		order[at + 1] = (char)('0' + filter->index);
	}
}

static enum filter_result decode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	struct script *script = script_of(filter);

	(void)ended;
	script->filter = filter;
	script->heads++;
	note(filter, 'h');
	if (script->change_path.length) {
		exchange_route(filter->exchange);
		filter->exchange->request.path = script->change_path;
		exchange_clear_route(filter->exchange);
	}
	if (script->on_head == FILTER_ANSWERED)
		return filter_reply(filter, 403, STR("no"), STR("test"), 0, now_ns);
	return script->on_head;
}

static enum filter_result decode_body(struct filter *filter, struct slice_queue *bytes, bool ended,
				      uint64_t now_ns)
{
	struct script *script = script_of(filter);

	(void)ended, (void)now_ns;
	script->bodies++;
	script->body_bytes += bytes->bytes;
	note(filter, 'b');
	return script->on_body;
}

static enum filter_result encode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	(void)ended, (void)now_ns;
	script_of(filter)->filter = filter;
	script_of(filter)->answers++;
	note(filter, 'H');
	return script_of(filter)->on_answer_head;
}

static enum filter_result encode_body(struct filter *filter, struct slice_queue *bytes, bool ended,
				      uint64_t now_ns)
{
	(void)bytes, (void)ended, (void)now_ns;
	script_of(filter)->answer_bodies++;
	note(filter, 'B');
	return script_of(filter)->on_answer_body;
}

static void destroy(struct filter *filter, uint64_t now_ns)
{
	(void)now_ns;
	script_of(filter)->destroyed++;
	CU_ASSERT_EQUAL(*(uint64_t *)filter->state, 0);
}

static const struct filter_type scripted = {
	.name = "scripted",
	.state_bytes = 8,
	.decode_head = decode_head,
	.decode_body = decode_body,
	.encode_head = encode_head,
	.encode_body = encode_body,
	.destroy = destroy,
};

#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
#define HAS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))

static void origin_answers(struct peer *origin)
{
	if (!origin->answered && strstr(origin->got, "body")) {
		origin->answered++;
		peer_send(origin, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	}
}

/* Two places of the same type before the router. */
static void prepare(void)
{
	world_init(&world);
	memset(scripts, 0, sizeof(scripts));
	memset(order, 0, sizeof(order));
	for (uint32_t i = 0; i < 2; i++)
		world.filters[i] = (struct config_http_filter){
			.name = i ? STR("two") : STR("one"), .type = &scripted, .config = &scripts[i]};
	world.filters[2] = (struct config_http_filter){.name = STR("router"), .type = &filter_router};
	world.hcm.filter_count = 3;
	world.origin_readable = origin_answers;
}

static void finish(void)
{
	world_end(&world);
	CU_ASSERT_EQUAL(scripts[0].destroyed, scripts[1].destroyed);
	CU_ASSERT(scripts[0].destroyed > 0);
}

static void both_directions_in_order(void)
{
	prepare();
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1b0b1H1H0B1B0");
	HAS(client->got, "ok");
	finish();
}

static void a_suspended_head_holds_the_body_in_the_stream(void)
{
	prepare();
	scripts[1].on_head = FILTER_SUSPEND;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1");
	CU_ASSERT_EQUAL(world.origin_count, 0);
	CU_ASSERT_EQUAL(client->end->peer->stream.rx.bytes, 4);
	filter_resume_decode(scripts[1].filter, world.now_ns);
	world_settle(&world);
	HAS(client->got, "ok");
	CU_ASSERT_STRING_EQUAL(order, "h0h1b0b1H1H0B1B0");
	finish();
}

static void a_suspended_body_and_answer_go_on_when_resumed(void)
{
	prepare();
	scripts[0].on_body = FILTER_SUSPEND;
	scripts[1].on_answer_head = FILTER_SUSPEND;
	scripts[0].on_answer_body = FILTER_SUSPEND;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1b0");
	filter_resume_decode(scripts[0].filter, world.now_ns);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1b0b1H1");
	CU_ASSERT_EQUAL(client->got_bytes, 0);
	filter_resume_encode(scripts[1].filter, world.now_ns);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1b0b1H1H0B1B0");
	CU_ASSERT_PTR_NULL(strstr(client->got, "\r\n\r\nok"));
	filter_resume_encode(scripts[0].filter, world.now_ns);
	world_settle(&world);
	HAS(client->got, "\r\n\r\nok");
	finish();
}

static void a_buffered_body_is_seen_whole_or_refused(void)
{
	static char large[3000];

	prepare();
	world.pipes.step_bytes = 10;
	scripts[0].on_head = FILTER_BUFFER;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	CU_ASSERT_EQUAL(scripts[0].bodies, 1);
	CU_ASSERT_EQUAL(scripts[0].body_bytes, 4);
	HAS(client->got, "\r\n\r\nok");
	world.listener.buffer_limit_bytes = 1000;
	memset(large, 'x', sizeof(large) - 1);
	client = world_client(&world);
	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
	peer_send(client, large);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 413 ");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_too_large, 1);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	world.listener.buffer_limit_bytes = 16384;
	finish();
}

static void a_buffered_answer_over_the_limit_is_an_error(void)
{
	prepare();
	world.listener.buffer_limit_bytes = 1;
	scripts[0].on_answer_head = FILTER_BUFFER;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 500 ");
	finish();
}

static void a_local_reply_passes_the_encode_filters(void)
{
	prepare();
	scripts[1].on_head = FILTER_ANSWERED;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(order, "h0h1H1H0B1B0");
	HAS(client->got, "HTTP/1.1 403 Forbidden\r\n");
	HAS(client->got, "content-type: text/plain\r\n");
	CU_ASSERT_EQUAL(world.origin_count, 0);
	finish();
}

static void a_cleared_route_is_looked_up_again(void)
{
	prepare();
	world.host.route_count = 2;
	world.routes[0].match.path = STR("/other");
	world.routes[0].clusters = &world.route_clusters[1];
	scripts[0].change_path = STR("/other/path");
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	HAS(world.origins[0].got, "POST /other/path HTTP/1.1");
	CU_ASSERT_EQUAL(world.clusters_stats[2].upstream_rq_total, 1);
	finish();
}

static void the_client_leaves_while_a_filter_is_suspended(void)
{
	prepare();
	scripts[0].on_head = FILTER_SUSPEND;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	peer_cut(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(scripts[0].destroyed, 1);
	finish();
}

static struct config_header_mutation mutation(const char *name, const char *value)
{
	return (struct config_header_mutation){
		.action = HEADER_OVERWRITE_IF_EXISTS_OR_ADD,
		.name = {name, (uint32_t)strlen(name)},
		.value = {value, (uint32_t)strlen(value)},
	};
}

static void header_mutation_with_overrides(void)
{
	struct config_header_mutation general = mutation("x-a", "general");
	struct config_header_mutation special = mutation("x-a", "special");
	struct config_header_mutation answer = mutation("x-b", "answer");
	struct header_mutation_config config = {{&general, 1}, {&answer, 1}};
	struct header_mutation_config of_host = {{&special, 1}, {NULL, 0}};
	struct config_filter_override host_override = {STR("mutate"), false, &of_host};
	struct config_filter_override route_override = {STR("mutate"), true, NULL};

	world_init(&world);
	world.filters[1] = world.filters[0];
	world.filters[0] = (struct config_http_filter){
		.name = STR("mutate"), .type = &filter_header_mutation, .config = &config};
	world.hcm.filter_count = 2;
	world.origin_readable = origin_answers_ok;
	world_start(&world);
	struct peer *client = world_client(&world);
	const char *get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

	peer_send(client, get);
	world_settle(&world);
	HAS(world.origins[0].got, "x-a: general\r\n");
	HAS(client->got, "x-b: answer\r\n");
	world.host.overrides = (struct config_filter_overrides){&host_override, 1};
	peer_send(client, get);
	world_settle(&world);
	HAS(world.origins[0].got, "x-a: special\r\n");
	/* The route is more specific than its host. */
	world.routes[0].overrides = (struct config_filter_overrides){&route_override, 1};
	uint32_t before = world.origins[0].got_bytes;

	peer_send(client, get);
	world_settle(&world);
	CU_ASSERT(world.origins[0].got_bytes > before);
	CU_ASSERT_PTR_NULL(strstr(world.origins[0].got + before, "x-a"));
	world_end(&world);
}

static void types_are_found_by_name(void)
{
	CU_ASSERT_PTR_EQUAL(filter_type_find(STR("envoy.filters.http.router")), &filter_router);
	CU_ASSERT_PTR_EQUAL(filter_type_find(STR("envoy.filters.http.header_mutation")),
			    &filter_header_mutation);
	CU_ASSERT_PTR_NULL(filter_type_find(STR("envoy.filters.http.unknown")));
}

UNIT_TESTS(UNIT_TEST(both_directions_in_order),
	   UNIT_TEST(a_suspended_head_holds_the_body_in_the_stream),
	   UNIT_TEST(a_suspended_body_and_answer_go_on_when_resumed),
	   UNIT_TEST(a_buffered_body_is_seen_whole_or_refused),
	   UNIT_TEST(a_buffered_answer_over_the_limit_is_an_error),
	   UNIT_TEST(a_local_reply_passes_the_encode_filters),
	   UNIT_TEST(a_cleared_route_is_looked_up_again),
	   UNIT_TEST(the_client_leaves_while_a_filter_is_suspended),
	   UNIT_TEST(header_mutation_with_overrides), UNIT_TEST(types_are_found_by_name))
