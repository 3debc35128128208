/*
 * preview.c - see the header.
 */
#include "client/cli/preview.h"

#include "client/cli/ask.h"
#include "client/cli/pick.h"
#include "client/cli/what_if_table.h"

#define TARGET_BYTES 1200

static void put_preview(struct buf *b, const struct json *root,
			const void *arg UNUSED)
{
	bool by_room = sv_eq(pick_text(root, "basis"), SV("room"));

	buf_printf(b, "%.1f %% of all first choices would move%s\n\n",
		   pick_real(root, "moved_share", 0) * 100,
		   by_room ? " (by room, since nobody asks now)" : "");
	what_if_table_rows(b, json_member(root, "regions"), "id", "region");
	buf_char(b, '\n');
	what_if_table_rows(b, json_member(root, "nodes"), "id", "node");
}

int preview_show(const struct cli *cli, struct sv query)
{
	char storage[TARGET_BYTES];
	struct buf target;
	struct ask ask;

	if (query.len == 0) {
		cli_error("it moves nobody: all of that holds already");
		return CLI_USAGE;
	}
	buf_init_fixed(&target, storage, sizeof(storage));
	buf_str(&target, "/v1/preview");
	buf_sv(&target, query);
	ask = ask_registry_admin(cli, buf_view(&target));
	return ask_show(&ask, put_preview, NULL);
}
