/*
 * pollset.c - the thin layer between interest.h and epoll. One thread.
 */
#include "client/pollset.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/mem.h"

#define BATCH_MAX 256

struct pollset {
	int epoll_fd;
};

int pollset_new(struct pollset **set_r)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	*set_r = mem_alloc(sizeof(**set_r));
	(*set_r)->epoll_fd = fd;
	return 0;
}

void pollset_free(struct pollset **set)
{
	if (!*set)
		return;
	close((*set)->epoll_fd);
	mem_free(*set);
	*set = NULL;
}

int pollset_fd(const struct pollset *set)
{
	return set->epoll_fd;
}

/* Which call is right depends on whether the fd is in the set; the kernel
 * knows. A failure leaves the fd without events: its timeout will end it. */
static void set_interest(int fd, unsigned bits, void *arg)
{
	struct pollset_member *member = arg;
	int set = member->set->epoll_fd;
	struct epoll_event event = {.data.ptr = member->owner};

	if (bits & INTEREST_READ)
		event.events |= EPOLLIN;
	if (bits & INTEREST_WRITE)
		event.events |= EPOLLOUT;
	if (bits == INTEREST_NONE)
		(void)epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) < 0 &&
		 errno == ENOENT)
		(void)epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

struct interest pollset_interest(struct pollset_member *member)
{
	return (struct interest){.set = set_interest, .arg = member};
}

unsigned pollset_wait(struct pollset *set, int64_t timeout_ms, void **owners_r,
		      unsigned max)
{
	struct epoll_event events[BATCH_MAX];
	int n;

	if (max > BATCH_MAX)
		max = BATCH_MAX;
	if (timeout_ms > INT_MAX)
		timeout_ms = INT_MAX;
	n = epoll_wait(set->epoll_fd, events, (int)max,
		       timeout_ms < 0 ? -1 : (int)timeout_ms);
	for (int i = 0; i < n; i++)
		owners_r[i] = events[i].data.ptr;
	return n > 0 ? (unsigned)n : 0;
}
