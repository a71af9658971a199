#include "dataplane/control_loop.h"

#include <pthread.h>
#include <stdlib.h>

struct call {
	void (*call)(void *context);
	void *context;
	struct waiter *waiter; /* NULL: nobody waits */
};

struct waiter {
	bool over;
	bool called;
};

struct control_loop {
	uv_loop_t uv;
	uv_async_t wake;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool ended;
	uint32_t first;
	uint32_t count;
	struct call calls[CONTROL_CALLS_MAX];
};

static bool take(struct control_loop *loop, struct call *out)
{
	bool some;

	pthread_mutex_lock(&loop->lock);
	some = loop->count > 0;
	if (some) {
		*out = loop->calls[loop->first];
		loop->first = (loop->first + 1) % CONTROL_CALLS_MAX;
		loop->count--;
	}
	pthread_mutex_unlock(&loop->lock);
	return some;
}

static void finish(struct control_loop *loop, struct waiter *waiter, bool called)
{
	if (!waiter)
		return;
	pthread_mutex_lock(&loop->lock);
	waiter->over = true;
	waiter->called = called;
	pthread_cond_broadcast(&loop->over);
	pthread_mutex_unlock(&loop->lock);
}

static void run_calls(uv_async_t *wake)
{
	struct control_loop *loop = wake->data;
	struct call call;

	while (take(loop, &call)) {
		call.call(call.context);
		finish(loop, call.waiter, true);
	}
}

bool control_loop_open(struct control_loop **out, struct why *why)
{
	struct control_loop *loop = calloc(1, sizeof(*loop));
	int result = loop ? uv_loop_init(&loop->uv) : UV_ENOMEM;

	if (result == 0) {
		result = uv_async_init(&loop->uv, &loop->wake, run_calls);
		if (result != 0)
			uv_loop_close(&loop->uv);
	}
	if (result != 0) {
		free(loop);
		return why_set(why, "the control loop cannot be made: %s", uv_strerror(result));
	}
	loop->wake.data = loop;
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->over, NULL);
	*out = loop;
	return true;
}

void control_loop_close(struct control_loop *loop)
{
	uv_close((uv_handle_t *)&loop->wake, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop->uv);
	pthread_mutex_destroy(&loop->lock);
	pthread_cond_destroy(&loop->over);
	free(loop);
}

uv_loop_t *control_loop_uv(struct control_loop *loop)
{
	return &loop->uv;
}

void control_loop_run(struct control_loop *loop)
{
	struct call call;

	uv_run(&loop->uv, UV_RUN_DEFAULT);
	pthread_mutex_lock(&loop->lock);
	loop->ended = true;
	pthread_mutex_unlock(&loop->lock);
	while (take(loop, &call))
		finish(loop, call.waiter, false);
}

void control_loop_stop(struct control_loop *loop)
{
	uv_stop(&loop->uv);
}

static bool post(struct control_loop *loop, struct call call)
{
	bool room;

	pthread_mutex_lock(&loop->lock);
	room = !loop->ended && loop->count < CONTROL_CALLS_MAX;
	if (room)
		loop->calls[(loop->first + loop->count++) % CONTROL_CALLS_MAX] = call;
	pthread_mutex_unlock(&loop->lock);
	if (room)
		uv_async_send(&loop->wake);
	return room;
}

bool control_loop_post(struct control_loop *loop, void (*call)(void *context), void *context)
{
	return post(loop, (struct call){.call = call, .context = context});
}

bool control_loop_call(struct control_loop *loop, void (*call)(void *context), void *context)
{
	struct waiter waiter = {0};

	if (!post(loop, (struct call){.call = call, .context = context, .waiter = &waiter}))
		return false;
	pthread_mutex_lock(&loop->lock);
	while (!waiter.over)
		pthread_cond_wait(&loop->over, &loop->lock);
	pthread_mutex_unlock(&loop->lock);
	return waiter.called;
}
