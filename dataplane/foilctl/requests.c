/* foilctl requests: the last ones that failed or were slow. */
#include <inttypes.h>
#include <jansson.h>
#include <time.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"

#define WIDE_COLUMNS 160
#define COUNT_DEFAULT 20
#define US_PER_SECOND 1000000

static uint64_t number(const json_t *request, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(request, name));
}

static const char *text_of(const json_t *request, const char *name)
{
	const char *text = json_string_value(json_object_get(request, name));

	return text && text[0] ? text : "-";
}

static void cell_time(struct table *table, uint64_t unix_us)
{
	time_t second = (time_t)(unix_us / US_PER_SECOND);
	struct tm parts;
	char text[32] = "?", whole[40];

	if (gmtime_r(&second, &parts))
		strftime(text, sizeof(text), "%H:%M:%S", &parts);
	snprintf(whole, sizeof(whole), "%s.%03u", text, (unsigned)(unix_us % US_PER_SECOND / 1000));
	table_cell(table, whole);
}

static void cell_us(struct table *table, uint64_t us)
{
	char text[32];

	if (us < 10000)
		snprintf(text, sizeof(text), "%" PRIu64 "us", us);
	else if (us < 10 * US_PER_SECOND)
		snprintf(text, sizeof(text), "%" PRIu64 "ms", us / 1000);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "s", us / US_PER_SECOND);
	table_cell(table, text);
}

static void add_row(struct table *table, const json_t *request, bool wide)
{
	char line[512];

	cell_time(table, number(request, "start_unix_us"));
	cell_us(table, number(request, "duration_us"));
	table_number(table, number(request, "status"));
	table_cell(table, text_of(request, "flags"));
	table_number(table, number(request, "attempts"));
	table_cell(table, text_of(request, "cluster"));
	table_cell(table, text_of(request, "upstream"));
	if (wide) {
		table_number(table, number(request, "worker"));
		cell_us(table, number(request, "first_byte_us"));
		table_cell(table, text_of(request, "client"));
		table_cell(table, text_of(request, "route"));
		table_cell(table, text_of(request, "details"));
	}
	snprintf(line, sizeof(line), "%.16s %.64s%.200s", text_of(request, "method"),
		 json_string_value(json_object_get(request, "authority"))
			 ? json_string_value(json_object_get(request, "authority")) : "",
		 text_of(request, "path"));
	table_cell(table, line);
}

static bool print_table(const struct foilctl_io *io, const char *body, bool slow)
{
	static const struct table_column narrow_columns[] = {
		{"BEGAN", false}, {"TOOK", true},      {"CODE", true},      {"FLAGS", false},
		{"TRY", true},    {"CLUSTER", false},  {"UPSTREAM", false}, {"REQUEST", false}};
	static const struct table_column wide_columns[] = {
		{"BEGAN", false}, {"TOOK", true},      {"CODE", true},      {"FLAGS", false},
		{"TRY", true},    {"CLUSTER", false},  {"UPSTREAM", false}, {"W", true},
		{"ANSWER", true}, {"CLIENT", false},   {"ROUTE", false},    {"DETAILS", false},
		{"REQUEST", false}};
	bool wide = io->width == 0 || io->width >= WIDE_COLUMNS, done = true;
	json_t *root = json_loads(body ? body : "", 0, NULL), *request;
	json_t *list = json_object_get(root, "requests");
	struct table table;
	size_t i;

	if (!json_is_array(list)) {
		json_decref(root);
		return false;
	}
	table_init(&table, wide ? wide_columns : narrow_columns,
		   wide ? ARRAY_LEN(wide_columns) : ARRAY_LEN(narrow_columns));
	json_array_foreach(list, i, request)
		add_row(&table, request, wide);
	if (i == 0)
		fprintf(io->out, "No request %s.\n", slow ? "was slow" : "failed");
	else
		done = table_print(&table, io->out, io->width);
	table_free(&table);
	json_decref(root);
	return done;
}

static bool set_slow(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct text body = {0};
	char admin[160], path[80];
	struct why why;

	if (!admin_client_find(options, io, admin, sizeof(admin)))
		return false;
	snprintf(path, sizeof(path), "/hydrofoil/requests/slow?us=%" PRIu64, options->over_ns / 1000);
	bool done = admin_client_ask(admin, path, true, &body, &why);

	if (!done)
		fprintf(io->err, "foilctl requests: %s\n", why.text);
	text_free(&body);
	return done;
}

int foilctl_requests(const struct foilctl_options *options, const struct foilctl_io *io)
{
	uint64_t count = options->count ? options->count : COUNT_DEFAULT;
	struct text body = {0};
	char path[96];
	bool done = false;

	if (options->failed && options->slow) {
		fputs("foilctl requests: --failed or --slow, one of them\n", io->err);
		return FOILCTL_USAGE;
	}
	if (options->over_ns && !set_slow(options, io))
		return FOILCTL_FAILED;
	snprintf(path, sizeof(path), "/hydrofoil/requests?kind=%s&count=%" PRIu64,
		 options->slow ? "slow" : "failed", count);
	if (admin_client_fetch(options, io, path, &body)) {
		done = options->json ? fputs(body.data ? body.data : "", io->out) >= 0
				     : print_table(io, body.data, options->slow);
		if (!done)
			fputs("foilctl requests: the answer is not understood; use the programs of one "
			      "release together\n", io->err);
	}
	text_free(&body);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
