#include "dataplane/control_loop.h"

#include <pthread.h>

#include "tests/lib/unit.h"

static struct control_loop *loop;
static struct why why;
static unsigned order[8], called;

static void note(void *context)
{
	order[called++] = (unsigned)(uintptr_t)context;
}

static void stop(void *context)
{
	(void)context;
	control_loop_stop(loop);
}

static void calls_run_in_order(void)
{
	called = 0;
	CU_ASSERT_FATAL(control_loop_open(&loop, &why));
	for (uintptr_t i = 0; i < 3; i++)
		CU_ASSERT(control_loop_post(loop, note, (void *)i));
	CU_ASSERT(control_loop_post(loop, stop, NULL));
	control_loop_run(loop);
	CU_ASSERT_EQUAL(called, 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(order[i], i);
	CU_ASSERT(!control_loop_post(loop, note, NULL));
	control_loop_close(loop);
}

static void waiting_calls_are_bounded(void)
{
	unsigned taken = 0;

	called = 0;
	CU_ASSERT_FATAL(control_loop_open(&loop, &why));
	CU_ASSERT(control_loop_post(loop, stop, NULL));
	while (control_loop_post(loop, stop, NULL))
		taken++;
	CU_ASSERT_EQUAL(taken, CONTROL_CALLS_MAX - 1);
	control_loop_run(loop);
	control_loop_close(loop);
}

static void *call_and_stop(void *argument)
{
	bool *results = argument;

	results[0] = control_loop_call(loop, note, (void *)7);
	results[1] = called == 1 && order[0] == 7;
	results[2] = control_loop_call(loop, stop, NULL);
	return NULL;
}

static void a_caller_waits_for_the_end(void)
{
	bool results[3] = {0};
	pthread_t thread;

	called = 0;
	CU_ASSERT_FATAL(control_loop_open(&loop, &why));
	CU_ASSERT_FATAL(pthread_create(&thread, NULL, call_and_stop, results) == 0);
	control_loop_run(loop);
	pthread_join(thread, NULL);
	CU_ASSERT(results[0] && results[1] && results[2]);
	control_loop_close(loop);
}

UNIT_TESTS(UNIT_TEST(calls_run_in_order), UNIT_TEST(waiting_calls_are_bounded),
	   UNIT_TEST(a_caller_waits_for_the_end))
