/*
 * mailbox.c - a locked list and an eventfd. The lock guards the list only and
 * is held for a few instructions; the messages are read outside of it.
 */
#include "lib/net/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "lib/base/mem.h"

struct letter {
	void *message;
	STAILQ_ENTRY(letter) link;
};
STAILQ_HEAD(letters, letter);

struct mailbox {
	pthread_mutex_t lock;  /* guards letters */
	struct letters unread; /* in order of posting */
	int wake_fd;	       /* eventfd, readable while letters wait */
	struct event wake;
	mailbox_cb *cb;
	void *arg;
};

static void deliver(struct mailbox *box)
{
	struct letters taken = STAILQ_HEAD_INITIALIZER(taken);
	struct letter *letter;

	pthread_mutex_lock(&box->lock);
	STAILQ_CONCAT(&taken, &box->unread);
	pthread_mutex_unlock(&box->lock);
	while ((letter = STAILQ_FIRST(&taken))) {
		void *message = letter->message;

		STAILQ_REMOVE_HEAD(&taken, link);
		mem_free(letter);
		box->cb(message, box->arg);
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t count;

	(void)what;
	(void)eventfd_read(fd, &count);
	deliver(arg);
}

int mailbox_new(struct loop *loop, mailbox_cb *cb, void *arg,
		struct mailbox **box_r)
{
	struct mailbox *box = mem_alloc(sizeof(*box));

	box->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (box->wake_fd < 0) {
		int rc = -errno;

		mem_free(box);
		return rc;
	}
	pthread_mutex_init(&box->lock, NULL);
	STAILQ_INIT(&box->unread);
	box->cb = cb;
	box->arg = arg;
	event_assign(&box->wake, loop_base(loop), box->wake_fd,
		     EV_READ | EV_PERSIST, on_wake, box);
	event_add(&box->wake, NULL);
	*box_r = box;
	return 0;
}

void mailbox_free(struct mailbox **box_ptr)
{
	struct mailbox *box = *box_ptr;

	if (!box)
		return;
	/* Reading one letter may post another. */
	while (!STAILQ_EMPTY(&box->unread))
		deliver(box);
	*box_ptr = NULL;
	event_del(&box->wake);
	close(box->wake_fd);
	pthread_mutex_destroy(&box->lock);
	mem_free(box);
}

void mailbox_post(struct mailbox *box, void *message)
{
	struct letter *letter = mem_alloc(sizeof(*letter));

	letter->message = message;
	/* The wake-up stays inside the lock: once the receiver can see the
	 * letter it may free the box, and we must not touch it then. */
	pthread_mutex_lock(&box->lock);
	STAILQ_INSERT_TAIL(&box->unread, letter, link);
	(void)eventfd_write(box->wake_fd, 1);
	pthread_mutex_unlock(&box->lock);
}
