/*
 * follow.c - see the header. The events are a bell here: what has happened is
 * read from the log, whose numbers outlive a restart of the registry.
 */
#include "client/cli/follow.h"

#include <poll.h>

#include "client/cli/ask.h"
#include "client/cli/sse.h"

#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 5000
#define HEADER_BYTES (SSE_ID_BYTES + 32)

struct follow {
	struct sse sse;
	follow_cb *event;
	void *arg;
	bool stands; /* this stream has said something */
	bool stood;  /* one did */
	bool rang;   /* an event came with this piece */
	int verdict; /* CLI_OK: go on */
};

static void on_event(const char *name UNUSED, struct sv data UNUSED, void *arg)
{
	struct follow *f = arg;

	f->rang = true;
}

static bool on_piece(struct sv piece, void *arg)
{
	struct follow *f = arg;

	f->rang = !f->stands; /* what happened before it stood */
	if (!f->stands && f->stood)
		cli_error("the registry is back");
	f->stands = f->stood = true;
	sse_feed(&f->sse, piece, on_event, f);
	if (f->rang)
		f->verdict = f->event(f->arg);
	return f->verdict == CLI_OK;
}

static int run_once(struct follow *f, const struct cli *cli, struct sv target)
{
	struct ask ask = ask_registry_admin(cli, target);
	char storage[HEADER_BYTES];
	struct buf header, body;
	int rc;

	buf_init_fixed(&header, storage, sizeof(storage));
	if (f->sse.id[0])
		buf_printf(&header, "Last-Event-ID: %s\r\n", f->sse.id);
	ask.headers = buf_view(&header);
	ask.piece = on_piece;
	ask.piece_arg = f;
	ask.quiet = f->stood;
	f->stands = false;
	sse_begin(&f->sse);
	rc = ask_text(&ask, &body);
	buf_fini(&body);
	return rc;
}

int follow_run(const struct cli *cli, struct sv target, follow_cb *event,
	       void *arg)
{
	struct follow f = {.event = event, .arg = arg};
	int pause_ms = PAUSE_MIN_MS, rc;

	sse_init(&f.sse);
	for (;;) {
		rc = run_once(&f, cli, target);
		if (f.verdict != CLI_OK)
			rc = f.verdict;
		else if (rc == CLI_OK || (f.stood && rc == CLI_UNREACHABLE)) {
			if (f.stands) {
				cli_error("the stream ended; trying again");
				pause_ms = PAUSE_MIN_MS;
			}
			(void)poll(NULL, 0, pause_ms);
			pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2
							       : PAUSE_MAX_MS;
			continue;
		}
		sse_fini(&f.sse);
		return rc;
	}
}
