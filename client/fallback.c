/*
 * fallback.c - a name instead of a list of nodes. One thread.
 */
#include "client/fallback.h"

#include "lib/base/err.h"

#define GOIM_TCP_PORT 3101 /* of the nodes behind the name */

int fallback_start(struct fallback *f, const char *name,
		   const struct interest *interest, int64_t timeout_ms,
		   int64_t now_ms)
{
	int rc = sv_copy(sv_str(name), f->name, sizeof(f->name));

	if (rc != 0)
		return rc;
	f->due_ms = now_ms + timeout_ms;
	return lookup_start(sv_str(f->name), interest, &f->lookup);
}

int fallback_take(struct fallback *f, int64_t now_ms, struct targets *targets_r)
{
	struct addr addrs[LOOKUP_ADDRS_MAX];
	unsigned count = 0;
	int rc = lookup_result(f->lookup, addrs, &count);

	if (rc == ERR_AGAIN && now_ms >= f->due_ms)
		rc = ERR_TIMEOUT;
	if (rc == ERR_AGAIN)
		return rc;
	lookup_free(&f->lookup);
	if (rc == 0)
		targets_fill_names(targets_r, addrs, count, GOIM_TCP_PORT,
				   f->name);
	return rc;
}

void fallback_close(struct fallback *f)
{
	lookup_free(&f->lookup);
}
