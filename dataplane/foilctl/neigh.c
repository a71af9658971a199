/* foilctl neigh and foilctl routes: lists of the admin server as tables. */
#include <jansson.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"

/* A list of objects in an answer, a column a member. */
struct listing {
	const char *list;
	const struct table_column *columns;
	const char *const *members;
	uint32_t column_count;
	const char *nothing;
};

static void add_cell(struct table *table, const json_t *value)
{
	char text[32];

	if (json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		table_cell(table, text);
	} else {
		table_cell(table, json_is_string(value) ? json_string_value(value) : "-");
	}
}

static bool print_listing(const struct listing *listing, const struct foilctl_io *io,
			  const json_t *root)
{
	json_t *list = json_object_get(root, listing->list), *item;
	struct table table;
	size_t i;

	if (!json_is_array(list))
		return false;
	table_init(&table, listing->columns, listing->column_count);
	json_array_foreach(list, i, item)
		for (uint32_t c = 0; c < listing->column_count; c++)
			add_cell(&table, json_object_get(item, listing->members[c]));
	bool done = true;

	if (i == 0)
		fprintf(io->out, "%s\n", listing->nothing);
	else
		done = table_print(&table, io->out, io->width);
	table_free(&table);
	return done;
}

/* One after the other, with an empty line between them. */
static bool print_listings(const struct listing *listings, uint32_t count,
			   const struct foilctl_io *io, const char *body)
{
	json_t *root = json_loads(body ? body : "", 0, NULL);
	bool done = root != NULL;

	for (uint32_t i = 0; i < count && done; i++) {
		if (i > 0)
			fputc('\n', io->out);
		done = print_listing(&listings[i], io, root);
	}
	json_decref(root);
	return done;
}

/* Lists of the answer at `path`. */
static int show(const char *path, const struct listing *listings, uint32_t count,
		const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct text body = {0};
	bool done = false;

	if (admin_client_fetch(options, io, path, &body)) {
		done = options->json ? fputs(body.data ? body.data : "", io->out) >= 0
				     : print_listings(listings, count, io, body.data);
		if (!done)
			fputs("foilctl: the answer is not understood; use the programs of one "
			      "release together\n", io->err);
	}
	text_free(&body);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}

int foilctl_neigh(const struct foilctl_options *options, const struct foilctl_io *io)
{
	static const struct table_column columns[] = {{"PORT", false}, {"ADDRESS", false},
						      {"MAC", false},  {"STATE", false},
						      {"WAITING", true}, {"W", true}};
	static const char *const members[] = {"port", "address", "mac", "state", "waiting", "worker"};
	static const struct listing listing = {
		.list = "neighbours", .columns = columns, .members = members,
		.column_count = ARRAY_LEN(columns),
		.nothing = "No neighbour is known: nothing was sent yet.",
	};

	return show("/hydrofoil/neigh", &listing, 1, options, io);
}

int foilctl_routes(const struct foilctl_options *options, const struct foilctl_io *io)
{
	static const struct table_column columns[] = {
		{"PREFIX", false}, {"VIA", false}, {"PORT", false}, {"VLAN", true},
		{"SOURCE", false}, {"MTU", true},  {"VRF", true}};
	static const char *const members[] = {"prefix", "via", "port", "vlan", "source", "mtu", "vrf"};
	static const struct table_column address_columns[] = {
		{"ADDRESS", false}, {"PORT", false}, {"VLAN", true}, {"VRF", true},
		{"STATE", false}, {"CONFLICTS", true}, {"WITH", false}};
	static const char *const address_members[] = {"address", "port", "vlan", "vrf", "state",
						      "conflicts", "other_mac"};
	static const struct listing listings[] = {
		{.list = "routes", .columns = columns, .members = members,
		 .column_count = ARRAY_LEN(columns), .nothing = "No port has an address or a gateway."},
		{.list = "addresses", .columns = address_columns, .members = address_members,
		 .column_count = ARRAY_LEN(address_columns), .nothing = "No port has an address."},
	};

	return show("/hydrofoil/routes", listings, ARRAY_LEN(listings), options, io);
}
