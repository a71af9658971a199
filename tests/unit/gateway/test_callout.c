#include <string.h>

#include "gateway/filters/callout.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;
static unsigned answered, failed;

/* Asks cluster 1; 200 lets the request pass, all else refuses it. */
static void done(struct filter_call *call, const struct message_head *answer,
		 struct slice_queue *body, uint64_t now_ns)
{
	if (answer)
		answered++;
	else
		failed++;
	if (answer && answer->status == 200 && body->bytes == 2)
		filter_resume_decode(call->filter, now_ns);
	else
		filter_reply(call->filter, 403, STR("refused"), STR("test"), 0, now_ns);
}

static enum filter_result decode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	struct filter_call *call = filter->state;
	struct filter_call_request request = {.cluster_id = 1,
					      .method = STR("POST"),
					      .authority = STR("auth"),
					      .path = STR("/check"),
					      .body = STR("who"),
					      .timeout_ns = NS_PER_SECOND};

	(void)ended;
	call->filter = filter;
	call->done = done;
	call->body_max = 100;
	if (filter_call(call, &request, now_ns))
		return FILTER_SUSPEND;
	return filter_reply(filter, 500, STR("no call"), STR("test"), 0, now_ns);
}

static void destroy(struct filter *filter, uint64_t now_ns)
{
	filter_call_cancel(filter->state, now_ns);
}

static const struct filter_type asking = {
	.name = "asking",
	.state_bytes = sizeof(struct filter_call),
	.decode_head = decode_head,
	.destroy = destroy,
};

static struct peer *ask(void)
{
	world_init(&world);
	answered = failed = 0;
	world.filters[1] = world.filters[0];
	world.filters[0] = (struct config_http_filter){.name = STR("ask"), .type = &asking};
	world.hcm.filter_count = 2;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, "GET /own HTTP/1.1\r\nHost: x\r\n\r\n");
	return client;
}

static void the_request_waits_for_the_answer(void)
{
	struct peer *client = ask();

	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[0].got, "POST /check HTTP/1.1\r\nhost: auth\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[0].got, "\r\n\r\nwho"));
	world.origin_readable = origin_answers_ok;
	origin_answers_ok(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_EQUAL(answered, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[1].got, "GET /own"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 200 OK"));
	world_end(&world);
}

static void no_answer_in_time_or_too_much_of_it_is_none(void)
{
	static char large[300];
	struct peer *client = ask();

	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(failed, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 403 "));
	world_end(&world);
	client = ask();
	world_settle(&world);
	memset(large, 'x', sizeof(large) - 1);
	peer_send(&world.origins[0], "HTTP/1.1 200 OK\r\ncontent-length: 299\r\n\r\n");
	peer_send(&world.origins[0], large);
	world_settle(&world);
	CU_ASSERT_EQUAL(failed, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 403 "));
	world_end(&world);
}

static void a_client_that_leaves_cancels_the_call(void)
{
	struct peer *client = ask();

	world_settle(&world);
	peer_cut(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(answered + failed, 0);
	CU_ASSERT(world.origins[0].broken);
	world_end(&world);
}

static void a_call_that_cannot_start_says_so(void)
{
	world_init(&world);
	world.endpoints[1].endpoint_count = 0;
	world.filters[1] = world.filters[0];
	world.filters[0] = (struct config_http_filter){.name = STR("ask"), .type = &asking};
	world.hcm.filter_count = 2;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, "GET /own HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "no call"));
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(the_request_waits_for_the_answer),
	   UNIT_TEST(no_answer_in_time_or_too_much_of_it_is_none),
	   UNIT_TEST(a_client_that_leaves_cancels_the_call),
	   UNIT_TEST(a_call_that_cannot_start_says_so))
