#include <inttypes.h>

#include "dataplane/admin/stat_filter.h"
#include "dataplane/counters/stat_list.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"

static bool shown(const struct foilctl_options *options, struct stat_filter *filter,
		  const struct stat_item *item)
{
	return (!options->nonzero || item->value != 0) && stat_filter_matches(filter, item->name);
}

static bool print_table(const struct foilctl_options *options, const struct foilctl_io *io,
			const struct stat_list *list, struct stat_filter *filter)
{
	/* Values first: names are long, and stay whole in 80 columns. */
	static const struct table_column columns[] = {{"VALUE", true}, {"NAME", false}};
	struct table table;

	table_init(&table, columns, ARRAY_LEN(columns));
	for (uint32_t i = 0; i < list->count; i++) {
		char value[24];

		if (!shown(options, filter, &list->items[i]))
			continue;
		snprintf(value, sizeof(value), "%" PRId64, list->items[i].value);
		table_cell(&table, value);
		table_cell(&table, list->items[i].name);
	}
	bool done = true;

	if (table.cell_count > 0)
		done = table_print(&table, io->out, 0);
	else
		fputs("No counter matches.\n", io->out);
	table_free(&table);
	return done;
}

static bool print_json(const struct foilctl_options *options, const struct foilctl_io *io,
		       const struct stat_list *list, struct stat_filter *filter)
{
	struct text out = {0};
	const char *comma = "\n";

	text_add(&out, "{\"stats\":[");
	for (uint32_t i = 0; i < list->count; i++) {
		const struct stat_item *item = &list->items[i];

		if (!shown(options, filter, item))
			continue;
		text_printf(&out, "%s{\"name\":", comma);
		text_add_json(&out, item->name);
		text_printf(&out, ",\"value\":%" PRId64 ",\"type\":\"%s\",\"help\":", item->value,
			    item->counter ? "counter" : "gauge");
		text_add_json(&out, item->help);
		text_add(&out, "}");
		comma = ",\n";
	}
	text_add(&out, "\n]}\n");
	bool done = !out.failed;

	if (done)
		fputs(out.data, io->out);
	text_free(&out);
	return done;
}

int foilctl_stat(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct stat_filter *filter;
	struct stat_list list;
	struct why why;
	bool done = false;

	if (!stat_filter_make(&filter, options->operand, false, &why)) {
		fprintf(io->err, "foilctl stat: %s\n", why.text);
		return FOILCTL_USAGE;
	}
	struct segment_reader *reader = foilctl_open(options, io);

	if (reader && stat_list_make(&list, reader, &why)) {
		done = options->json ? print_json(options, io, &list, filter)
				     : print_table(options, io, &list, filter);
		if (!done)
			fputs("foilctl stat: no memory\n", io->err);
		stat_list_free(&list);
	} else if (reader) {
		fprintf(io->err, "foilctl stat: %s\n", why.text);
	}
	segment_reader_close(reader);
	stat_filter_free(filter);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
