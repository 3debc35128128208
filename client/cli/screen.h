/*
 * screen.h - a full screen that is drawn again and again, and its keys. On
 * anything but a terminal: plain text, one picture after the other. One a
 * process, main thread.
 */
#ifndef PERI_CLIENT_CLI_SCREEN_H
#define PERI_CLIENT_CLI_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "client/cli/stopper.h"
#include "client/pollset.h"
#include "lib/base/buf.h"

struct screen {
	bool is_terminal;
	struct termios before; /* to be put back */
	struct pollset *set;
	struct pollset_member member;
	struct interest interest;
	struct stopper stopper;
};

/* screen_init - take the terminal, if there is one. Returns 0 or -errno;
 * screen_fini() in any case, which gives it back. */
MUST_CHECK int screen_init(struct screen *screen);
void screen_fini(struct screen *screen);

/* screen_draw - show @text; on a terminal it is cut to what fits. Returns
 * CLI_OK, or CLI_FAILED when nobody reads any more. */
int screen_draw(struct screen *screen, struct sv text);

/* screen_wait - until @wait_ms are over. Returns false when q, Ctrl-C or a
 * signal asked for the end. */
bool screen_wait(struct screen *screen, int64_t wait_ms);

/* screen_put - append @text cut to @rows lines of @columns characters, as
 * escape sequences that draw it from the top. Pure. */
void screen_put(struct buf *b, struct sv text, unsigned rows, unsigned columns);

#endif
