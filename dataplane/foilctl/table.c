#include "dataplane/foilctl/table.h"

#include <inttypes.h>
#include <string.h>

#include "stack/base/invariant.h"

#define GAP 2
/* The last column gets at least so much, also where the terminal is narrower than the others. */
#define LAST_COLUMN_MIN 20

/* Columns on the screen: code points. */
static uint32_t text_columns(const char *text, size_t bytes)
{
	uint32_t columns = 0;

	for (size_t i = 0; i < bytes; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

void table_init(struct table *table, const struct table_column *columns, uint32_t column_count)
{
	INVARIANT(column_count > 0 && column_count <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns = columns, .column_count = column_count};
	for (uint32_t i = 0; i < column_count; i++)
		table->widths[i] = text_columns(columns[i].title, strlen(columns[i].title));
}

void table_cell(struct table *table, const char *text)
{
	uint32_t column = table->cell_count++ % table->column_count;
	uint32_t columns = text_columns(text, strlen(text));

	if (columns > table->widths[column])
		table->widths[column] = columns;
	text_add_bytes(&table->cells, text, strlen(text) + 1);
}

void table_number(struct table *table, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	table_cell(table, text);
}

static void pad(FILE *out, uint32_t columns)
{
	if (columns > 0)
		fprintf(out, "%*s", (int)columns, "");
}

/* Bytes of the next line of at most `width` columns; at least one word. */
static size_t line_bytes(const char *text, uint32_t width)
{
	size_t fits = 0;

	for (size_t at = 0;;) {
		size_t word = at + strcspn(text + at, " ");

		if (fits > 0 && text_columns(text, word) > width)
			return fits;
		fits = word;
		if (text[word] == '\0')
			return fits;
		at = word + 1;
	}
}

static void print_last(const struct table *table, FILE *out, const char *text, uint32_t used,
		       uint32_t width)
{
	uint32_t room = width > used + LAST_COLUMN_MIN ? width - used : LAST_COLUMN_MIN;

	while (width > 0 && text_columns(text, strlen(text)) > room) {
		size_t bytes = line_bytes(text, room);

		fprintf(out, "%.*s", (int)bytes, text);
		text += bytes;
		if (*text == '\0')
			break;
		text++; /* the space */
		fputc('\n', out);
		pad(out, used);
	}
	fprintf(out, "%s\n", text);
}

static const char *print_row(const struct table *table, FILE *out, const char *cells,
			     uint32_t width)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < table->column_count; i++) {
		uint32_t columns = text_columns(cells, strlen(cells));
		uint32_t space = table->widths[i] - columns;

		if (table->columns[i].right)
			pad(out, space);
		if (i + 1 == table->column_count) {
			print_last(table, out, cells, used, width);
		} else {
			fputs(cells, out);
			pad(out, (table->columns[i].right ? 0 : space) + GAP);
			used += table->widths[i] + GAP;
		}
		cells += strlen(cells) + 1;
	}
	return cells;
}

bool table_print(const struct table *table, FILE *out, uint32_t width)
{
	struct text titles = {0};
	const char *cells = table->cells.data;

	for (uint32_t i = 0; i < table->column_count; i++)
		text_add_bytes(&titles, table->columns[i].title,
			       strlen(table->columns[i].title) + 1);
	bool done = !titles.failed && !table->cells.failed;

	if (done) {
		print_row(table, out, titles.data, width);
		for (uint32_t i = 0; i < table->cell_count; i += table->column_count)
			cells = print_row(table, out, cells, width);
	}
	text_free(&titles);
	return done;
}

void table_free(struct table *table)
{
	text_free(&table->cells);
}

void table_short_number(uint64_t number, char out[8])
{
	static const char units[] = "KMGTPE";
	double value = (double)number;
	int unit = -1;

	for (; value >= 999.5 && unit < 5; unit++)
		value /= 1000;
	if (unit < 0)
		snprintf(out, 8, "%u", (unsigned)number);
	else
		snprintf(out, 8, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}
