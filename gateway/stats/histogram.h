/* Log-linear histogram of durations: fixed size, one writer, merged by whoever reads.
 *
 *     unit 256 ns;  u = value >> 8
 *     u < 16             one bucket a unit
 *     2^e <= u < 2^e+1   16 equal buckets an octave (width 1/16: at most 6.25 % off)
 *     the last bucket takes all from 2^36 units (4.9 hours) on
 *
 * Members are all uint64_t: it lives in the shared segment. */
#ifndef GATEWAY_STATS_HISTOGRAM_H
#define GATEWAY_STATS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_UNIT_SHIFT 8
#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_OCTAVE_MAX 35
#define HISTOGRAM_BUCKETS ((HISTOGRAM_OCTAVE_MAX - HISTOGRAM_SUB_BITS + 2) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* The bucket a value falls into, and the least value of a bucket (bucket may be
 * HISTOGRAM_BUCKETS: the end of the last one). */
uint32_t histogram_bucket(uint64_t value_ns);
uint64_t histogram_bucket_floor_ns(uint32_t bucket);

/* The only writer. */
void histogram_record(struct histogram *histogram, uint64_t value_ns);
/* Adds `from`, which may be written meanwhile, to `to`. */
void histogram_merge(struct histogram *to, const struct histogram *from);
/* How many values were at most limit_ns, to the resolution of a bucket. */
uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t limit_ns);
/* The value below which `permille` of 1000 values lie; 0 when empty. */
uint64_t histogram_quantile_ns(const struct histogram *histogram, uint32_t permille);

#endif
