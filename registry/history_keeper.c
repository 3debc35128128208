/*
 * history_keeper.c - orders to the worker, news from it. Invariant: at most one
 * order is under way, so a slow disk holds one batch and no more; what it did
 * not take is offered again, but for frames. Main loop, but for the functions
 * under "The worker's thread".
 */
#include "registry/history_keeper.h"

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/svc/worker.h"
#include "registry/history_file.h"
#include "registry/registry.h"

#define EVENTS_MAX   4096 /* of a batch */
#define OPEN_AGAIN_S 60
#define PATH_BYTES   (REGISTRY_CONF_PATH_BYTES + 16)

/* All that a file held, in the order in which it came. */
struct load {
	struct history_file_slot *slots;
	struct {
		enum history_span span;
		struct history_frame frame;
	} * frames;
	struct event *events;
	size_t slot_count, frame_count, event_count;
};

/* One letter to the worker, and back with the result. */
struct order {
	enum { ORDER_OPEN, ORDER_WRITE } what;
	struct history_file_batch *batch; /* to be written */
	struct load *load; /* opening: what it holds; NULL: nobody asks */
	uint64_t serial, event_id; /* what of slots and events is written */
	uint64_t damaged;
	bool is_open;
	int rc;
	char why[HISTORY_FILE_WHY_BYTES];
};

struct history_keeper {
	struct registry *r; /* borrowed */
	struct history_source *source;
	struct worker *worker;
	struct mailbox *box;	   /* the worker's news */
	struct history_file *file; /* the worker's */
	enum { FILE_UNREAD, FILE_OPEN, FILE_AWAY } state;
	bool busy;	   /* an order is under way */
	int64_t open_at_s; /* monotonic; when it is away: try again */
	uint64_t serial;   /* slots up to this one are written */
	uint64_t event_id; /* events as well */
	const struct history_frame *frames[HISTORY_SPAN_COUNT]; /* new ones */
	struct history_keeper_counters counters;
	char path[PATH_BYTES];
	char problem[HISTORY_FILE_WHY_BYTES];
};

/* The worker's thread */

/* Room for one more of @count elements: doubles at each power of two. */
static void *grow(void *array, size_t count, size_t elem_bytes)
{
	if (count & (count - 1))
		return array;
	return mem_grow(array, count > 0 ? 2 * count : 1, elem_bytes);
}

static void take_slot(void *arg, const struct history_file_slot *slot)
{
	struct load *load = arg;

	load->slots = grow(load->slots, load->slot_count, sizeof(*slot));
	load->slots[load->slot_count++] = *slot;
}

static void take_frame(void *arg, enum history_span span,
		       const struct history_frame *frame)
{
	struct load *load = arg;

	load->frames =
		grow(load->frames, load->frame_count, sizeof(load->frames[0]));
	load->frames[load->frame_count].span = span;
	load->frames[load->frame_count++].frame = *frame;
}

static void take_event(void *arg, const struct event *event)
{
	struct load *load = arg;

	load->events = grow(load->events, load->event_count, sizeof(*event));
	load->events[load->event_count++] = *event;
}

static int open_file(struct history_keeper *keeper, struct order *order)
{
	struct history_file_sink sink = {
		.slot = take_slot,
		.frame = take_frame,
		.event = take_event,
		.arg = order->load,
	};
	struct buf why;
	int rc;

	buf_init_fixed(&why, order->why, sizeof(order->why));
	rc = history_file_open(keeper->file, order->load ? &sink : NULL, &why);
	(void)buf_cstr(&why);
	return rc;
}

static void on_order(void *state, void *message)
{
	struct history_keeper *keeper = state;
	struct order *order = message;

	order->rc = order->what == ORDER_OPEN
			    ? open_file(keeper, order)
			    : history_file_write(keeper->file, order->batch);
	history_file_batch_free(&order->batch);
	order->is_open = history_file_is_open(keeper->file);
	order->damaged = history_file_damaged(keeper->file);
	mailbox_post(keeper->box, order);
}

static int on_start(struct loop *loop, unsigned index, void *arg,
		    void **state_r)
{
	struct history_keeper *keeper = arg;

	(void)loop;
	(void)index;
	keeper->file = history_file_new(keeper->path);
	*state_r = keeper;
	return 0;
}

static void on_stop(void *state)
{
	struct history_keeper *keeper = state;

	history_file_free(&keeper->file);
}

static const struct worker_role role = {
	.start = on_start,
	.message = on_order,
	.stop = on_stop,
	.niceness = 5,
};

/* The main loop */

static void load_free(struct load **load)
{
	if (!*load)
		return;
	for (size_t i = 0; i < (*load)->frame_count; i++)
		mem_free((*load)->frames[i].frame.points);
	mem_free((*load)->slots);
	mem_free((*load)->frames);
	mem_free((*load)->events);
	mem_free(*load);
	*load = NULL;
}

static void give(struct history_keeper *keeper, struct order *order)
{
	keeper->busy = true;
	worker_post(keeper->worker, order);
}

/* What it holds is asked for once, at the start. */
static void give_open(struct history_keeper *keeper)
{
	struct order *order = mem_alloc(sizeof(*order));

	order->what = ORDER_OPEN;
	if (keeper->state == FILE_UNREAD)
		order->load = mem_alloc(sizeof(*order->load));
	give(keeper, order);
}

static void restore(struct history_keeper *keeper, struct load *load)
{
	struct history *history = history_source_history(keeper->source);
	size_t refused = 0;

	for (size_t i = 0; i < load->slot_count; i++) {
		const struct history_file_slot *slot = &load->slots[i];

		refused += history_restore_slot(
				   history, slot->slot, sv_str(slot->name),
				   slot->since_s, clk_wall_s()) != 0;
	}
	for (size_t i = 0; i < load->frame_count; i++) {
		struct history_frame *frame = &load->frames[i].frame;

		history_restore_frame(history, load->frames[i].span,
				      frame->tick, frame->points, frame->count);
		frame->points = NULL; /* taken over */
	}
	event_log_restore(keeper->r->events, load->events, load->event_count);
	log_info("history.load targets=%zu frames=%zu events=%zu refused=%zu",
		 load->slot_count, load->frame_count, load->event_count,
		 refused);
}

static void set_problem(struct history_keeper *keeper,
			const struct order *order)
{
	struct buf b;

	buf_init_fixed(&b, keeper->problem, sizeof(keeper->problem) - 1);
	if (!order->is_open)
		buf_str(&b, order->why[0] ? order->why : "it is damaged");
	else if (order->rc != 0)
		buf_str(&b, "the last batch could not be written");
	keeper->problem[b.len] = '\0';
	keeper->counters.up = !keeper->problem[0];
}

/* Whether or not there was a file, the recording begins. All that is in memory
 * goes into the file, unless it is known to hold it. */
static void on_opened(struct history_keeper *keeper, struct order *order)
{
	const struct load *load = order->load;

	if (order->rc != 0)
		log_err("history.open_failed why=\"%s\"", order->why);
	keeper->serial = keeper->event_id = 0;
	if (!load)
		return;
	restore(keeper, order->load);
	history_source_begin(keeper->source);
	if (order->damaged == 0 && load->event_count > 0)
		keeper->event_id = load->events[load->event_count - 1].id;
}

static void on_written(struct history_keeper *keeper, const struct order *order)
{
	if (order->rc != 0) {
		keeper->counters.failed++;
		return;
	}
	keeper->counters.written++;
	keeper->serial = order->serial;
	keeper->event_id = order->event_id;
}

/* A file that turned out damaged is opened again at once: as a new one. */
static void on_news(void *message, void *arg)
{
	struct history_keeper *keeper = arg;
	struct order *order = message;

	keeper->busy = false;
	keeper->counters.damaged = order->damaged;
	set_problem(keeper, order);
	if (order->what == ORDER_OPEN)
		on_opened(keeper, order);
	else
		on_written(keeper, order);
	keeper->state = order->is_open ? FILE_OPEN : FILE_AWAY;
	keeper->open_at_s = clk_mono_ms() / 1000 +
			    (order->what == ORDER_OPEN ? OPEN_AGAIN_S : 0);
	load_free(&order->load);
	mem_free(order);
}

static void add_slots(const struct history_keeper *keeper,
		      struct history_file_batch *batch)
{
	const struct history *history = history_source_history(keeper->source);
	uint32_t count = history_slot_count(history);
	struct history_file_slot *slot;
	int rc;

	if (history_serial(history) == keeper->serial)
		return;
	batch->slots = mem_array(count, sizeof(batch->slots[0]));
	for (uint32_t i = 0; i < count; i++) {
		if (history_slot_serial(history, i) <= keeper->serial)
			continue;
		slot = &batch->slots[batch->slot_count++];
		slot->slot = i;
		slot->since_s = history_slot_since_s(history, i);
		rc = sv_copy(sv_str(history_slot_name(history, i)), slot->name,
			     sizeof(slot->name));
		(void)rc; /* both have the same room */
	}
}

static void add_frames(const struct history_keeper *keeper,
		       struct history_file_batch *batch)
{
	for (unsigned s = 0; s < HISTORY_SPAN_COUNT; s++) {
		const struct history_frame *frame = keeper->frames[s];

		batch->frames[s].tick = -1;
		if (!frame)
			continue;
		batch->frames[s] = *frame;
		batch->frames[s].points = mem_dup(
			frame->points, frame->count * sizeof(frame->points[0]));
	}
}

/* Events behind the last that was written; what is over the limit follows with
 * the next batch. */
static uint64_t add_events(const struct history_keeper *keeper,
			   struct history_file_batch *batch)
{
	const struct event_log *log = keeper->r->events;
	struct event_filter filter = {.after = keeper->event_id};
	const struct event **events =
		mem_array(EVENTS_MAX, sizeof(struct event *));
	size_t count;
	bool more;

	/* 0 asks for the newest; no event has the id 1 */
	if (filter.after == 0)
		filter.after = 1;
	count = event_log_read(log, &filter, EVENTS_MAX, events, &more);
	batch->events = mem_array(count, sizeof(struct event));
	batch->event_count = count;
	batch->oldest_id = event_log_oldest_id(log);
	for (size_t i = 0; i < count; i++)
		batch->events[i] = *events[i];
	mem_free(events);
	return count > 0 ? batch->events[count - 1].id : keeper->event_id;
}

static bool has_news(const struct history_keeper *keeper)
{
	return keeper->frames[HISTORY_HOUR] ||
	       event_log_newest_id(keeper->r->events) > keeper->event_id;
}

static void give_batch(struct history_keeper *keeper)
{
	struct order *order = mem_alloc(sizeof(*order));

	order->what = ORDER_WRITE;
	order->batch = mem_alloc(sizeof(*order->batch));
	order->serial = history_serial(history_source_history(keeper->source));
	add_slots(keeper, order->batch);
	add_frames(keeper, order->batch);
	order->event_id = add_events(keeper, order->batch);
	keeper->frames[HISTORY_HOUR] = keeper->frames[HISTORY_DAY] = NULL;
	give(keeper, order);
}

static void give_news(struct history_keeper *keeper)
{
	if (keeper->busy)
		return;
	if (keeper->state == FILE_OPEN && has_news(keeper))
		give_batch(keeper);
	else if (keeper->state == FILE_AWAY &&
		 clk_mono_ms() / 1000 >= keeper->open_at_s)
		give_open(keeper);
}

/* Frames are lent until the next moment: one that the file has not taken by
 * then is lost to it. */
void history_keeper_look(struct history_keeper *keeper)
{
	int64_t began_us = clk_mono_us();
	const struct history_frame *hour, *day;

	if (!history_source_look(keeper->source, clk_wall_s(), &hour, &day)) {
		give_news(keeper);
		return;
	}
	keeper->counters.lost_frames += keeper->frames[HISTORY_HOUR] != NULL;
	keeper->frames[HISTORY_HOUR] = hour;
	keeper->frames[HISTORY_DAY] = day;
	give_news(keeper);
	metrics_observe_us(&keeper->counters.look,
			   (uint64_t)(clk_mono_us() - began_us));
}

int history_keeper_new(struct registry *r, struct history_keeper **keeper_r)
{
	const struct registry_settings *settings = registry_settings_of(r);
	struct history_keeper *keeper = mem_alloc(sizeof(*keeper));
	struct buf path;
	int rc;

	keeper->r = r;
	buf_init_fixed(&path, keeper->path, sizeof(keeper->path));
	buf_printf(&path, "%s/history.db", settings->state_dir);
	(void)buf_cstr(&path);
	keeper->source = history_source_new(r, settings->history_nodes);
	rc = mailbox_new(r->ctx->loop, on_news, keeper, &keeper->box);
	if (rc == 0)
		rc = worker_start(&role, 0, keeper, &keeper->worker);
	if (rc != 0) {
		log_err("history.start_failed why=\"%s\"", err_str(rc));
		mailbox_free(&keeper->box);
		history_source_free(&keeper->source);
		mem_free(keeper);
		return rc;
	}
	give_open(keeper);
	*keeper_r = keeper;
	return 0;
}

void history_keeper_free(struct history_keeper **keeper)
{
	struct history_keeper *self = *keeper;

	if (!self)
		return;
	if (self->state == FILE_OPEN && has_news(self))
		give_batch(self);
	worker_stop(&self->worker); /* carries out its orders */
	mailbox_free(&self->box);   /* takes the news of them */
	history_source_free(&self->source);
	mem_free(self);
	*keeper = NULL;
}

void history_keeper_lease(struct history_keeper *keeper,
			  const struct lease *lease, enum lease_event event)
{
	history_source_lease(keeper->source, lease, event);
}

struct history_source *history_keeper_source(struct history_keeper *keeper)
{
	return keeper->source;
}

const struct history_keeper_counters *
history_keeper_counters(const struct history_keeper *keeper)
{
	return &keeper->counters;
}

const char *history_keeper_problem(const struct history_keeper *keeper)
{
	return keeper->problem;
}
