/* Counters from zero again, while their only writers go on adding: what they have reached is taken
 * off in the control thread's block, which readers add to the workers'. */
#include "dataplane/counters/metric_table.h"
#include "dataplane/counters/segment_private.h"
#include "stack/base/counter.h"

static void *block_at(struct segment *segment, uint16_t worker, uint64_t offset)
{
	return segment_worker_base(segment, worker) + offset;
}

/* table: which of the words are counters; NULL = all of them. */
static void reset_words(struct segment *segment, uint64_t offset, uint32_t count,
			const struct metric_table *table)
{
	uint16_t control = segment->header->worker_count;
	uint64_t *own = block_at(segment, control, offset);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t sum = 0;

		if (table && !table->items[i].counter)
			continue;
		for (uint16_t w = 0; w <= control; w++)
			sum += counter_read((uint64_t *)block_at(segment, w, offset) + i);
		__atomic_store_n(&own[i], own[i] - sum, __ATOMIC_RELAXED);
	}
}

static void reset_process(struct segment *segment)
{
	const struct metric_table *table = metric_table_group(METRIC_PROCESS);
	const void *process = segment->base + segment->layout.process;
	void *reset = segment->base + segment->layout.process_reset;

	for (uint32_t i = 0; i < table->count; i++)
		if (table->items[i].counter)
			__atomic_store_n((uint64_t *)reset + i,
					 -counter_read((const uint64_t *)process + i),
					 __ATOMIC_RELAXED);
}

void segment_reset_counters(struct segment *segment)
{
	const struct segment_layout *layout = &segment->layout;

	for (uint32_t kind = 0; kind < STAT_KIND_COUNT; kind++) {
		if (kind == STAT_ENDPOINT)
			continue;
		const struct metric_table *table = metric_table_kind(kind);
		uint32_t used = (uint32_t)counter_read(&segment->header->used[kind]);

		for (uint32_t slot = 0; slot < used; slot++)
			reset_words(segment,
				    layout->stats[kind] + (uint64_t)slot * segment_kind_bytes(kind),
				    table->count, table);
	}
	for (uint32_t port = 0; port < SEGMENT_PORTS_MAX; port++)
		reset_words(segment, layout->ports + (uint64_t)port * segment_port_stride(),
			    metric_table_kind(SEGMENT_PORT)->count,
			    metric_table_kind(SEGMENT_PORT));
	reset_words(segment, layout->tcp, metric_table_group(METRIC_TCP)->count,
		    metric_table_group(METRIC_TCP));
	reset_words(segment, layout->drops, sizeof(struct drop_counters) / sizeof(uint64_t), NULL);
	reset_process(segment);
}
