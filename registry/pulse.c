/*
 * pulse.c - see the header. Invariant: while it is awake, everything that
 * happened before changes.rev and the sweep has been told in events up to the
 * viewer_hub's last. Loop thread.
 */
#include "registry/pulse.h"

#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/mem.h"
#include "registry/picture_put.h"
#include "registry/pulse_changes.h"
#include "registry/registry.h"
#include "registry/report_share.h"

#define PERIOD_MS     1000
/* Of the whole picture at a time. */
#define PIECE_NODES   128
#define PIECE_INTENTS 128
/* A page reads the state first and watches then, or comes back in a moment. */
#define LINGER_MS     15000

struct pulse {
	struct registry *registry;
	struct loop *loop;
	struct loop_timer *timer;
	bool is_awake;
	int64_t linger_until_ms;
	int64_t started_ms;
	struct report_sum *sum; /* held; of the last event; NULL = asleep */
	struct pulse_changes changes;
};

static void on_timer(void *arg);

struct pulse *pulse_new(struct registry *registry, struct loop *loop)
{
	struct pulse *pulse = mem_alloc(sizeof(*pulse));

	pulse->registry = registry;
	pulse->loop = loop;
	pulse->started_ms = loop_now_ms(loop);
	pulse->timer = loop_timer_new(loop, on_timer, pulse);
	return pulse;
}

void pulse_free(struct pulse **pulse)
{
	if (!*pulse)
		return;
	loop_timer_free(&(*pulse)->timer);
	report_sum_free(&(*pulse)->sum);
	mem_free(*pulse);
	*pulse = NULL;
}

static struct picture_source source_of(const struct pulse *pulse,
				       const struct report_sum *sum)
{
	const struct registry *r = pulse->registry;

	return (struct picture_source){
		.leases = r->leases,
		.regions = r->regions,
		.overrides = r->overrides,
		.drains = intent_keeper_drains(r->intents),
		.balancers = r->balancers,
		.sum = sum,
		.revision = feed_hub_rev(r->hub),
	};
}

static void begin(struct pulse *pulse)
{
	const struct registry *r = pulse->registry;

	report_sum_free(&pulse->sum);
	pulse->sum = report_share_take(r->reports, loop_now_ms(pulse->loop));
	pulse_changes_begin(&pulse->changes, feed_hub_rev(r->hub),
			    loop_now_ms(pulse->loop));
}

void pulse_wake(struct pulse *pulse)
{
	pulse->linger_until_ms = loop_now_ms(pulse->loop) + LINGER_MS;
	if (pulse->is_awake)
		return;
	pulse->is_awake = true;
	begin(pulse);
	loop_timer_every(pulse->timer, PERIOD_MS);
}

static void fall_asleep(struct pulse *pulse)
{
	loop_timer_stop(pulse->timer);
	report_sum_free(&pulse->sum);
	viewer_hub_gap(pulse->registry->viewers);
	pulse->is_awake = false;
}

/* ---- JSON ---- */

/* Everything but intents and nodes, into the open object. */
static void put_common(const struct pulse *pulse, struct jsonw *w,
		       const struct picture *picture)
{
	const struct registry *r = pulse->registry;
	struct picture_registry registry = {
		.address = r->nodes_url,
		.uptime_s = (picture->now_ms - pulse->started_ms) / 1000,
		.store = store_counters(r->store),
	};

	jsonw_i64(w, "wall_ms", clk_wall_ms());
	picture_put_head(w, picture, &registry);
	picture_put_regions(w, picture);
	picture_put_demand(w, picture->source.sum);
	picture_put_balancers(w, picture);
}

typedef void put_id_cb(const struct viewer_hub *hub, struct buf *b);

static void put_id(const struct pulse *pulse, struct jsonw *w, put_id_cb *put)
{
	char storage[128];
	struct buf id;

	buf_init_fixed(&id, storage, sizeof(storage));
	put(pulse->registry->viewers, &id);
	jsonw_text(w, "id", buf_view(&id));
}

static void put_state_head(struct pulse *pulse, struct buf *b)
{
	/* Not that of the last event: a balancer may be newer. */
	struct report_sum *sum = report_share_take(pulse->registry->reports,
						   loop_now_ms(pulse->loop));
	struct picture_source source = source_of(pulse, sum);
	struct picture picture;
	struct jsonw w;

	picture_take(&picture, &source, loop_now_ms(pulse->loop));
	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	put_id(pulse, &w, viewer_hub_put_id);
	put_common(pulse, &w, &picture);
	jsonw_array(&w, "intents"); /* left open */
	picture_fini(&picture);
	report_sum_free(&sum);
}

/* Returns whether more follow. */
static bool put_state_intents(const struct pulse *pulse,
			      struct pulse_reading *reading, struct buf *b)
{
	const struct override_table *overrides = pulse->registry->overrides;
	const struct override *entry =
		override_after(overrides, reading->scope, reading->number);
	struct jsonw w;

	for (unsigned i = 0; entry && i < PIECE_INTENTS; i++) {
		if (reading->number > 0)
			buf_char(b, ',');
		jsonw_init(&w, b);
		picture_put_intent(&w, entry);
		reading->scope = entry->intent.scope;
		reading->number = entry->number;
		entry = override_next(overrides, entry);
	}
	if (entry)
		return true;
	buf_str(b, "],\"nodes\":[");
	return false;
}

static bool put_state_nodes(const struct pulse *pulse,
			    char after[NODE_ID_BYTES], struct buf *b)
{
	const struct lease_table *leases = pulse->registry->leases;
	size_t at = after[0] ? lease_index_after(leases, after) : 0;
	struct picture_source source;
	const struct lease *lease;
	struct jsonw w;

	source = source_of(pulse, pulse->sum);
	for (unsigned i = 0; i < PIECE_NODES; i++) {
		lease = lease_at(leases, at + i);
		if (!lease) {
			buf_str(b, "]}\n");
			return false;
		}
		if (after[0])
			buf_char(b, ',');
		jsonw_init(&w, b);
		picture_put_node(&w, &source, lease, loop_now_ms(pulse->loop));
		memcpy(after, lease->record.id, NODE_ID_BYTES);
	}
	return true;
}

bool pulse_put_state(struct pulse *pulse, struct pulse_reading *reading,
		     struct buf *b)
{
	pulse_wake(pulse);
	switch (reading->part) {
	case PULSE_READING_HEAD:
		put_state_head(pulse, b);
		reading->part = PULSE_READING_INTENTS;
		return true;
	case PULSE_READING_INTENTS:
		if (!put_state_intents(pulse, reading, b))
			reading->part = PULSE_READING_NODES;
		return true;
	case PULSE_READING_NODES:
		break;
	}
	return put_state_nodes(pulse, reading->after, b);
}

static void put_changes(const struct pulse *pulse, struct jsonw *w,
			const struct picture *picture)
{
	const struct pulse_changes *changes = &pulse->changes;

	if (changes->intents)
		picture_put_intents(w, picture->source.overrides);
	jsonw_array(w, "nodes");
	for (size_t i = 0; i < changes->changed_count; i++)
		picture_put_node(w, &picture->source, changes->changed[i],
				 picture->now_ms);
	jsonw_array_end(w);
	jsonw_array(w, "gone");
	for (size_t i = 0; i < changes->gone_count; i++)
		jsonw_str(w, NULL, changes->gone[i]);
	jsonw_array_end(w);
}

/* ---- once a second ---- */

static void tell(struct pulse *pulse, const struct picture_source *source)
{
	struct picture picture;
	struct buf json;
	struct jsonw w;

	picture_take(&picture, source, loop_now_ms(pulse->loop));
	buf_init(&json, VIEWER_HUB_EVENT_BYTES);
	jsonw_init(&w, &json);
	jsonw_object(&w, NULL);
	put_id(pulse, &w, viewer_hub_put_next_id);
	put_common(pulse, &w, &picture);
	put_changes(pulse, &w, &picture);
	jsonw_object_end(&w);
	picture_fini(&picture);
	if (json.failed)
		viewer_hub_reset(pulse->registry->viewers,
				 "too much has changed");
	else
		viewer_hub_add(pulse->registry->viewers, VIEWER_STATE,
			       buf_view(&json));
	buf_fini(&json);
}

static void look(struct pulse *pulse)
{
	struct registry *r = pulse->registry;
	struct report_sum *sum =
		report_share_take(r->reports, loop_now_ms(pulse->loop));
	struct picture_source source = source_of(pulse, sum);
	int rc = pulse_changes_look(&pulse->changes, feed_hub_ring(r->hub),
				    &source, pulse->sum,
				    loop_now_ms(pulse->loop));

	if (rc == 0)
		tell(pulse, &source);
	report_sum_free(&pulse->sum);
	pulse->sum = sum;
	if (rc == 0)
		return;
	begin(pulse);
	viewer_hub_reset(r->viewers, "too much has changed");
}

static void on_timer(void *arg)
{
	struct pulse *pulse = arg;
	int64_t now_ms = loop_now_ms(pulse->loop);

	if (viewer_hub_wanted(pulse->registry->viewers, VIEWER_STATE) > 0)
		pulse->linger_until_ms = now_ms + LINGER_MS;
	if (now_ms < pulse->linger_until_ms)
		look(pulse);
	else
		fall_asleep(pulse);
}
