#include "stack/base/token_bucket.h"

#include "stack/base/time.h"

void token_bucket_init(struct token_bucket *bucket, uint32_t per_second, uint32_t burst)
{
	*bucket = (struct token_bucket){.interval_ns = NS_PER_SECOND / per_second, .burst = burst};
}

/* A virtual clock: every token taken moves the moment at which the bucket is full again. */
bool token_bucket_take(struct token_bucket *bucket, uint32_t reserved, uint64_t now_ns)
{
	uint64_t full_at_ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns;
	uint64_t most = bucket->burst > reserved ? bucket->burst - reserved : 0;

	if (full_at_ns + bucket->interval_ns > now_ns + most * bucket->interval_ns)
		return false;
	bucket->full_at_ns = full_at_ns + bucket->interval_ns;
	return true;
}
