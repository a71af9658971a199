#include "gateway/stats/histogram.h"

#include "stack/base/counter.h"

#define SUB_COUNT (1u << HISTOGRAM_SUB_BITS)

uint32_t histogram_bucket(uint64_t value_ns)
{
	uint64_t units = value_ns >> HISTOGRAM_UNIT_SHIFT;

	if (units < SUB_COUNT)
		return (uint32_t)units;
	uint32_t octave = 63 - (uint32_t)__builtin_clzll(units);

	if (octave > HISTOGRAM_OCTAVE_MAX)
		return HISTOGRAM_BUCKETS - 1;
	uint32_t sub = (uint32_t)(units >> (octave - HISTOGRAM_SUB_BITS)) & (SUB_COUNT - 1);

	return ((octave - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS) + sub;
}

uint64_t histogram_bucket_floor_ns(uint32_t bucket)
{
	if (bucket < SUB_COUNT)
		return (uint64_t)bucket << HISTOGRAM_UNIT_SHIFT;
	uint32_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	uint64_t units = (uint64_t)(SUB_COUNT + (bucket & (SUB_COUNT - 1))) << shift;

	return units << HISTOGRAM_UNIT_SHIFT;
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
	counter_inc(&histogram->buckets[histogram_bucket(value_ns)]);
	counter_add(&histogram->sum_ns, value_ns);
	counter_inc(&histogram->count);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	/* The count is taken from the buckets, so that a value that is recorded meanwhile is in
	 * both or in neither. */
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t n = counter_read(&from->buckets[i]);

		to->buckets[i] += n;
		to->count += n;
	}
	to->sum_ns += counter_read(&from->sum_ns);
}

uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t limit_ns)
{
	uint32_t last = histogram_bucket(limit_ns);
	uint64_t count = 0;

	for (uint32_t i = 0; i <= last; i++)
		count += histogram->buckets[i];
	return count;
}

uint64_t histogram_quantile_ns(const struct histogram *histogram, uint32_t permille)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t n = histogram->buckets[i];

		seen += n;
		if (n > 0 && seen * 1000 >= histogram->count * permille) {
			uint64_t floor_ns = histogram_bucket_floor_ns(i);

			return floor_ns + (histogram_bucket_floor_ns(i + 1) - floor_ns) / 2;
		}
	}
	return 0;
}
