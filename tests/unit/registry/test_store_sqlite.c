/* The embedded store on real files: order, durability, and what it refuses. */
#include "registry/store_sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/err.h"

#define QUEUE_MAX 4

struct world {
	char folder[64], path[96];
	struct loop *loop;
	struct store *store;
	char why[512];
	bool turning;
	unsigned waiting; /* callbacks that are still to come */
	int last_rc;
	struct buf seen; /* what was loaded, and the order of callbacks */
};

static int open_rc(struct world *w)
{
	struct buf why;
	int rc;

	buf_init_fixed(&why, w->why, sizeof(w->why) - 1);
	rc = store_sqlite_new(w->loop, w->path, QUEUE_MAX, &why, &w->store);
	w->why[why.len] = '\0';
	return rc;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct buf path;

	memcpy(w->folder, "/tmp/peri-store-XXXXXX", 23);
	assert_non_null(mkdtemp(w->folder));
	buf_init_fixed(&path, w->path, sizeof(w->path) - 1);
	buf_printf(&path, "%s/registry.db", w->folder);
	buf_init(&w->seen, 65536);
	assert_int_equal(loop_new(&w->loop), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct world *w = *state;
	char storage[128];
	struct buf path;

	store_free(&w->store);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		buf_init_fixed(&path, storage, sizeof(storage));
		buf_printf(&path, "%s%s", w->path, ends[i]);
		unlink(buf_cstr(&path));
	}
	assert_int_equal(rmdir(w->folder), 0);
	loop_free(&w->loop);
	buf_fini(&w->seen);
	free(w);
	return 0;
}

static void on_done(int rc, void *arg)
{
	struct world *w = arg;

	w->last_rc = rc;
	buf_printf(&w->seen, "%d;", rc);
	if (--w->waiting == 0 && w->turning)
		loop_stop(w->loop);
}

static struct node_record record_of(const char *id, uint64_t boot_epoch)
{
	struct node_record record = {
		.service = "im",
		.region = "eu",
		.weight = 100,
		.capacity = 9,
		.ports.tcp = 1,
		.ttl_ms = 15000,
		.ipv4_count = 1,
		.boot_epoch = boot_epoch,
	};

	assert_int_equal(sv_copy(sv_str(id), record.id, NODE_ID_BYTES), 0);
	assert_int_equal(addr_parse(SV("127.0.0.1"), &record.ipv4[0]), 0);
	return record;
}

static int put(struct world *w, const char *id, uint64_t boot_epoch)
{
	struct node_record record = record_of(id, boot_epoch);
	int rc = store_put_node(w->store, &record, 1000 + (int)boot_epoch,
				on_done, w);

	w->waiting += rc == 0;
	return rc;
}

static int del(struct world *w, const char *id, uint64_t boot_epoch)
{
	int rc = store_delete_node(w->store, id, boot_epoch, on_done, w);

	w->waiting += rc == 0;
	return rc;
}

static void wait_all(struct world *w)
{
	w->turning = true;
	if (w->waiting > 0)
		assert_int_equal(loop_run(w->loop), 0);
	w->turning = false;
}

static void on_region(void *arg, const struct feed_region *region,
		      enum store_region_source source)
{
	struct world *w = arg;

	buf_printf(&w->seen, "region %s %d;", region->id, (int)source);
}

static void on_node(void *arg, const struct store_node *node)
{
	struct world *w = arg;

	buf_printf(&w->seen, "node %s %d reg %d down %d;", node->record.id,
		   (int)node->record.boot_epoch, (int)node->registered_wall_s,
		   (int)node->down_wall_s);
}

static void on_intent(void *arg, const struct intent *intent)
{
	struct world *w = arg;

	buf_str(&w->seen, "intent ");
	intent_put_target(&w->seen, intent->scope, intent->id);
	buf_printf(&w->seen, " %s;", intent->reason);
}

static void on_audit(void *arg, const struct store_audit *audit)
{
	struct world *w = arg;

	buf_printf(&w->seen, "audit %d %.*s %.*s;", (int)audit->seq,
		   (int)audit->target.len, audit->target.ptr,
		   (int)audit->json.len, audit->json.ptr);
}

static void on_loaded(void *arg, int rc)
{
	struct world *w = arg;

	w->last_rc = rc;
	loop_stop(w->loop);
}

/* Close, open again, read everything. */
static void reopened_has(struct world *w, const char *want)
{
	struct store_sink sink = {.region = on_region,
				  .node = on_node,
				  .intent = on_intent,
				  .audit = on_audit,
				  .done = on_loaded,
				  .arg = w};

	store_free(&w->store);
	assert_int_equal(open_rc(w), 0);
	buf_reset(&w->seen);
	store_load(w->store, &sink);
	assert_int_equal(loop_run(w->loop), 0);
	assert_int_equal(w->last_rc, 0);
	assert_string_equal(buf_cstr(&w->seen), want);
}

static void keeps_what_it_was_told(void **state)
{
	struct world *w = *state;
	struct feed_region eu = {.id = "eu", .title = "EU", .lat_deg = 50};
	struct feed_region us = {.id = "us"};

	assert_int_equal(open_rc(w), 0);
	store_put_region(w->store, &eu, STORE_REGION_FILE);
	store_put_region(w->store, &us, STORE_REGION_NODE);
	assert_int_equal(put(w, "b", 1), 0);
	assert_int_equal(put(w, "a", 1), 0);
	wait_all(w);
	assert_string_equal(buf_cstr(&w->seen), "0;0;");
	assert_int_equal(store_counters(w->store)->ok, 4);
	assert_int_equal(store_counters(w->store)->queued, 0);
	assert_true(store_counters(w->store)->transactions > 0);
	store_delete_region(w->store, "us");
	reopened_has(w, "region eu 0;node a 1 reg 1001 down 0;"
			"node b 1 reg 1001 down 0;");
}

static void older_boots_change_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_rc(w), 0);
	assert_int_equal(put(w, "a", 5), 0);
	assert_int_equal(put(w, "a", 4), 0);
	assert_int_equal(del(w, "a", 4), 0);
	wait_all(w);
	store_mark_node(w->store, "a", 4, 77);
	reopened_has(w, "node a 5 reg 1005 down 0;");
	assert_int_equal(put(w, "a", 6), 0);
	wait_all(w);
	reopened_has(w, "node a 6 reg 1006 down 0;");
	assert_int_equal(del(w, "a", 6), 0);
	wait_all(w);
	reopened_has(w, "");
}

static void an_older_boot_replaces_one_that_is_down(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_rc(w), 0);
	assert_int_equal(put(w, "a", 5), 0);
	wait_all(w);
	store_mark_node(w->store, "a", 5, 77);
	assert_int_equal(put(w, "a", 4), 0);
	wait_all(w);
	reopened_has(w, "node a 4 reg 1004 down 0;");
	/* It is up now: no third one comes between. */
	assert_int_equal(put(w, "a", 3), 0);
	wait_all(w);
	reopened_has(w, "node a 4 reg 1004 down 0;");
	store_mark_node(w->store, "a", 4, 78);
	store_mark_node(w->store, "a", 4, 0);
	assert_int_equal(put(w, "a", 3), 0);
	wait_all(w);
	reopened_has(w, "node a 4 reg 1004 down 0;");
	assert_int_equal(put(w, "a", 5), 0);
	wait_all(w);
	reopened_has(w, "node a 5 reg 1005 down 0;");
}

static void the_same_boot_keeps_its_birthday(void **state)
{
	struct world *w = *state;
	struct node_record record = record_of("a", 1);

	assert_int_equal(open_rc(w), 0);
	assert_int_equal(put(w, "a", 1), 0);
	w->waiting++;
	assert_int_equal(store_put_node(w->store, &record, 5000, on_done, w),
			 0);
	wait_all(w);
	reopened_has(w, "node a 1 reg 1001 down 0;");
}

static struct intent intent_of(enum intent_scope scope, const char *id,
			       const char *reason, int64_t until_wall_s)
{
	struct intent intent = {.scope = scope, .until_wall_s = until_wall_s};

	assert_int_equal(sv_copy(sv_str(id), intent.id, NODE_ID_BYTES), 0);
	assert_int_equal(
		sv_copy(sv_str(reason), intent.reason, INTENT_REASON_BYTES), 0);
	return intent;
}

static const struct store_audit *audit_of(uint64_t seq)
{
	static struct store_audit audit;

	audit = (struct store_audit){
		.seq = seq, .target = SV("t"), .json = SV("{}")};
	return &audit;
}

static void an_intent_and_its_audit_are_one(void **state)
{
	struct world *w = *state;
	struct intent a = intent_of(INTENT_NODE, "a", "first", 0);
	struct intent eu = intent_of(INTENT_REGION, "a", "eu", 0);

	assert_int_equal(open_rc(w), 0);
	w->waiting = 4;
	assert_int_equal(
		store_put_intent(w->store, &a, audit_of(1), on_done, w), 0);
	assert_int_equal(
		store_put_intent(w->store, &eu, audit_of(2), on_done, w), 0);
	a = intent_of(INTENT_NODE, "a", "second", 0);
	assert_int_equal(
		store_put_intent(w->store, &a, audit_of(3), on_done, w), 0);
	assert_int_equal(
		store_delete_intent(w->store, &eu, audit_of(4), on_done, w), 0);
	wait_all(w);
	assert_string_equal(buf_cstr(&w->seen), "0;0;0;0;");
	reopened_has(w, "intent node/a second;audit 1 t {};audit 2 t {};"
			"audit 3 t {};audit 4 t {};");
}

static void an_expiry_spares_what_came_after(void **state)
{
	struct world *w = *state;
	struct intent old = intent_of(INTENT_NODE, "a", "old", 100);
	struct intent new = intent_of(INTENT_NODE, "a", "new", 200);

	assert_int_equal(open_rc(w), 0);
	w->waiting = 2;
	assert_int_equal(
		store_put_intent(w->store, &old, audit_of(1), on_done, w), 0);
	assert_int_equal(
		store_put_intent(w->store, &new, audit_of(2), on_done, w), 0);
	store_expire_intent(w->store, &old, audit_of(3));
	wait_all(w);
	reopened_has(w, "intent node/a new;audit 1 t {};audit 2 t {};"
			"audit 3 t {};");
	store_expire_intent(w->store, &new, audit_of(4));
	reopened_has(w, "audit 1 t {};audit 2 t {};audit 3 t {};"
			"audit 4 t {};");
}

static void the_audit_is_bounded(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_rc(w), 0);
	store_add_audit(w->store, audit_of(1));
	store_add_audit(w->store, audit_of(2));
	store_add_audit(w->store, audit_of(STORE_AUDIT_KEPT + 1));
	reopened_has(w, "audit 2 t {};audit 8193 t {};");
}

static void marks_and_forgets_the_dead(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_rc(w), 0);
	assert_int_equal(put(w, "a", 1), 0);
	assert_int_equal(put(w, "b", 1), 0);
	assert_int_equal(put(w, "c", 1), 0);
	wait_all(w);
	store_mark_node(w->store, "a", 1, 70);
	store_mark_node(w->store, "b", 1, 71);
	store_mark_node(w->store, "b", 1, 0);
	store_mark_node(w->store, "c", 1, 72);
	/* The registration came before the forgetting: it stays. */
	assert_int_equal(put(w, "c", 1), 0);
	store_forget_node(w->store, "b", 1);
	store_forget_node(w->store, "c", 1);
	wait_all(w);
	reopened_has(w, "node a 1 reg 1001 down 70;node b 1 reg 1001 down 0;"
			"node c 1 reg 1001 down 0;");
	store_forget_node(w->store, "a", 1);
	reopened_has(w, "node b 1 reg 1001 down 0;node c 1 reg 1001 down 0;");
}

static void a_full_queue_refuses_and_counts(void **state)
{
	struct world *w = *state;
	int rc = 0;

	assert_int_equal(open_rc(w), 0);
	for (int i = 0; i < QUEUE_MAX; i++)
		assert_int_equal(put(w, "a", 1), 0);
	rc = put(w, "a", 1);
	assert_int_equal(rc, ERR_LIMIT);
	assert_int_equal(store_counters(w->store)->refused, 1);
	/* Our own bookkeeping still finds room. */
	store_mark_node(w->store, "a", 1, 9);
	wait_all(w);
	assert_int_equal(put(w, "a", 1), 0);
	wait_all(w);
}

static void closing_finishes_what_is_queued(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_rc(w), 0);
	assert_int_equal(put(w, "a", 1), 0);
	assert_int_equal(put(w, "b", 1), 0);
	reopened_has(w, "node a 1 reg 1001 down 0;node b 1 reg 1001 down 0;");
	assert_int_equal(w->waiting, 0);
}

static void write_file(struct world *w, const char *text, size_t len)
{
	int fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void refuses_a_file_that_is_no_database(void **state)
{
	struct world *w = *state;
	char garbage[4096];

	memset(garbage, 'x', sizeof(garbage));
	write_file(w, garbage, sizeof(garbage));
	assert_int_equal(open_rc(w), ERR_CORRUPT);
	assert_non_null(strstr(w->why, w->path));
	assert_non_null(strstr(w->why, "not a database"));
}

static void refuses_a_damaged_database(void **state)
{
	struct world *w = *state;
	char garbage[2048];
	int fd;

	assert_int_equal(open_rc(w), 0);
	for (int i = 0; i < 200; i++) {
		char id[8] = {'n', (char)('a' + i / 26), (char)('a' + i % 26)};

		assert_int_equal(put(w, id, 1), 0);
		wait_all(w);
	}
	store_free(&w->store);
	memset(garbage, 0x55, sizeof(garbage));
	fd = open(w->path, O_WRONLY);
	assert_true(fd >= 0);
	/* Leave the first page, with the header and the schema. */
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 4096),
			 sizeof(garbage));
	close(fd);
	assert_int_equal(open_rc(w), ERR_CORRUPT);
	assert_true(strlen(w->why) > 0);
}

static void one_process_has_the_file(void **state)
{
	struct world *w = *state;
	struct store *first;

	assert_int_equal(open_rc(w), 0);
	first = w->store;
	assert_int_equal(open_rc(w), ERR_UNAVAILABLE);
	assert_non_null(strstr(w->why, "another process"));
	w->store = first;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(keeps_what_it_was_told),
		T(older_boots_change_nothing),
		T(an_older_boot_replaces_one_that_is_down),
		T(the_same_boot_keeps_its_birthday),
		T(marks_and_forgets_the_dead),
		T(an_intent_and_its_audit_are_one),
		T(an_expiry_spares_what_came_after),
		T(the_audit_is_bounded),
		T(a_full_queue_refuses_and_counts),
		T(closing_finishes_what_is_queued),
		T(refuses_a_file_that_is_no_database),
		T(refuses_a_damaged_database),
		T(one_process_has_the_file),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
