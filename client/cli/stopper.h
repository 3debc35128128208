/*
 * stopper.h - SIGINT and SIGTERM as a socket-like fd, so that a loop sees them
 * like everything else. One per process, main thread.
 */
#ifndef PERI_CLIENT_CLI_STOPPER_H
#define PERI_CLIENT_CLI_STOPPER_H

#include <stdbool.h>

#include "client/interest.h"

struct stopper {
	int fd;
	bool stopped;
	struct interest interest;
};

/* stopper_init - block both signals and wait for them in @interest. */
void stopper_init(struct stopper *stopper, const struct interest *interest);
void stopper_fini(struct stopper *stopper);

/* stopper_has_come - whether somebody wants us to stop. */
bool stopper_has_come(struct stopper *stopper);

#endif
