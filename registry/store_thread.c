/*
 * store_thread.c - queue, thread and mailbox of a blocking store. `lock`
 * guards queue, load_wanted and stopping; everything else belongs to one of
 * the two threads. Messages reach the loop in the order of the work.
 */
#include "registry/store_thread.h"

#include <errno.h>
#include <pthread.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/mailbox.h"

/* Bounds the memory of one transaction and how long a late-comer waits. */
#define TRANSACTION_OPS 4096
#define LOAD_BATCH	256

enum row_kind { ROW_REGION, ROW_NODE, ROW_INTENT, ROW_AUDIT };

/* One entry that was read. */
struct row {
	enum row_kind kind;
	enum store_region_source source;
	struct feed_region region;
	struct store_node node;
	struct intent intent;
	struct store_op_audit *audit; /* owned */
};

/* What the thread posts: finished operations, or rows that were read. */
struct message {
	struct store_op_list ops;
	bool is_transaction;
	struct row *rows; /* owned, LOAD_BATCH of them, or NULL */
	size_t row_count;
	uint64_t unreadable;
	bool load_done;
	int load_rc;
};

struct store_thread {
	struct mailbox *box;
	pthread_t thread;
	struct store_work work;
	struct message *reading;	/* the thread's: rows not yet posted */
	struct log_rate unreadable_log; /* the thread's */
	/* Under lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct store_op_list queue;
	bool stopping, load_wanted;
	/* The loop's. */
	struct store *front;
	struct store_sink sink;
};

static struct message *message_new(void)
{
	struct message *message = mem_alloc(sizeof(*message));

	STAILQ_INIT(&message->ops);
	return message;
}

/* Room for one more row; posts the message that is full. */
static struct row *next_row(struct store_thread *self)
{
	if (self->reading && self->reading->row_count == LOAD_BATCH) {
		mailbox_post(self->box, self->reading);
		self->reading = NULL;
	}
	if (!self->reading) {
		self->reading = message_new();
		self->reading->rows = mem_array(LOAD_BATCH, sizeof(struct row));
	}
	return &self->reading->rows[self->reading->row_count];
}

static int decode(struct sv json, struct row *row, struct json_problem *p)
{
	struct json *root;
	int rc = json_parse(json, &root, p);

	if (rc != 0)
		return rc;
	if (row->kind == ROW_REGION)
		rc = feed_region_decode(root, &row->region, p);
	else if (row->kind == ROW_NODE)
		rc = node_decode_known(root, &row->node.record, p);
	else
		rc = intent_decode_known(root, &row->intent, p);
	json_free(&root);
	return rc;
}

static void keep_row(struct store_thread *self, struct row *row, const char *id,
		     struct sv json)
{
	struct json_problem p = {.rc = 0};
	uint32_t dropped;

	if (decode(json, row, &p) == 0) {
		self->reading->row_count++;
		return;
	}
	self->reading->unreadable++;
	if (log_rate_pass(&self->unreadable_log, clk_mono_ms(), &dropped))
		log_err("store.load unreadable id=\"%s\" path=\"%s\" "
			"rule=\"%s\" dropped=%u",
			id, p.path, p.rule, dropped);
}

void store_thread_region(struct store_thread *self, const char *id,
			 struct sv json, enum store_region_source source)
{
	struct row *row = next_row(self);

	*row = (struct row){.kind = ROW_REGION, .source = source};
	keep_row(self, row, id, json);
}

void store_thread_node(struct store_thread *self, const char *id,
		       struct sv json, int64_t registered_wall_s,
		       int64_t down_wall_s)
{
	struct row *row = next_row(self);

	*row = (struct row){.kind = ROW_NODE};
	row->node.registered_wall_s = registered_wall_s;
	row->node.down_wall_s = down_wall_s;
	keep_row(self, row, id, json);
}

void store_thread_intent(struct store_thread *self, const char *id,
			 struct sv json)
{
	struct row *row = next_row(self);

	*row = (struct row){.kind = ROW_INTENT};
	keep_row(self, row, id, json);
}

/* Nobody here looks into it. */
void store_thread_audit(struct store_thread *self,
			const struct store_audit *audit)
{
	struct row *row = next_row(self);

	*row = (struct row){.kind = ROW_AUDIT};
	row->audit = store_audit_copy(audit);
	self->reading->row_count++;
}

static void read_all(struct store_thread *self)
{
	struct message *last;
	int rc = self->work.read(self->work.arg, self);

	last = self->reading ? self->reading : message_new();
	self->reading = NULL;
	last->load_done = true;
	last->load_rc = rc;
	mailbox_post(self->box, last);
}

static void write_all(struct store_thread *self, struct store_op_list *ops)
{
	struct message *message = message_new();

	self->work.write(self->work.arg, ops);
	message->is_transaction = true;
	STAILQ_CONCAT(&message->ops, ops);
	mailbox_post(self->box, message);
}

/* Move up to a transaction's worth of operations to @ops. */
static void take_ops(struct store_thread *self, struct store_op_list *ops)
{
	struct store_op *op;

	for (int i = 0; i < TRANSACTION_OPS; i++) {
		op = STAILQ_FIRST(&self->queue);
		if (!op)
			return;
		STAILQ_REMOVE_HEAD(&self->queue, link);
		STAILQ_INSERT_TAIL(ops, op, link);
	}
}

/* Wait for work. Returns false when there is none left and we shall stop. */
static bool take_work(struct store_thread *self, struct store_op_list *ops,
		      bool *load_r)
{
	pthread_mutex_lock(&self->lock);
	while (STAILQ_EMPTY(&self->queue) && !self->load_wanted &&
	       !self->stopping)
		pthread_cond_wait(&self->wake, &self->lock);
	take_ops(self, ops);
	*load_r = self->load_wanted;
	self->load_wanted = false;
	pthread_mutex_unlock(&self->lock);
	return !STAILQ_EMPTY(ops) || *load_r;
}

static void *thread_main(void *arg)
{
	struct store_thread *self = arg;
	struct store_op_list ops;
	bool load;

	for (;;) {
		STAILQ_INIT(&ops);
		if (!take_work(self, &ops, &load))
			return NULL;
		if (load)
			read_all(self);
		if (!STAILQ_EMPTY(&ops))
			write_all(self, &ops);
	}
}

static void deliver_row(const struct store_sink *sink, struct row *row)
{
	struct store_audit audit;

	switch (row->kind) {
	case ROW_REGION:
		sink->region(sink->arg, &row->region, row->source);
		return;
	case ROW_NODE:
		sink->node(sink->arg, &row->node);
		return;
	case ROW_INTENT:
		sink->intent(sink->arg, &row->intent);
		return;
	case ROW_AUDIT:
		audit.seq = row->audit->seq;
		audit.target = sv_str(row->audit->target);
		audit.json = sv_of(row->audit->json, row->audit->json_bytes);
		sink->audit(sink->arg, &audit);
		mem_free(row->audit);
		return;
	}
}

static void deliver_rows(struct store_thread *self,
			 const struct message *message)
{
	const struct store_sink *sink = &self->sink;

	for (size_t i = 0; i < message->row_count; i++)
		deliver_row(sink, &message->rows[i]);
	if (message->load_done)
		sink->done(sink->arg, message->load_rc);
}

static void on_message(void *posted, void *arg)
{
	struct store_thread *self = arg;
	struct message *message = posted;
	struct store_op *op;

	self->front->counters.transactions += message->is_transaction;
	self->front->counters.unreadable += message->unreadable;
	deliver_rows(self, message);
	while ((op = STAILQ_FIRST(&message->ops)) != NULL) {
		STAILQ_REMOVE_HEAD(&message->ops, link);
		store_complete(self->front, op);
	}
	mem_free(message->rows);
	mem_free(message);
}

void store_thread_submit(struct store_thread *self, struct store_op *op)
{
	pthread_mutex_lock(&self->lock);
	STAILQ_INSERT_TAIL(&self->queue, op, link);
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
}

void store_thread_load(struct store_thread *self, const struct store_sink *sink)
{
	self->sink = *sink;
	pthread_mutex_lock(&self->lock);
	self->load_wanted = true;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
}

int store_thread_new(struct loop *loop, struct store *front,
		     const struct store_work *work,
		     struct store_thread **thread_r)
{
	struct store_thread *self = mem_alloc(sizeof(*self));
	int rc;

	self->front = front;
	self->work = *work;
	STAILQ_INIT(&self->queue);
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->wake, NULL);
	rc = mailbox_new(loop, on_message, self, &self->box);
	if (rc != 0)
		goto err_free;
	rc = -pthread_create(&self->thread, NULL, thread_main, self);
	if (rc != 0)
		goto err_box;
	*thread_r = self;
	return 0;
err_box:
	mailbox_free(&self->box);
err_free:
	pthread_cond_destroy(&self->wake);
	pthread_mutex_destroy(&self->lock);
	mem_free(self);
	return rc;
}

void store_thread_free(struct store_thread **thread)
{
	struct store_thread *self = *thread;

	if (!self)
		return;
	pthread_mutex_lock(&self->lock);
	self->stopping = true;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	mailbox_free(&self->box); /* delivers what is unread */
	pthread_cond_destroy(&self->wake);
	pthread_mutex_destroy(&self->lock);
	mem_free(self);
	*thread = NULL;
}
