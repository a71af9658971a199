/* What must be true of a world when it is over. */
#include "tests/sim/world_private.h"

/* What the gateway may send once more when the connection turns out to have been closed. */
static bool may_repeat(const struct plan *plan)
{
	return plan->method != PLAN_POST && plan->request_bytes == 0 && !plan->request_chunked;
}

/* RFC 9110 9.2.2: an origin sees a POST as often as its client sent it, at most. */
static bool posts_once(const struct world *world, unsigned index, struct why *why)
{
	const struct client *client = &world->clients[index];

	for (unsigned i = 0; i < client->count; i++) {
		uint32_t id = client->plans[i].id;
		unsigned seen = 0;

		for (unsigned k = 0; k < ORIGINS; k++)
			seen += world->origins[k].posts[id];
		seen += world->has_behind ? world->behind.kernel.posts[id] : 0;
		if (seen > client->sends[i])
			return why_set(why, "client %u request %u: a POST sent %u times was seen %u times",
				       index, i, client->sends[i], seen);
	}
	return true;
}

static bool tcp_is_calm(const struct world *world, const struct tcp_counters *tcp, struct why *why)
{
	/* An ACK that rides on a FIN sent again comes below the window, and is not looked at. */
	if (world->orderly && tcp->retransmission_timeouts > 0)
		return why_set(why, "%lu retransmission timeouts though nothing was lost",
			       tcp->retransmission_timeouts);
	/* The byte of a probe is sent again when the window opens.  Where a worker was late while buckets
	 * moved, frames in its ring were overtaken by those that asked another one first. */
	if (world->orderly && world->subject.late_until_ns == 0 &&
	    tcp->retransmitted_segments > tcp->zero_window_probes)
		return why_set(why, "%lu segments sent again though nothing was lost or overtaken",
			       tcp->retransmitted_segments);
	return true;
}

static bool all_are_calm(const struct world *world, struct why *why)
{
	for (unsigned i = 0; i < ORIGINS; i++)
		if (!tcp_is_calm(world, &world->origins[i].host.tcp_counters, why))
			return false;
	for (unsigned i = 0; i < world->subject.worker_count; i++) {
		const struct tcp_counters *tcp = &world->subject.workers[i].tcp;

		/* The world's readers take less time for a window's worth than a probe waits. */
		if (tcp->zero_window_probes > 0)
			return why_set(why, "a client or an origin did not say that its window is open");
		if (!tcp_is_calm(world, tcp, why))
			return false;
	}
	return tcp_is_calm(world, &world->client_host.tcp_counters, why);
}

/* In a world without hostility every request that was sent has its answer, whatever the weather. */
static bool check_client(const struct world *world, const struct client *client, unsigned index,
			 struct why *why)
{

	for (unsigned i = 0; i < client->count; i++) {
		enum client_outcome outcome = client->outcomes[i];
		bool closed_before = false;

		for (unsigned k = 0; k < i; k++)
			closed_before |= client->outcomes[k] == OUTCOME_ANSWERED &&
					 client->plans[k].mode == MODE_UNTIL_CLOSE;
		if (outcome == OUTCOME_WRONG)
			return why_set(why, "client %u request %u: wrong answer, status %u", index, i,
				       client->statuses[i]);
		if (!world->hostile && outcome != OUTCOME_ANSWERED && !closed_before &&
		    !(world->impatient && outcome == OUTCOME_REFUSED && !may_repeat(&client->plans[i])))
			return why_set(why, "client %u (manner %u) request %u of %u (mode %u): no answer in "
					    "a peaceful world: outcome %u, status %u", index, client->manner, i,
				       client->count, client->plans[i].mode, outcome, client->statuses[i]);
	}
	return true;
}

static bool check_behind(const struct world *world, struct why *why)
{
	const struct behind *behind = &world->behind;

	if (!check_client(world, &behind->client, CLIENTS_MAX, why))
		return false;
	if (behind->kernel.late_requests + world->stranger.late_requests > 0)
		return why_set(why, "the kernel or whom it asks got a request after Connection: close");
	if (behind->kernel.body_errors + world->stranger.body_errors > 0)
		return why_set(why, "the kernel or whom it asks got wrong bodies");
	for (unsigned i = 0; !world->hostile && i < world->subject.worker_count; i++) {
		const struct drop_counters *drops = &world->subject.workers[i].drops;

		if (drops->count[DROP_EXCEPTION_RATE] + drops->count[DROP_EXCEPTION_FULL] > 0)
			return why_set(why, "frames for the kernel were dropped in a peaceful world");
	}
	return true;
}

bool world_check(const struct world *world, struct why *why)
{
	for (unsigned i = 0; i < world->client_count; i++)
		if (!check_client(world, &world->clients[i], i, why) || !posts_once(world, i, why))
			return false;
	if (world->has_behind && !check_behind(world, why))
		return false;
	if (world->calm && !all_are_calm(world, why))
		return false;
	for (unsigned i = 0; !world->hostile && i < SUBJECT_SLOTS * world->subject.worker_count; i++)
		if (world->subject.workers[i / SUBJECT_SLOTS].tcp_proxies[i % SUBJECT_SLOTS].idle_timeout > 0)
			return why_set(why, "a proxied connection did not end with its ends");
	for (unsigned i = 0; i < ORIGINS; i++)
		if (world->origins[i].late_requests > 0)
			return why_set(why, "origin %u got a request after its Connection: close", i);
	for (unsigned i = 0; i < ORIGINS; i++)
		if (world->origins[i].body_errors > 0)
			return why_set(why, "origin %u: %lu bytes of request bodies were wrong", i,
				       world->origins[i].body_errors);
	return subject_is_clean(&world->subject, why);
}
