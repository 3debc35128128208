/*
 * api_nodes.c - what nodes say. A registration changes the lease table only
 * when the store has made it durable, and is answered then; a renewal changes
 * memory and is answered at once. Loop thread.
 */
#include "registry/api_nodes.h"

#include <string.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "registry/lease_sums.h"
#include "registry/region_keeper.h"

/* A change that the store is making durable. */
struct pending {
	struct registry *registry;
	struct httpd_later *later;
	bool holds_region;
	bool was_down; /* the store knew so before it got the record */
	struct node_record record; /* leaving: id and boot_epoch only */
};

static void put_lease(struct buf *body, const struct registry *r,
		      const struct lease *lease)
{
	struct jsonw w;

	jsonw_init(&w, body);
	jsonw_object(&w, NULL);
	jsonw_object(&w, "lease");
	jsonw_u64(&w, "ttl_ms", lease->record.ttl_ms);
	jsonw_u64(&w, "renew_ms", lease_renew_ms(r->leases, lease));
	jsonw_object_end(&w);
	jsonw_u64(&w, "revision", feed_hub_rev(r->hub));
	jsonw_object_end(&w);
}

/* Which refusal a result of the lease table or the store is. */
static enum refusal refusal_for(int rc)
{
	switch (rc) {
	case ERR_NOTFOUND:
		return REFUSAL_UNKNOWN_NODE;
	case ERR_CONFLICT:
		return REFUSAL_NEWER_BOOT_EPOCH;
	case ERR_STATE:
		return REFUSAL_STALE_SEQ;
	case ERR_LIMIT:
		return REFUSAL_STORE_QUEUE_FULL;
	default:
		return REFUSAL_STORE_UNAVAILABLE;
	}
}

static void refuse_later(struct pending *pending, int rc)
{
	struct refusal_case c = {.reason = refusal_for(rc)};

	refusal_reply_later(&pending->registry->refusals, pending->later, &c);
}

/* The registration is durable: now it counts. */
static int take_over(struct pending *pending, enum lease_verdict *verdict_r,
		     const struct lease **lease_r)
{
	struct registry *r = pending->registry;
	const struct node_record *record = &pending->record;
	const struct lease *old = lease_find(r->leases, sv_str(record->id));
	char old_region[NODE_ID_BYTES] = "";
	int rc;

	if (old)
		memcpy(old_region, old->record.region, sizeof(old_region));
	region_keeper_join(r, record);
	rc = lease_register(r->leases, record, loop_now_ms(r->ctx->loop),
			    verdict_r, lease_r);
	/* It moved away, or a newer process had come in between: registered,
	 * then the store has its record; or renewed after it was down, then
	 * the store has this one and the newer one registers again when that
	 * is loaded. */
	region_keeper_leave(r, old_region);
	region_keeper_leave(r, record->region);
	return rc;
}

static bool is_down(const struct registry *r, const struct node_record *record)
{
	const struct lease *lease = lease_find(r->leases, sv_str(record->id));

	return lease && lease->state == NODE_DOWN;
}

static void on_put_stored(int rc, void *arg);

static int submit(struct pending *pending)
{
	return store_put_node(pending->registry->store, &pending->record,
			      clk_wall_s(), on_put_stored, pending);
}

/* When its lease ran out meanwhile the store has it as down, behind the record:
 * then the record has to be stored once more. */
static bool ran_out(const struct pending *pending)
{
	return !pending->was_down &&
	       is_down(pending->registry, &pending->record);
}

static void on_put_stored(int rc, void *arg)
{
	struct pending *pending = arg;
	struct registry *r = pending->registry;
	enum lease_verdict verdict = LEASE_IS_SAME;
	const struct lease *lease;
	char storage[256];
	struct buf body;

	if (rc == 0 && ran_out(pending)) {
		pending->was_down = true;
		rc = submit(pending);
		if (rc == 0)
			return;
	}
	if (rc == 0)
		rc = take_over(pending, &verdict, &lease);
	if (rc != 0) {
		refuse_later(pending, rc);
	} else {
		buf_init_fixed(&body, storage, sizeof(storage));
		put_lease(&body, r, lease);
		httpd_later_reply(pending->later,
				  verdict == LEASE_IS_NEW ? 201 : 200, API_JSON,
				  SV(""), buf_view(&body));
	}
	if (pending->holds_region)
		region_keeper_release(r, pending->record.region);
	mem_free(pending);
}

static struct pending *pending_new(struct registry *r,
				   const struct node_record *record)
{
	struct pending *pending = mem_alloc(sizeof(*pending));

	pending->registry = r;
	pending->record = *record;
	return pending;
}

static void store_put(const struct api_call *call,
		      const struct node_record *record)
{
	struct registry *r = call->registry;
	struct pending *pending = pending_new(r, record);

	pending->was_down = is_down(r, record);
	if (submit(pending) != 0) {
		mem_free(pending);
		api_refuse(call, REFUSAL_STORE_QUEUE_FULL, NULL);
		return;
	}
	pending->holds_region = region_keeper_hold(r, record->region);
	pending->later = httpd_defer(call->req);
}

static int decode_record(const struct api_call *call,
			 struct node_record *record, struct json_problem *p)
{
	const struct registry_settings *settings =
		registry_settings_of(call->registry);
	struct json *root;
	int rc = json_parse(call->req->body, &root, p);

	if (rc != 0)
		return rc;
	rc = node_decode(root, call->id,
			 settings->allow_private_addresses
				 ? NODE_ADDRS_ANY_UNICAST
				 : NODE_ADDRS_PUBLIC_ONLY,
			 record, p);
	if (rc == 0 && !json_member(root, "ttl_ms"))
		record->ttl_ms = (uint32_t)settings->ttl_ms;
	json_free(&root);
	return rc;
}

static void refuse_region(const struct api_call *call, int rc)
{
	struct refusal_case c = {.reason = REFUSAL_UNKNOWN_REGION};
	struct json_problem p;

	if (rc == ERR_LIMIT)
		c.reason = REFUSAL_TOO_MANY_REGIONS;
	json_problem_set(&p, rc, "/region",
			 "must be a region of the registry, or the node gives "
			 "its own lat and lon");
	c.errors = &p;
	refusal_reply(&call->registry->refusals, call->req, &c);
}

static bool has_room_for_service(const struct registry *r, const char *service)
{
	const struct lease_sums *sums = lease_services(r->leases);

	return lease_sums_find(sums, service) ||
	       lease_sums_count(sums) < registry_settings_of(r)->max_services;
}

/* The rules that need the registry's state. False: it has been refused. */
static bool check_place(const struct api_call *call,
			const struct node_record *record)
{
	struct registry *r = call->registry;
	int rc = region_keeper_check(r, record);

	if (rc != 0) {
		refuse_region(call, rc);
		return false;
	}
	if (!has_room_for_service(r, record->service)) {
		api_refuse(call, REFUSAL_TOO_MANY_SERVICES, NULL);
		return false;
	}
	return true;
}

/* An identical record of a node that is not down is only a sign of life:
 * nothing to store, unless other changes are on their way, which it must not
 * overtake.
 */
static bool is_sign_of_life(const struct registry *r,
			    const struct node_record *record,
			    enum lease_verdict verdict)
{
	return verdict == LEASE_IS_SAME && !is_down(r, record) &&
	       store_counters(r->store)->queued == 0;
}

static void put_same(const struct api_call *call,
		     const struct node_record *record)
{
	struct registry *r = call->registry;
	enum lease_verdict verdict;
	const struct lease *lease;
	char storage[256];
	struct buf body;
	int rc = lease_register(r->leases, record, call->req->now_ms, &verdict,
				&lease);

	if (rc != 0) {
		api_refuse(call, refusal_for(rc), NULL);
		return;
	}
	buf_init_fixed(&body, storage, sizeof(storage));
	put_lease(&body, r, lease);
	httpd_reply(call->req, 200, API_JSON, SV(""), buf_view(&body));
}

void api_nodes_put(const struct api_call *call)
{
	struct registry *r = call->registry;
	struct node_record record;
	struct json_problem p;
	enum lease_verdict verdict;
	int rc;

	if (decode_record(call, &record, &p) != 0) {
		api_refuse_body(call, &p);
		return;
	}
	if (!check_place(call, &record))
		return;
	rc = lease_check(r->leases, &record, &verdict);
	if (rc == ERR_LIMIT)
		api_refuse(call, REFUSAL_TOO_MANY_NODES, NULL);
	else if (rc != 0)
		api_refuse(call, refusal_for(rc), NULL);
	else if (is_sign_of_life(r, &record, verdict))
		put_same(call, &record);
	else
		store_put(call, &record);
}

/* What is left of a drain; 0 = as long as its pace takes. */
static uint64_t deadline_ms(const struct intent_effect *effect)
{
	int64_t left_s = effect->deadline_wall_s - clk_wall_s();

	if (effect->deadline_wall_s == 0)
		return 0;
	return left_s > 0 ? (uint64_t)left_s * 1000 : 1; /* now */
}

/* What the operator wants of the node. */
static void put_intent(struct jsonw *w, const struct intent_effect *effect)
{
	uint32_t shed = effect->shed_per_min;

	if (shed == 0 && effect->state != INTENT_UP)
		shed = INTENT_SHED_DEFAULT;
	jsonw_object(w, "intent");
	jsonw_str(w, "state", intent_state_str(effect->state));
	jsonw_u64(w, "weight",
		  effect->has_weight ? effect->weight : NODE_WEIGHT_NORMAL);
	jsonw_u64(w, "shed_per_min", shed);
	jsonw_u64(w, "deadline_ms", deadline_ms(effect));
	jsonw_object_end(w);
}

void api_nodes_renew(const struct api_call *call)
{
	struct registry *r = call->registry;
	const struct lease *lease;
	struct json_problem p;
	struct intent_effect effect;
	struct node_load load;
	struct jsonw w;
	int rc = node_load_decode(call->req->body, &load, &p);

	if (rc != 0) {
		api_refuse_body(call, &p);
		return;
	}
	rc = lease_renew(r->leases, call->id, &load, call->req->now_ms, &lease);
	if (rc != 0) {
		api_refuse(call, refusal_for(rc), NULL);
		return;
	}
	intent_keeper_heard(r, lease, &effect);
	jsonw_init(&w,
		   httpd_reply_begin(call->req, 200,
				     SV("Content-Type: application/json\r\n")));
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "ttl_ms", lease->record.ttl_ms);
	jsonw_u64(&w, "renew_ms", lease_renew_ms(r->leases, lease));
	put_intent(&w, &effect);
	jsonw_object_end(&w);
	httpd_reply_end(call->req);
}

/* The node has left the store (or not). */
static void on_delete_stored(int rc, void *arg)
{
	struct pending *pending = arg;
	struct registry *r = pending->registry;
	char storage[64];
	struct buf body;

	if (rc == 0)
		rc = lease_remove(r->leases, sv_str(pending->record.id),
				  pending->record.boot_epoch);
	if (rc != 0) {
		refuse_later(pending, rc);
	} else {
		buf_init_fixed(&body, storage, sizeof(storage));
		buf_printf(&body, "{\"revision\":%llu}",
			   (unsigned long long)feed_hub_rev(r->hub));
		httpd_later_reply(pending->later, 200, API_JSON, SV(""),
				  buf_view(&body));
	}
	mem_free(pending);
}

/* The boot epoch in the query; false: it has been refused. */
static bool boot_epoch_of(const struct api_call *call, uint64_t *boot_epoch_r)
{
	static const char *const names[] = {"boot_epoch", NULL};
	char storage[32];
	struct buf text;
	struct sv value;

	if (!api_check_parameters(call, names))
		return false;
	buf_init_fixed(&text, storage, sizeof(storage));
	if (api_parameter(call, "boot_epoch", &text, &value) == 0 &&
	    num_u64(value, INT64_MAX, boot_epoch_r) == 0 && *boot_epoch_r > 0)
		return true;
	api_refuse_parameter(call, "boot_epoch",
			     "must be the boot_epoch of the process that "
			     "leaves");
	return false;
}

void api_nodes_delete(const struct api_call *call)
{
	struct registry *r = call->registry;
	const struct lease *lease = lease_find(r->leases, call->id);
	struct pending *pending;
	uint64_t boot_epoch;

	if (!boot_epoch_of(call, &boot_epoch))
		return;
	if (!lease || boot_epoch < lease->record.boot_epoch) {
		api_refuse(call,
			   lease ? REFUSAL_NEWER_BOOT_EPOCH
				 : REFUSAL_UNKNOWN_NODE,
			   NULL);
		return;
	}
	pending = pending_new(r, &lease->record);
	pending->record.boot_epoch = boot_epoch;
	if (store_delete_node(r->store, lease->record.id, boot_epoch,
			      on_delete_stored, pending) != 0) {
		mem_free(pending);
		api_refuse(call, REFUSAL_STORE_QUEUE_FULL, NULL);
		return;
	}
	pending->later = httpd_defer(call->req);
}
