#include <inttypes.h>
#include <stdlib.h>

#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "stack/base/counter.h"
#include "stack/base/drops.h"

struct drop {
	enum drop_reason reason;
	uint64_t count;
};

static int most_frequent_first(const void *a, const void *b)
{
	const struct drop *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return x->reason < y->reason ? -1 : 1;
}

static uint32_t collect(const struct segment_reader *reader, bool all,
			struct drop drops[DROP_REASON_COUNT])
{
	uint32_t count = 0;

	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++) {
		struct drop *drop = &drops[count];

		drop->reason = reason;
		drop->count = segment_reader_drops_total(reader, reason);
		count += all || drop->count > 0;
	}
	qsort(drops, count, sizeof(*drops), most_frequent_first);
	return count;
}

static void print_json(const struct segment_reader *reader, const struct drop *drops,
		       uint32_t count, struct text *out)
{
	text_add(out, "{\"drops\":[");
	for (uint32_t i = 0; i < count; i++) {
		text_printf(out, "%s{\"reason\":\"%s\",\"count\":%" PRIu64 ",\"workers\":[",
			    i ? ",\n" : "\n", drop_reason_name(drops[i].reason), drops[i].count);
		for (uint16_t w = 0; w < segment_reader_workers(reader); w++)
			text_printf(out, "%s%" PRIu64, w ? "," : "",
				    counter_read(&segment_reader_drops(reader,
								       w)[drops[i].reason]));
		text_add(out, "],\"help\":");
		text_add_json(out, drop_reason_help(drops[i].reason));
		text_add(out, "}");
	}
	text_add(out, "\n]}\n");
}

static bool print_table(const struct foilctl_io *io, const struct drop *drops, uint32_t count)
{
	static const struct table_column columns[] = {
		{"COUNT", true}, {"REASON", false}, {"WHAT IT MEANS", false}};
	struct table table;

	table_init(&table, columns, ARRAY_LEN(columns));
	for (uint32_t i = 0; i < count; i++) {
		table_number(&table, drops[i].count);
		table_cell(&table, drop_reason_name(drops[i].reason));
		table_cell(&table, drop_reason_help(drops[i].reason));
	}
	bool done = table_print(&table, io->out, io->width);

	table_free(&table);
	return done;
}

int foilctl_drops(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct drop drops[DROP_REASON_COUNT];
	struct segment_reader *reader = foilctl_open(options, io);
	struct text out = {0};
	bool done = true;

	if (!reader)
		return FOILCTL_FAILED;
	uint32_t count = collect(reader, options->all, drops);

	if (options->json) {
		print_json(reader, drops, count, &out);
		done = !out.failed;
		if (done)
			fputs(out.data, io->out);
		text_free(&out);
	} else if (count == 0) {
		fprintf(io->out, "Nothing was dropped (-a shows the %u reasons that are watched).\n",
			(unsigned)DROP_REASON_COUNT - 1);
	} else {
		done = print_table(io, drops, count);
	}
	if (!done)
		fputs("foilctl drops: no memory\n", io->err);
	segment_reader_close(reader);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
