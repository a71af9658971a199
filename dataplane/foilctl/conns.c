#include <jansson.h>
#include <string.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"

/* The address given, else the one that the data plane left in the segment; false after a line. */
static bool find_admin(const struct foilctl_options *options, const struct foilctl_io *io,
		       char *out, size_t size)
{
	if (options->admin) {
		snprintf(out, size, "%s", options->admin);
		return true;
	}
	struct segment_reader *reader = foilctl_open(options, io);

	if (!reader)
		return false;
	const struct segment_header *header = segment_reader_header(reader);

	snprintf(out, size, "%.*s", (int)sizeof(header->admin_address) - 1,
		 header->admin_address);
	segment_reader_close(reader);
	if (out[0] == '\0')
		fputs("foilctl conns: this hydrofoil has no admin server; give it one "
		      "(admin.address in the bootstrap)\n",
		      io->err);
	return out[0] != '\0';
}

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

static void add_row(struct table *table, const json_t *connection)
{
	json_int_t srtt_us = json_integer_value(json_object_get(connection, "srtt_us"));
	char rtt[32];

	cell_string(table, connection, "state");
	table_number(table,
		     (uint64_t)json_integer_value(json_object_get(connection, "worker")));
	cell_string(table, connection, "local");
	cell_string(table, connection, "remote");
	cell_bytes(table, connection, "rx_bytes");
	cell_bytes(table, connection, "tx_bytes");
	if (srtt_us < 10000)
		snprintf(rtt, sizeof(rtt), "%dus", (int)srtt_us);
	else
		snprintf(rtt, sizeof(rtt), "%dms", (int)(srtt_us / 1000));
	table_cell(table, srtt_us > 0 ? rtt : "-");
	cell_string(table, connection, "blocked");
}

static bool print_table(const struct foilctl_io *io, const char *text)
{
	static const struct table_column columns[] = {
		{"STATE", false}, {"W", true},  {"LOCAL", false}, {"REMOTE", false},
		{"RX", true},     {"TX", true}, {"RTT", true},    {"BLOCKED BY", false}};
	json_t *root = json_loads(text, 0, NULL);
	json_t *connections = json_object_get(root, "connections");
	json_int_t total = json_integer_value(json_object_get(root, "total"));
	struct table table;

	if (!json_is_array(connections)) {
		json_decref(root);
		return false;
	}
	table_init(&table, columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < json_array_size(connections); i++)
		add_row(&table, json_array_get(connections, i));
	bool done = table_print(&table, io->out, io->width);

	if ((size_t)total > json_array_size(connections))
		fprintf(io->out, "(%lld more)\n",
			(long long)total - (long long)json_array_size(connections));
	table_free(&table);
	json_decref(root);
	return done;
}

int foilctl_conns(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct text body = {0};
	char address[160];
	struct why why;
	bool done = false;

	if (!find_admin(options, io, address, sizeof(address)))
		return FOILCTL_FAILED;
	if (!admin_client_get(address, "/hydrofoil/conns", &body, &why)) {
		fprintf(io->err, "foilctl conns: %s\n", why.text);
	} else if (options->json) {
		done = true;
		fputs(body.data ? body.data : "", io->out);
	} else {
		done = body.data && print_table(io, body.data);
		if (!done)
			fprintf(io->err, "foilctl conns: the answer of %s is not understood; use the "
					 "programs of one release together\n", address);
	}
	text_free(&body);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
