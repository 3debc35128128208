/*
 * preview.c - see the header. Rows that stay as they are are left out.
 */
#include "client/cli/preview.h"

#include <math.h>

#include "client/cli/ask.h"
#include "client/cli/pick.h"
#include "client/cli/table.h"

#define TARGET_BYTES 1200
#define SAME	     0.00005 /* rounds to no change */

static void put_rows(struct buf *b, const struct json *rows, const char *name)
{
	const struct table_column columns[] = {
		{name, TABLE_LEFT},
		{"before %", TABLE_RIGHT},
		{"after %", TABLE_RIGHT},
		{"change", TABLE_RIGHT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(rows); i++) {
		const struct json *row = json_array_at(rows, i);
		double before = pick_real(row, "before", NAN);
		double after = pick_real(row, "after", NAN);

		if (fabs(after - before) < SAME)
			continue;
		table_text(t, pick_text(row, "id"));
		table_real(t, before * 100, 2);
		table_real(t, after * 100, 2);
		table_real(t, (after - before) * 100, 2);
	}
	table_put(b, t);
	table_free(&t);
}

static void put_preview(struct buf *b, const struct json *root,
			const void *arg UNUSED)
{
	buf_printf(b, "%.1f %% of all first choices would move\n\n",
		   pick_real(root, "moved_share", 0) * 100);
	put_rows(b, json_member(root, "regions"), "region");
	buf_char(b, '\n');
	put_rows(b, json_member(root, "nodes"), "node");
}

int preview_show(const struct cli *cli, struct sv query)
{
	char storage[TARGET_BYTES];
	struct buf target;
	struct ask ask;

	if (query.len == 0) {
		cli_error("there is no preview of that: a change of a region's "
			  "weight, or an end of a change");
		return CLI_USAGE;
	}
	buf_init_fixed(&target, storage, sizeof(storage));
	buf_str(&target, "/v1/preview");
	buf_sv(&target, query);
	ask = ask_registry_admin(cli, buf_view(&target));
	return ask_show(&ask, put_preview, NULL);
}
