#include "dataplane/worker/reta_plan.h"

void reta_plan_make(const struct buckets *buckets, uint16_t reta_size, uint16_t queues,
		    const uint16_t *current, uint16_t *queue_of)
{
	for (uint32_t entry = 0; entry < reta_size; entry++) {
		uint16_t votes[BUCKET_WORKERS_MAX] = {0};
		uint16_t best = current[entry] < queues ? current[entry] : 0;

		for (uint32_t i = entry; i < BUCKETS; i += reta_size)
			votes[bucket_home(bucket_stops(buckets, i)) % queues]++;
		for (uint16_t queue = 0; queue < queues; queue++)
			if (votes[queue] > votes[best])
				best = queue;
		queue_of[entry] = best;
	}
}
