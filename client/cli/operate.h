/*
 * operate.h - one change of what operators want of a node or a region: find
 * the target, read what is wanted of it now, change that, send the whole back.
 * Shared by drain, undrain, maint, weight, bias and release. One thread.
 */
#ifndef PERI_CLIENT_CLI_OPERATE_H
#define PERI_CLIENT_CLI_OPERATE_H

#include "client/cli/cli.h"
#include "lib/proto/intent.h"

/* Options that all of them have. */
struct operate_settings {
	const char *reason, *until;
	int64_t for_ms;
	uint32_t dry_run;
};

#define OPERATE_OPTIONS 4

/* operate_options - append these to a command's own; returns the count. */
unsigned operate_options(struct operate_settings *settings,
			 struct cli_option *options_r);

/* Changes @intent, which is what is wanted now (all zero: nothing). */
typedef void operate_change_cb(struct intent *intent, const void *arg);

/*
 * operate_run - do it and say what came of it.
 *
 * @target  "node/ID", "region/ID", or an ID that is one of either
 * @change  NULL = release: nothing is wanted of it any more
 *
 * Returns an exit code.
 */
int operate_run(const struct cli *cli, const struct operate_settings *settings,
		const char *target, operate_change_cb *change, const void *arg);

/* operate_is_nothing - whether @intent asks for nothing: then it is released
 * and not kept. Pure. */
bool operate_is_nothing(const struct intent *intent);

/* operate_put_body - the body that asks for @intent. Pure. */
void operate_put_body(struct buf *b, const struct intent *intent);

/* operate_put_preview - the query of /v1/preview for what @wanted changes
 * against @now; "" when it moves nobody. Pure. */
void operate_put_preview(struct buf *b, const struct intent *now,
			 const struct intent *wanted);

#endif
