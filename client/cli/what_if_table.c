/*
 * what_if_table.c - see the header. What takes no part has no share: "-".
 */
#include "client/cli/what_if_table.h"

#include <math.h>

#include "client/cli/pick.h"
#include "client/cli/table.h"

/* A share, or an object that holds one. */
static double share_of(const struct json *row, const char *side)
{
	double share = pick_real(row, side, NAN);

	return isnan(share) ? pick_real(json_member(row, side), "share", NAN)
			    : share;
}

void what_if_table_rows(struct buf *b, const struct json *rows,
			const char *member, const char *title)
{
	const struct table_column columns[] = {
		{title, TABLE_LEFT},
		{"before %", TABLE_RIGHT},
		{"after %", TABLE_RIGHT},
		{"change", TABLE_RIGHT},
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));

	for (size_t i = 0; i < json_array_len(rows); i++) {
		const struct json *row = json_array_at(rows, i);
		double before = share_of(row, "before");
		double after = share_of(row, "after");

		table_text(t, pick_text(row, member));
		table_real(t, 100 * before, 2);
		table_real(t, 100 * after, 2);
		table_real(t, 100 * pick_real(row, "change", after - before),
			   2);
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
	what_if_table_rows(b, json_member(root, "sites"), "site", "site");
	buf_char(b, '\n');
	what_if_table_rows(b, json_member(root, "nodes"), "id", "node");
	buf_str(b, "\nthe list\n");
	put_answer(b, root, "before");
	put_answer(b, root, "after");
}
