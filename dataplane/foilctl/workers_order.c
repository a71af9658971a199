/* foilctl workers rest|add|move: orders to the data plane, and what the workers are like after it. */
#include <jansson.h>
#include <string.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"

static bool is_number(const char *text)
{
	return text && text[0] && strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text);
}

/* False after a line on err. */
static bool is_complete(const struct foilctl_options *o, const struct foilctl_io *io)
{
	bool moves = strcmp(o->operand, "move") == 0;

	if (!moves && strcmp(o->operand, "rest") != 0 && strcmp(o->operand, "add") != 0)
		fprintf(io->err, "foilctl workers: %s is no order; rest, add or move\n", o->operand);
	else if (!is_number(o->operand_value))
		fprintf(io->err, "foilctl workers %s: say %s: a number\n", o->operand,
			moves ? "how many buckets" : "which worker");
	else if (moves && (!is_number(o->from) || !is_number(o->to)))
		fputs("foilctl workers move: say --from which worker --to which other\n", io->err);
	else if (!moves && (o->from || o->to))
		fprintf(io->err, "foilctl workers %s: --from and --to belong to move\n", o->operand);
	else if (o->watch)
		fputs("foilctl workers: an order is given once; watch with foilctl workers -w\n",
		      io->err);
	else
		return true;
	return false;
}

static uint64_t number(const json_t *worker, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(worker, name));
}

static bool print_table(const struct foilctl_io *io, const char *body)
{
	static const struct table_column columns[] = {
		{"W", true},       {"STATE", false}, {"NOW", true},
		{"BUCKETS", true}, {"LEAVING", true}, {"CONNS", true}};
	json_t *root = json_loads(body ? body : "", 0, NULL), *worker;
	json_t *list = json_object_get(root, "workers");
	struct table table;
	size_t i;

	if (!json_is_array(list)) {
		json_decref(root);
		return false;
	}
	table_init(&table, columns, ARRAY_LEN(columns));
	json_array_foreach(list, i, worker) {
		char now[16];

		table_number(&table, number(worker, "worker"));
		table_cell(&table, json_is_true(json_object_get(worker, "resting")) ? "rests"
										    : "serves");
		snprintf(now, sizeof(now), "%.1f%%",
			 json_number_value(json_object_get(worker, "busy")) * 100);
		table_cell(&table, now);
		table_number(&table, number(worker, "buckets"));
		table_number(&table, number(worker, "leaving"));
		table_number(&table, number(worker, "flows"));
	}
	bool done = table_print(&table, io->out, io->width);

	table_free(&table);
	json_decref(root);
	return done;
}

int foilctl_workers_order(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct text path = {0}, body = {0};
	bool done = false;
	char admin[160];
	struct why why;

	if (!is_complete(options, io))
		return FOILCTL_USAGE;
	if (!admin_client_find(options, io, admin, sizeof(admin)))
		return FOILCTL_FAILED;
	text_add(&path, "/hydrofoil/workers/order");
	admin_client_argument(&path, options->operand, options->operand_value);
	admin_client_argument(&path, "from", options->from);
	admin_client_argument(&path, "to", options->to);
	if (path.failed) {
		fputs("foilctl workers: no memory\n", io->err);
	} else if (!admin_client_ask(admin, path.data, true, &body, &why)) {
		fprintf(io->err, "foilctl workers: %s\n", why.text);
	} else {
		done = options->json ? fputs(body.data ? body.data : "", io->out) >= 0
				     : print_table(io, body.data);
		if (!done)
			fputs("foilctl workers: the answer is not understood; use the programs of "
			      "one release together\n", io->err);
	}
	text_free(&path);
	text_free(&body);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
