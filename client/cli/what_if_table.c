/*
 * what_if_table.c - see the header. What takes no part has no share: "-".
 */
#include "client/cli/what_if_table.h"

#include <math.h>

#include "client/cli/pick.h"
#include "client/cli/table.h"

static double share_of(const struct json *row, const char *side)
{
	return 100 * pick_real(json_member(row, side), "share", NAN);
}

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

		table_text(t, pick_text(row, name));
		table_real(t, share_of(row, "before"), 2);
		table_real(t, share_of(row, "after"), 2);
		table_real(t, 100 * pick_real(row, "change", NAN), 2);
	}
	table_put(b, t);
	table_free(&t);
}

static void put_answer(struct buf *b, const struct json *root, const char *side)
{
	const struct json *list =
		json_member(json_member(root, "answer"), side);
	struct sv id;

	buf_printf(b, "%-8s", side);
	for (size_t i = 0; i < json_array_len(list); i++)
		if (json_get_text(json_array_at(list, i), &id) == 0)
			buf_printf(b, " " SV_FMT, SV_ARG(id));
	buf_char(b, '\n');
}

void what_if_table_put(struct buf *b, const struct json *root)
{
	buf_str(b, "what if: shares of this cell's clients, first choice\n\n");
	put_rows(b, json_member(root, "sites"), "site");
	buf_char(b, '\n');
	put_rows(b, json_member(root, "nodes"), "id");
	buf_str(b, "\nthe list\n");
	put_answer(b, root, "before");
	put_answer(b, root, "after");
}
