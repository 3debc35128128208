/*
 * store.c - the front of the store: makes operations, bounds the queue, counts
 * and calls back; while writes fail it probes, so that readiness needs no node
 * to come back. Invariants: waited and own count the operations that the
 * backend holds, probes not among them; at most one probe is on its way. Loop
 * thread only.
 */
#include "registry/store.h"

#include <assert.h>
#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/store_backend.h"

/* Bookkeeping is at most a few changes a node: enough for a fleet of the
 * largest size to go down and come back while the disk is stuck. */
#define OWN_MAX	 400000
#define PROBE_MS 2000

void store_init(struct store *store, struct loop *loop,
		const struct store_backend *backend, size_t queue_max)
{
	*store = (struct store){
		.backend = backend,
		.loop = loop,
		.probe_ms = PROBE_MS,
		.waited_max = queue_max,
		.own_max = OWN_MAX,
		.counters.up = true,
	};
}

static struct store_op *op_new(enum store_op_kind kind, const char *id,
			       uint64_t boot_epoch)
{
	struct store_op *op = mem_alloc(sizeof(*op));
	int rc = sv_copy(sv_str(id), op->id, sizeof(op->id));

	assert(rc == 0); /* ids were checked when they came in */
	op->kind = kind;
	op->boot_epoch = boot_epoch;
	return op;
}

static void op_free(struct store_op *op)
{
	mem_free(op->json);
	mem_free(op->audit);
	mem_free(op);
}

static int submit(struct store *store, struct store_op *op)
{
	size_t *count = op->cb ? &store->waited : &store->own;
	size_t max = op->cb ? store->waited_max : store->own_max;

	if (*count >= max) {
		store->counters.refused++;
		op_free(op);
		return ERR_LIMIT;
	}
	++*count;
	store->counters.queued++;
	op->submitted_us = clk_mono_us();
	store->backend->submit(store, op);
	return 0;
}

/* Bookkeeping that found no room is counted by submit(); it heals itself: a
 * node that is loaded in the wrong state renews or expires. */
static void submit_own(struct store *store, struct store_op *op)
{
	int rc = submit(store, op);

	(void)rc;
}

static void probe(void *arg)
{
	struct store *store = arg;
	struct store_op *op;

	if (store->counters.up) {
		store->probe_due = false;
		return;
	}
	op = op_new(STORE_OP_PROBE, "", 0);
	store->counters.probes++;
	store->backend->submit(store, op);
}

/* The store is down: look again soon, unless that is arranged. */
static void plan_probe(struct store *store)
{
	if (store->probe_due || store->closing)
		return;
	if (!store->probe_timer)
		store->probe_timer = loop_timer_new(store->loop, probe, store);
	store->probe_due = true;
	loop_timer_once(store->probe_timer, store->probe_ms);
}

/* Count a change by its outcome and call back. */
static void settle(struct store *store, const struct store_op *op)
{
	struct store_counters *c = &store->counters;

	c->queued--;
	if (op->rc == 0)
		c->ok++;
	else
		c->failed++;
	metrics_observe_us(&c->latency,
			   (uint64_t)(clk_mono_us() - op->submitted_us));
	if (op->cb) {
		store->waited--;
		op->cb(op->rc, op->arg);
	} else {
		store->own--;
	}
}

void store_complete(struct store *store, struct store_op *op)
{
	store->counters.up = op->rc == 0;
	if (op->kind == STORE_OP_PROBE)
		store->probe_due = false;
	if (op->rc != 0)
		plan_probe(store);
	if (op->kind != STORE_OP_PROBE)
		settle(store, op);
	op_free(op);
}

static void op_set_json(struct store_op *op, struct buf *json)
{
	assert(!json->failed); /* the codec's limits keep it below the buffer */
	op->json_bytes = json->len;
	op->json = mem_dup(json->data, json->len);
}

int store_put_node(struct store *store, const struct node_record *record,
		   int64_t registered_wall_s, store_done_cb *cb, void *arg)
{
	struct store_op *op =
		op_new(STORE_OP_PUT_NODE, record->id, record->boot_epoch);
	char storage[2 * NODE_RECORD_JSON_MAX];
	struct buf json;
	struct jsonw w;

	buf_init_fixed(&json, storage, sizeof(storage));
	jsonw_init(&w, &json);
	jsonw_object(&w, NULL);
	node_put(&w, record);
	jsonw_object_end(&w);
	op_set_json(op, &json);
	op->wall_s = registered_wall_s;
	op->cb = cb;
	op->arg = arg;
	return submit(store, op);
}

int store_delete_node(struct store *store, const char *id, uint64_t boot_epoch,
		      store_done_cb *cb, void *arg)
{
	struct store_op *op = op_new(STORE_OP_DELETE_NODE, id, boot_epoch);

	op->cb = cb;
	op->arg = arg;
	return submit(store, op);
}

void store_mark_node(struct store *store, const char *id, uint64_t boot_epoch,
		     int64_t down_wall_s)
{
	struct store_op *op = op_new(STORE_OP_MARK_NODE, id, boot_epoch);

	op->wall_s = down_wall_s;
	submit_own(store, op);
}

void store_forget_node(struct store *store, const char *id, uint64_t boot_epoch)
{
	submit_own(store, op_new(STORE_OP_FORGET_NODE, id, boot_epoch));
}

void store_put_region(struct store *store, const struct feed_region *region,
		      enum store_region_source source)
{
	struct store_op *op = op_new(STORE_OP_PUT_REGION, region->id, 0);
	char storage[2048];
	struct buf json;
	struct jsonw w;

	buf_init_fixed(&json, storage, sizeof(storage));
	jsonw_init(&w, &json);
	jsonw_object(&w, NULL);
	feed_region_put(&w, region);
	jsonw_object_end(&w);
	op_set_json(op, &json);
	op->tag = (int)source;
	submit_own(store, op);
}

void store_delete_region(struct store *store, const char *id)
{
	submit_own(store, op_new(STORE_OP_DELETE_REGION, id, 0));
}

struct store_op_audit *store_audit_copy(const struct store_audit *audit)
{
	struct store_op_audit *copy =
		mem_alloc(sizeof(*copy) + audit->json.len);

	/* Made of a checked id; a damaged file may hold anything. */
	if (sv_copy(audit->target, copy->target, sizeof(copy->target)) != 0)
		copy->target[0] = '\0';
	copy->seq = audit->seq;
	copy->json_bytes = audit->json.len;
	memcpy(copy->json, audit->json.ptr, audit->json.len);
	return copy;
}

static struct store_op *intent_op(enum store_op_kind kind,
				  const struct intent *intent,
				  const struct store_audit *audit)
{
	struct store_op *op = op_new(kind, intent->id, 0);

	op->tag = (int)intent->scope;
	op->wall_s = intent->until_wall_s;
	op->audit = store_audit_copy(audit);
	return op;
}

int store_put_intent(struct store *store, const struct intent *intent,
		     const struct store_audit *audit, store_done_cb *cb,
		     void *arg)
{
	struct store_op *op = intent_op(STORE_OP_PUT_INTENT, intent, audit);
	char storage[INTENT_JSON_MAX];
	struct buf json;
	struct jsonw w;

	buf_init_fixed(&json, storage, sizeof(storage));
	jsonw_init(&w, &json);
	jsonw_object(&w, NULL);
	intent_put(&w, intent);
	jsonw_object_end(&w);
	op_set_json(op, &json);
	op->cb = cb;
	op->arg = arg;
	return submit(store, op);
}

int store_delete_intent(struct store *store, const struct intent *intent,
			const struct store_audit *audit, store_done_cb *cb,
			void *arg)
{
	struct store_op *op = intent_op(STORE_OP_DELETE_INTENT, intent, audit);

	op->cb = cb;
	op->arg = arg;
	return submit(store, op);
}

void store_expire_intent(struct store *store, const struct intent *intent,
			 const struct store_audit *audit)
{
	submit_own(store, intent_op(STORE_OP_EXPIRE_INTENT, intent, audit));
}

void store_add_audit(struct store *store, const struct store_audit *audit)
{
	struct store_op *op = op_new(STORE_OP_ADD_AUDIT, "", 0);

	op->audit = store_audit_copy(audit);
	submit_own(store, op);
}

void store_load(struct store *store, const struct store_sink *sink)
{
	store->backend->load(store, sink);
}

void store_free(struct store **store)
{
	if (!*store)
		return;
	(*store)->closing = true;
	loop_timer_free(&(*store)->probe_timer);
	(*store)->backend->free(*store);
	*store = NULL;
}

const struct store_counters *store_counters(const struct store *store)
{
	return &store->counters;
}
