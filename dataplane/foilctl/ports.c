/* foilctl ports: what every port carried, from the shared counters. */
#include <inttypes.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "stack/base/counter.h"

#define COLUMNS 16
#define WIDE_COLUMNS 120

struct port_sight {
	const char *name;
	struct port_counters sum;
	struct port_device_counters device;
};

static bool read_port(const struct segment_reader *reader, const struct segment_object *object,
		      struct port_sight *out)
{
	const uint64_t *device = segment_reader_device(reader, (uint16_t)object->slot);
	uint64_t *to = (uint64_t *)&out->device;

	out->name = object->name;
	for (size_t i = 0; i < sizeof(out->device) / sizeof(uint64_t); i++)
		to[i] = counter_read(&device[i]);
	return segment_reader_sum(reader, SEGMENT_PORT, object, (uint64_t *)&out->sum);
}

static void cell_short(struct table *table, uint64_t number)
{
	char text[8];

	table_short_number(number, text);
	table_cell(table, text);
}

/* In the order of enum port_rss_state. */
static const char *rss_word(uint64_t state)
{
	static const char *const words[] = {"-", "refused", "in test", "trusted", "wrong"};

	return state < ARRAY_LEN(words) ? words[state] : "?";
}

static void add_row(struct table *table, const struct port_sight *p, bool wide)
{
	char speed[16];

	table_cell(table, p->name);
	table_cell(table, p->device.link_up ? "up" : "down");
	if (wide) {
		table_short_number(p->device.link_speed_bytes_per_second * 8, speed);
		table_cell(table, p->device.link_speed_bytes_per_second ? speed : "-");
		table_number(table, p->device.mtu_bytes);
	}
	cell_short(table, p->sum.rx_frames);
	cell_short(table, p->sum.rx_bytes);
	cell_short(table, p->sum.tx_frames);
	cell_short(table, p->sum.tx_bytes);
	cell_short(table, p->device.rx_missed);
	cell_short(table, p->device.rx_nombuf);
	cell_short(table, p->device.rx_errors);
	cell_short(table, p->device.tx_errors);
	cell_short(table, p->sum.tx_full);
	if (wide) {
		cell_short(table, p->sum.exception_tx_frames);
		cell_short(table, p->sum.exception_rx_frames);
		table_cell(table, rss_word(p->device.rss_state));
	}
}

static void add_json(struct text *out, const struct port_sight *p)
{
	text_add(out, "{\"name\":");
	text_add_json(out, p->name);
#define COUNTER(name, help) text_printf(out, ",\"" #name "\":%" PRIu64, p->sum.name);
#define GAUGE COUNTER
#include "dataplane/counters/port.def"
#undef COUNTER
#define COUNTER(name, help) text_printf(out, ",\"" #name "\":%" PRIu64, p->device.name);
#include "dataplane/counters/port_device.def"
#undef COUNTER
#undef GAUGE
	text_add(out, "}");
}

static bool print(const struct foilctl_options *options, const struct foilctl_io *io,
		  const struct segment_reader *reader, const struct segment_objects *ports)
{
	static const struct table_column columns[COLUMNS] = {
		{"PORT", false}, {"LINK", false},  {"BIT/s", true},  {"MTU", true}, {"RX", true},
		{"RXbyte", true}, {"TX", true},    {"TXbyte", true}, {"MISS", true}, {"NOBUF", true},
		{"RXERR", true}, {"TXERR", true}, {"TXFULL", true}, {"KERNTX", true},
		{"KERNRX", true}, {"RSS", false}};
	static const struct table_column narrow_columns[] = {
		{"PORT", false}, {"LINK", false}, {"RX", true},    {"RXbyte", true}, {"TX", true},
		{"TXbyte", true}, {"MISS", true}, {"NOBUF", true}, {"RXERR", true},  {"TXERR", true},
		{"TXFULL", true}};
	bool wide = io->width == 0 || io->width >= WIDE_COLUMNS;
	struct text json = {0};
	struct table table;
	bool done;

	table_init(&table, wide ? columns : narrow_columns,
		   wide ? COLUMNS : ARRAY_LEN(narrow_columns));
	text_add(&json, "{\"ports\":[");
	for (uint32_t i = 0; i < ports->count; i++) {
		struct port_sight port;

		if (!read_port(reader, &ports->items[i], &port))
			continue;
		add_row(&table, &port, wide);
		text_add(&json, i ? ",\n" : "\n");
		add_json(&json, &port);
	}
	text_add(&json, "\n]}\n");
	if (options->json) {
		done = !json.failed;
		if (done)
			fputs(json.data, io->out);
	} else {
		done = table_print(&table, io->out, io->width);
	}
	table_free(&table);
	text_free(&json);
	return done;
}

int foilctl_ports(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct segment_reader *reader = foilctl_open(options, io);
	struct segment_objects ports;
	struct why why;
	bool done = false;

	if (!reader)
		return FOILCTL_FAILED;
	if (!segment_reader_objects(reader, SEGMENT_PORT, &ports, &why)) {
		fprintf(io->err, "foilctl ports: %s\n", why.text);
	} else {
		done = print(options, io, reader, &ports);
		if (!done)
			fputs("foilctl ports: no memory\n", io->err);
		segment_objects_free(&ports);
	}
	segment_reader_close(reader);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
