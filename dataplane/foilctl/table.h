/* Aligned tables: two spaces between columns, numbers to the right, the last column wrapped at
 * the width of the terminal. */
#ifndef DATAPLANE_FOILCTL_TABLE_H
#define DATAPLANE_FOILCTL_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/counters/text.h"

#define TABLE_COLUMNS_MAX 16

struct table_column {
	const char *title;
	bool right;
};

struct table {
	const struct table_column *columns;
	uint32_t column_count;
	uint32_t widths[TABLE_COLUMNS_MAX];
	struct text cells; /* one after the other, each ended by NUL */
	uint32_t cell_count;
};

void table_init(struct table *table, const struct table_column *columns, uint32_t column_count);
/* Cells from left to right; a row is complete after column_count of them. */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, uint64_t number);
/* width 0: nothing is wrapped.  False when there was no memory. */
MUST_USE bool table_print(const struct table *table, FILE *out, uint32_t width);
void table_free(struct table *table);

/* "831", "12.3K", "4.5M", … with factors of 1000, at most 5 characters. */
void table_short_number(uint64_t number, char out[8]);

#endif
