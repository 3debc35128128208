/*
 * mailbox.h - messages from any thread to one loop (an eventfd and a short
 * locked list; never on a request path).
 */
#ifndef PERI_LIB_NET_MAILBOX_H
#define PERI_LIB_NET_MAILBOX_H

#include "lib/net/loop.h"

struct mailbox;

/* Called on the receiver's loop, in the order of posting by each sender. */
typedef void mailbox_cb(void *message, void *arg);

/* mailbox_new - a box read by @loop. Returns 0 or -errno. Owned by caller. */
MUST_CHECK int mailbox_new(struct loop *loop, mailbox_cb *cb, void *arg,
			   struct mailbox **box_r);
/* mailbox_free - unread messages are handed to @cb first. */
void mailbox_free(struct mailbox **box);

/* mailbox_post - hand @message over; ownership goes with it. Any thread. */
void mailbox_post(struct mailbox *box, void *message);

#endif
