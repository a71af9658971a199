/* foilctl workers: every worker since its start, from the shared counters, and what the data plane says
 * of who serves which buckets. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "stack/base/counter.h"

#define WIDE_COLUMNS 110

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

/* The data plane's list of workers; NULL where it has no admin server, or that does not answer. */
static json_t *ask(const struct foilctl_options *options, const struct foilctl_io *io,
		   const struct segment_reader *reader)
{
	const struct segment_header *header = segment_reader_header(reader);
	struct text body = {0};
	json_t *root = NULL;
	char address[160];
	struct why why;

	if (!options->admin && !segment_reader_is_alive(reader))
		return NULL;
	snprintf(address, sizeof(address), "%.*s", (int)sizeof(header->admin_address) - 1,
		 options->admin ? options->admin : header->admin_address);
	if (address[0] == '\0')
		return NULL;
	if (admin_client_ask(address, "/hydrofoil/workers", false, &body, &why))
		root = json_loads(body.data ? body.data : "", 0, NULL);
	else
		fprintf(io->err, "foilctl workers: %s\n", why.text);
	text_free(&body);
	return root;
}

static const json_t *told_of(const json_t *root, uint16_t index)
{
	return json_array_get(json_object_get(root, "workers"), index);
}

static void cell_told(struct table *table, const json_t *told, const char *name)
{
	table_number(table, (uint64_t)json_integer_value(json_object_get(told, name)));
}

static void cell_share(struct table *table, double share)
{
	char text[24];

	snprintf(text, sizeof(text), "%.1f%%", share * 100);
	table_cell(table, text);
}

static void add_row(struct table *table, uint16_t index, const struct worker_counters *w,
		    const json_t *told, bool wide)
{
	static const char *const pressures[] = {"enough", "low", "reserve"};

	table_number(table, index);
	if (told) {
		cell_told(table, told, "cpu");
		table_cell(table, json_is_true(json_object_get(told, "resting")) ? "rests" : "serves");
		cell_share(table, json_number_value(json_object_get(told, "busy")));
	}
	if (wide || !told)
		cell_share(table, busy_share(w));
	if (told) {
		cell_told(table, told, "buckets");
		cell_told(table, told, "leaving");
	}
	cell_short(table, w->gateway_connections);
	cell_short(table, w->rx_frames);
	cell_short(table, w->tx_frames);
	cell_short(table, w->handed_over_packets);
	if (wide || !told) {
		cell_short(table, w->polls);
		cell_short(table, w->rests);
		cell_short(table, w->mailbox_messages);
		table_number(table, w->config_version);
	}
	table_cell(table, w->mbuf_pressure < ARRAY_LEN(pressures) ? pressures[w->mbuf_pressure] : "?");
}

static void begin_table(struct table *table, bool told, bool wide)
{
	static const struct table_column counted[] = {
		{"W", true},     {"BUSY", true},  {"CONNS", true}, {"RX", true},     {"TX", true},
		{"HANDED", true}, {"POLLS", true}, {"RESTS", true}, {"MAIL", true},
		{"CONFIG", true}, {"MBUFS", false}};
	static const struct table_column narrow_columns[] = {
		{"W", true},       {"CPU", true},     {"STATE", false}, {"NOW", true},
		{"BUCKETS", true}, {"LEAVING", true}, {"CONNS", true},   {"RX", true},     {"TX", true},  {"HANDED", true},  {"MBUFS", false}};
	static const struct table_column wide_columns[] = {
		{"W", true},     {"CPU", true},    {"STATE", false}, {"NOW", true},   {"BUSY", true},
		{"BUCKETS", true},
		{"LEAVING", true}, {"CONNS", true}, {"RX", true},    {"TX", true},    {"HANDED", true},
		{"POLLS", true}, {"RESTS", true},  {"MAIL", true},   {"CONFIG", true}, {"MBUFS", false}};

	if (!told)
		table_init(table, counted, ARRAY_LEN(counted));
	else if (wide)
		table_init(table, wide_columns, ARRAY_LEN(wide_columns));
	else
		table_init(table, narrow_columns, ARRAY_LEN(narrow_columns));
}

static bool print_table(const struct foilctl_io *io, const struct segment_reader *reader,
			const json_t *told)
{
	bool wide = io->width == 0 || io->width >= WIDE_COLUMNS;
	uint16_t workers = segment_reader_workers(reader);
	bool all_told = workers > 0 && told_of(told, workers - 1u) != NULL;
	struct table table;

	begin_table(&table, all_told, wide);
	for (uint16_t i = 0; i < workers; i++) {
		struct worker_counters w;

		read_worker(reader, i, &w);
		add_row(&table, i, &w, all_told ? told_of(told, i) : NULL, wide);
	}
	bool done = table_print(&table, io->out, io->width);

	table_free(&table);
	return done;
}

static void add_told_json(struct text *out, const json_t *told)
{
	text_printf(out, ",\"resting\":%s,\"busy_now\":%.3f",
		    json_is_true(json_object_get(told, "resting")) ? "true" : "false",
		    json_number_value(json_object_get(told, "busy")));
	for (size_t i = 0; i < 5; i++) {
		static const char *const names[] = {"buckets", "leaving", "flows", "cpu", "node"};

		text_printf(out, ",\"%s\":%" PRIu64, names[i],
			    (uint64_t)json_integer_value(json_object_get(told, names[i])));
	}
}

static bool print_json(const struct foilctl_io *io, const struct segment_reader *reader,
		       const json_t *told)
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
		if (told_of(told, i))
			add_told_json(&out, told_of(told, i));
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
	if (options->operand)
		return foilctl_workers_order(options, io);
	if (options->from || options->to) {
		fputs("foilctl workers: --from and --to belong to move\n", io->err);
		return FOILCTL_USAGE;
	}
	struct segment_reader *reader = foilctl_open(options, io);

	if (!reader)
		return FOILCTL_FAILED;
	json_t *told = ask(options, io, reader);
	bool done = options->json ? print_json(io, reader, told) : print_table(io, reader, told);

	if (!done)
		fputs("foilctl workers: no memory\n", io->err);
	json_decref(told);
	segment_reader_close(reader);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
