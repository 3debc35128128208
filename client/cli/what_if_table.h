/*
 * what_if_table.h - a what-if of /explain for people: before and after.
 */
#ifndef PERI_CLIENT_CLI_WHAT_IF_TABLE_H
#define PERI_CLIENT_CLI_WHAT_IF_TABLE_H

#include "lib/base/buf.h"
#include "lib/proto/json.h"

/* what_if_table_put - append the sites and nodes of @root with their shares
 * before and after the changes. */
void what_if_table_put(struct buf *b, const struct json *root);

/* what_if_table_rows - append a table of shares before and after; @member names
 * a row, @title is that column's head. */
void what_if_table_rows(struct buf *b, const struct json *rows,
			const char *member, const char *title);

#endif
