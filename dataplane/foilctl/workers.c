/* foilctl workers: every worker since its start, from the shared counters. */
#include <inttypes.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "stack/base/counter.h"

static void read_worker(const struct segment_reader *reader, uint16_t worker,
			struct worker_counters *out)
{
	const uint64_t *from = segment_reader_worker(reader, worker);
	uint64_t *to = (uint64_t *)out;

	for (size_t i = 0; i < sizeof(*out) / sizeof(uint64_t); i++)
		to[i] = counter_read(&from[i]);
}

static double busy_share(const struct worker_counters *w)
{
	uint64_t cycles = w->busy_cycles + w->idle_cycles;

	return cycles ? (double)w->busy_cycles / (double)cycles : 0;
}

static void cell_short(struct table *table, uint64_t number)
{
	char text[8];

	table_short_number(number, text);
	table_cell(table, text);
}

static void add_row(struct table *table, uint16_t index, const struct worker_counters *w)
{
	static const char *const pressures[] = {"enough", "low", "reserve"};
	char text[24];

	table_number(table, index);
	snprintf(text, sizeof(text), "%.1f%%", busy_share(w) * 100);
	table_cell(table, text);
	cell_short(table, w->gateway_connections);
	cell_short(table, w->rx_frames);
	cell_short(table, w->tx_frames);
	cell_short(table, w->handed_over_packets);
	cell_short(table, w->polls);
	cell_short(table, w->rests);
	cell_short(table, w->mailbox_messages);
	table_number(table, w->config_version);
	table_cell(table, w->mbuf_pressure < ARRAY_LEN(pressures) ? pressures[w->mbuf_pressure] : "?");
}

static bool print_table(const struct foilctl_io *io, const struct segment_reader *reader)
{
	static const struct table_column columns[] = {
		{"W", true},     {"BUSY", true},  {"CONNS", true}, {"RX", true},     {"TX", true},
		{"HANDED", true}, {"POLLS", true}, {"RESTS", true}, {"MAIL", true},
		{"CONFIG", true}, {"MBUFS", false}};
	struct table table;

	table_init(&table, columns, ARRAY_LEN(columns));
	for (uint16_t i = 0; i < segment_reader_workers(reader); i++) {
		struct worker_counters w;

		read_worker(reader, i, &w);
		add_row(&table, i, &w);
	}
	bool done = table_print(&table, io->out, io->width);

	table_free(&table);
	return done;
}

static bool print_json(const struct foilctl_io *io, const struct segment_reader *reader)
{
	struct text out = {0};

	text_add(&out, "{\"workers\":[");
	for (uint16_t i = 0; i < segment_reader_workers(reader); i++) {
		struct worker_counters w;

		read_worker(reader, i, &w);
		text_printf(&out, "%s{\"worker\":%u,\"busy\":%.4f", i ? ",\n" : "\n", i,
			    busy_share(&w));
#define COUNTER(name, help) text_printf(&out, ",\"" #name "\":%" PRIu64, w.name);
#define GAUGE COUNTER
#include "dataplane/counters/worker.def"
#undef COUNTER
#undef GAUGE
		text_add(&out, "}");
	}
	text_add(&out, "\n]}\n");
	bool done = !out.failed;

	if (done)
		fputs(out.data, io->out);
	text_free(&out);
	return done;
}

int foilctl_workers(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct segment_reader *reader = foilctl_open(options, io);

	if (!reader)
		return FOILCTL_FAILED;
	bool done = options->json ? print_json(io, reader) : print_table(io, reader);

	if (!done)
		fputs("foilctl workers: no memory\n", io->err);
	segment_reader_close(reader);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
