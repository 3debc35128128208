/*
 * test_mailbox.c - messages of several threads, in order of each sender.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "lib/base/mem.h"
#include "lib/net/mailbox.h"
#include "tests/unit/lib-net/net_helper.h"

#define SENDERS	 3
#define MESSAGES 5000

struct message {
	unsigned sender, number;
};

struct receiver {
	struct mailbox *box;
	unsigned next[SENDERS];
	unsigned count;
	bool answers; /* each message posts another one, once */
};

struct sender {
	struct mailbox *box;
	unsigned index;
	pthread_t thread;
};

static struct message *make(unsigned sender, unsigned number)
{
	struct message *message = mem_alloc(sizeof(*message));

	message->sender = sender;
	message->number = number;
	return message;
}

static void on_message(void *arg, void *context)
{
	struct receiver *receiver = context;
	struct message *message = arg;

	assert_int_equal(message->number, receiver->next[message->sender]);
	receiver->next[message->sender]++;
	receiver->count++;
	if (receiver->answers && message->sender == 0)
		mailbox_post(receiver->box, make(1, message->number));
	mem_free(message);
}

static void *send_all(void *arg)
{
	struct sender *sender = arg;

	for (unsigned i = 0; i < MESSAGES; i++)
		mailbox_post(sender->box, make(sender->index, i));
	return NULL;
}

static bool has_all(void *arg)
{
	return ((struct receiver *)arg)->count == SENDERS * MESSAGES;
}

static void test_threads_keep_their_order(void **state)
{
	struct sender senders[SENDERS];
	struct receiver receiver = {0};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(
		mailbox_new(loop, on_message, &receiver, &receiver.box), 0);
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.box = receiver.box, .index = i};
		assert_int_equal(pthread_create(&senders[i].thread, NULL,
						send_all, &senders[i]),
				 0);
	}
	helper_until(loop, has_all, &receiver);
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	mailbox_free(&receiver.box);
	assert_null(receiver.box);
	assert_int_equal(receiver.count, SENDERS * MESSAGES);
	loop_free(&loop);
}

static void test_unread_ones_are_handed_over(void **state)
{
	struct receiver receiver = {.answers = true};
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(
		mailbox_new(loop, on_message, &receiver, &receiver.box), 0);
	for (unsigned i = 0; i < 3; i++)
		mailbox_post(receiver.box, make(0, i));
	assert_int_equal(receiver.count, 0); /* never from inside post */
	mailbox_free(&receiver.box);
	assert_int_equal(receiver.count, 6); /* the answers too */
	mailbox_free(&receiver.box);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_keep_their_order),
		cmocka_unit_test(test_unread_ones_are_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
