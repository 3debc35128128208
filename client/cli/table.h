/*
 * table.h - text tables with aligned columns, numbers to the right, and small
 * bars. Texts are copied, cut to their column's limit, control bytes blanked.
 * Plain; one thread.
 */
#ifndef PERI_CLIENT_CLI_TABLE_H
#define PERI_CLIENT_CLI_TABLE_H

#include "lib/base/buf.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_CELL_MAX	  48 /* characters shown of a text */

struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title;
	enum table_align align;
};

/* table_new - an empty table; the columns are copied. Owned by the caller. */
struct table *table_new(const struct table_column *columns, unsigned count);
void table_free(struct table **table);

/* Cells go from left to right; after the last column the next row begins. */
void table_text(struct table *table, struct sv text);
void table_str(struct table *table, const char *text);
void table_u64(struct table *table, uint64_t value);
/* table_real - with @decimals digits; NaN is shown as "-". */
void table_real(struct table *table, double value, unsigned decimals);
/* table_bar - a share of 0..1 as a bar of ten with its percentage. */
void table_bar(struct table *table, double share);

/* table_put - append the whole table. */
void table_put(struct buf *b, const struct table *table);

#endif
