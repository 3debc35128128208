/*
 * stopper.c - signalfd(2) for the two signals that end a command.
 */
#include "client/cli/stopper.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

void stopper_init(struct stopper *stopper, const struct interest *interest)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	*stopper = (struct stopper){.interest = *interest};
	sigprocmask(SIG_BLOCK, &set, NULL);
	stopper->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stopper->fd >= 0)
		interest_set(interest, stopper->fd, INTEREST_READ);
	else /* then they end the process as they used to */
		sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void stopper_fini(struct stopper *stopper)
{
	if (stopper->fd < 0)
		return;
	interest_set(&stopper->interest, stopper->fd, INTEREST_NONE);
	close(stopper->fd);
	stopper->fd = -1;
}

bool stopper_has_come(struct stopper *stopper)
{
	struct signalfd_siginfo info;

	if (stopper->fd >= 0 &&
	    read(stopper->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		stopper->stopped = true;
	return stopper->stopped;
}
