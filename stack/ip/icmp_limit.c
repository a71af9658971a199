#include "stack/ip/icmp_limit.h"

#include "stack/base/time.h"

void icmp_limit_init(struct icmp_limit *limit, uint32_t per_second, uint32_t burst)
{
	*limit = (struct icmp_limit){.interval_ns = NS_PER_SECOND / per_second, .burst = burst};
}

/* The bucket as a virtual clock: every token taken moves the moment at which it is full again. */
bool icmp_limit_take(struct icmp_limit *limit, uint64_t now_ns)
{
	uint64_t full_at_ns = limit->full_at_ns > now_ns ? limit->full_at_ns : now_ns;

	if (full_at_ns + limit->interval_ns > now_ns + limit->burst * limit->interval_ns)
		return false;
	limit->full_at_ns = full_at_ns + limit->interval_ns;
	return true;
}
