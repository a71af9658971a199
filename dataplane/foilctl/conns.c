#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "stack/base/time.h"

#define WIDE_COLUMNS 120

static void cell_string(struct table *table, const json_t *connection, const char *name)
{
	const char *value = json_string_value(json_object_get(connection, name));

	table_cell(table, value ? value : "?");
}

static void cell_bytes(struct table *table, const json_t *connection, const char *name)
{
	char text[8];

	table_short_number((uint64_t)json_integer_value(json_object_get(connection, name)), text);
	table_cell(table, text);
}

/* "180us", "1.6ms", "12ms", "4s", "3m", "2h": at most 5 characters. */
static void cell_us(struct table *table, uint64_t us)
{
	static const struct {
		uint64_t below_us;
		uint64_t unit_us;
		const char *unit;
	} units[] = {{1000, 1, "us"}, {1000000, 1000, "ms"}, {600000000, 1000000, "s"},
		     {UINT64_C(36000000000), 60000000, "m"}, {UINT64_MAX, UINT64_C(3600000000), "h"}};
	char text[32];
	size_t i = 0;

	while (us >= units[i].below_us && i + 1 < ARRAY_LEN(units))
		i++;
	if (i == 1 && us < 10000)
		snprintf(text, sizeof(text), "%.1fms", (double)us / 1000);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "%s", us / units[i].unit_us, units[i].unit);
	table_cell(table, us > 0 ? text : "-");
}

/* What blocks, in words that fit beside the rest in 80 columns. */
static const char *short_blocked(const char *blocked)
{
	static const char *const words[][2] = {{"nothing to send", "-"},
					       {"owner not reading", "owner"},
					       {"peer window", "window"},
					       {"congestion window", "cwnd"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(blocked, words[i][0]) == 0)
			return words[i][1];
	return blocked;
}

static uint64_t number(const json_t *connection, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(connection, name));
}

static void add_row(struct table *table, const json_t *connection, bool wide)
{
	const char *blocked = json_string_value(json_object_get(connection, "blocked"));

	cell_string(table, connection, "state");
	if (wide)
		table_number(table, number(connection, "worker"));
	cell_string(table, connection, "local");
	cell_string(table, connection, "remote");
	cell_bytes(table, connection, "rx_bytes");
	cell_bytes(table, connection, "tx_bytes");
	cell_us(table, number(connection, "srtt_us"));
	if (wide) {
		cell_us(table, number(connection, "idle_ms") * 1000);
		cell_string(table, connection, "listener");
		cell_string(table, connection, "cluster");
	}
	if (wide)
		cell_string(table, connection, "id");
	table_cell(table, !blocked ? "?" : wide ? blocked : short_blocked(blocked));
}

static bool print_table(const struct foilctl_io *io, const char *text)
{
	static const struct table_column narrow_columns[] = {
		{"STATE", false}, {"LOCAL", false}, {"REMOTE", false}, {"RX", true},
		{"TX", true},     {"RTT", true},    {"BLOCKED", false}};
	static const struct table_column wide_columns[] = {
		{"STATE", false}, {"W", true},    {"LOCAL", false},    {"REMOTE", false},
		{"RX", true},     {"TX", true},   {"RTT", true},       {"IDLE", true},
		{"LISTENER", false}, {"CLUSTER", false}, {"ID", false}, {"BLOCKED BY", false}};
	bool wide = io->width == 0 || io->width >= WIDE_COLUMNS;
	json_t *root = json_loads(text, 0, NULL);
	json_t *connections = json_object_get(root, "connections");
	json_int_t total = json_integer_value(json_object_get(root, "total"));
	struct table table;

	if (!json_is_array(connections)) {
		json_decref(root);
		return false;
	}
	table_init(&table, wide ? wide_columns : narrow_columns,
		   wide ? ARRAY_LEN(wide_columns) : ARRAY_LEN(narrow_columns));
	for (size_t i = 0; i < json_array_size(connections); i++)
		add_row(&table, json_array_get(connections, i), wide);
	bool done = table_print(&table, io->out, io->width);

	if ((size_t)total > json_array_size(connections))
		fprintf(io->out, "(%lld more)\n",
			(long long)total - (long long)json_array_size(connections));
	table_free(&table);
	json_decref(root);
	return done;
}

static void make_path(const struct foilctl_options *options, struct text *path)
{
	char idle[24];

	text_add(path, "/hydrofoil/conns");
	admin_client_argument(path, "address", options->address);
	admin_client_argument(path, "port", options->port);
	admin_client_argument(path, "state", options->state);
	admin_client_argument(path, "cluster", options->cluster);
	admin_client_argument(path, "listener", options->listener);
	if (options->idle_ns == 0)
		return;
	snprintf(idle, sizeof(idle), "%" PRIu64, options->idle_ns / NS_PER_MS);
	admin_client_argument(path, "idle_ms", idle);
}

int foilctl_conns(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct text body = {0}, path = {0};
	bool done = false;

	make_path(options, &path);
	if (path.failed) {
		fputs("foilctl conns: no memory\n", io->err);
	} else if (admin_client_fetch(options, io, path.data, &body)) {
		if (options->json) {
			done = true;
			fputs(body.data ? body.data : "", io->out);
		} else {
			done = body.data && print_table(io, body.data);
		}
		if (!done)
			fputs("foilctl conns: the answer is not understood; use the programs of one "
			      "release together\n", io->err);
	}
	text_free(&path);
	text_free(&body);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
