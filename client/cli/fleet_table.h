/*
 * fleet_table.h - the parts of the registry's /v1/state as people read them:
 * shared by status, top, nodes, regions and coverage. Pure.
 */
#ifndef PERI_CLIENT_CLI_FLEET_TABLE_H
#define PERI_CLIENT_CLI_FLEET_TABLE_H

#include "lib/base/buf.h"
#include "lib/proto/json.h"

/* Which nodes; NULL = any. */
struct fleet_filter {
	const char *region, *service, *state;
};

/* fleet_table_passes - whether @node is one of them. */
bool fleet_table_passes(const struct fleet_filter *filter,
			const struct json *node);

/* Each appends its part of the state @root. */
void fleet_table_status(struct buf *b, const struct json *root);
void fleet_table_balancers(struct buf *b, const struct json *root);
void fleet_table_regions(struct buf *b, const struct json *root);
/* fleet_table_areas - where clients are, and which regions they get. */
void fleet_table_areas(struct buf *b, const struct json *root);
/* fleet_table_nodes - at most @rows_max of them. */
void fleet_table_nodes(struct buf *b, const struct json *root,
		       const struct fleet_filter *filter, size_t rows_max);

/* fleet_table_intent - "drain 10 %/min" in short; nothing for NULL. */
void fleet_table_intent(struct buf *b, const struct json *intent);

#endif
