/* test_history_file.c - what is written comes back; what is damaged, another's
 * or odd is left out, and never in the way. */
#include "registry/history_file.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/sqlite_file.h"

struct world {
	char folder[64], path[96];
	struct history_file *file;
	struct buf seen; /* what was read, a word each */
	char why[HISTORY_FILE_WHY_BYTES];
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct buf path;

	memcpy(w->folder, "/tmp/peri-history-XXXXXX", 25);
	assert_non_null(mkdtemp(w->folder));
	buf_init_fixed(&path, w->path, sizeof(w->path) - 1);
	buf_printf(&path, "%s/history.db", w->folder);
	buf_init(&w->seen, 1u << 20);
	w->file = history_file_new(w->path);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock",
					   ".damaged"};
	struct world *w = *state;
	char storage[128];
	struct buf path;

	history_file_free(&w->file);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		buf_init_fixed(&path, storage, sizeof(storage));
		buf_printf(&path, "%s%s", w->path, ends[i]);
		unlink(buf_cstr(&path));
	}
	assert_int_equal(rmdir(w->folder), 0);
	buf_fini(&w->seen);
	free(w);
	return 0;
}

static void see_slot(void *arg, const struct history_file_slot *slot)
{
	struct world *w = arg;

	buf_printf(&w->seen, "%u=%s@%d ", slot->slot, slot->name,
		   (int)slot->since_s);
}

static void see_frame(void *arg, enum history_span span,
		      const struct history_frame *frame)
{
	struct world *w = arg;

	buf_printf(&w->seen, "%s%d[", history_span_str(span), (int)frame->tick);
	for (uint32_t i = 0; i < frame->count; i++) {
		if (isnan(frame->points[i].value[0]))
			buf_str(&w->seen, "-,");
		else
			buf_printf(&w->seen, "%d,",
				   (int)frame->points[i].value[0]);
	}
	buf_str(&w->seen, "] ");
	mem_free(frame->points);
}

static void see_event(void *arg, const struct event *event)
{
	struct world *w = arg;

	buf_printf(&w->seen, "#%d:%s:%s:%s:%s:%s ", (int)event->id,
		   event_kind_str(event->kind),
		   event_severity_str(event->severity), event->target,
		   event->region, event->text);
}

static int open_rc(struct world *w)
{
	const struct history_file_sink sink = {see_slot, see_frame, see_event,
					       w};
	struct buf why;
	int rc;

	buf_reset(&w->seen);
	buf_init_fixed(&why, w->why, sizeof(w->why) - 1);
	rc = history_file_open(w->file, &sink, &why);
	w->why[why.len] = '\0';
	return rc;
}

static void open_again(struct world *w)
{
	history_file_free(&w->file);
	w->file = history_file_new(w->path);
	assert_int_equal(open_rc(w), 0);
}

static struct history_file_batch *batch_new(void)
{
	struct history_file_batch *batch = mem_alloc(sizeof(*batch));

	batch->frames[HISTORY_HOUR].tick = batch->frames[HISTORY_DAY].tick = -1;
	return batch;
}

static void put_frame(struct history_file_batch *batch, enum history_span span,
		      int64_t tick, float first, float second)
{
	struct history_frame *frame = &batch->frames[span];

	frame->tick = tick;
	frame->count = 2;
	frame->points = mem_array(2, sizeof(frame->points[0]));
	frame->points[0].value[0] = first;
	frame->points[1].value[0] = second;
}

static void put_events(struct history_file_batch *batch, uint64_t from,
		       size_t count)
{
	batch->events = mem_array(count, sizeof(batch->events[0]));
	batch->event_count = count;
	for (size_t i = 0; i < count; i++)
		batch->events[i] = (struct event){
			.id = from + i,
			.kind = EVENT_NODE_DOWN,
			.severity = EVENT_WARN,
			.target = "node/a",
			.region = "eu",
			.text = "it's \"down\"",
		};
}

static void write_batch(struct world *w, struct history_file_batch *batch)
{
	assert_int_equal(history_file_write(w->file, batch), 0);
	history_file_batch_free(&batch);
	history_file_batch_free(&batch);
}

static void expect(struct world *w, const char *seen)
{
	assert_string_equal(buf_cstr(&w->seen), seen);
}

static void test_what_is_written_comes_back(void **state)
{
	struct world *w = *state;
	struct history_file_batch *batch = batch_new();

	assert_false(history_file_is_open(w->file));
	assert_int_equal(history_file_write(w->file, batch), ERR_STATE);
	assert_int_equal(open_rc(w), 0);
	expect(w, "");
	batch->slots = mem_array(2, sizeof(batch->slots[0]));
	batch->slot_count = 2;
	batch->slots[0] = (struct history_file_slot){0, 7, "fleet"};
	batch->slots[1] = (struct history_file_slot){1, 8, "node/a"};
	put_frame(batch, HISTORY_HOUR, 700, 1, NAN);
	put_frame(batch, HISTORY_DAY, 70, 3, 4);
	put_events(batch, 5, 1);
	write_batch(w, batch);
	open_again(w);
	expect(w, "#5:node.down:warn:node/a:eu:it's \"down\" "
		  "0=fleet@7 1=node/a@8 hour700[1,-,] day70[3,4,] ");
}

static void test_a_place_is_written_over(void **state)
{
	struct world *w = *state;
	struct history_file_batch *batch;

	assert_int_equal(open_rc(w), 0);
	for (int64_t tick = 0; tick <= 720; tick += 720) {
		batch = batch_new();
		batch->slots = mem_array(1, sizeof(batch->slots[0]));
		batch->slot_count = 1;
		batch->slots[0] = (struct history_file_slot){3, tick, "node/a"};
		put_frame(batch, HISTORY_HOUR, tick, (float)tick, 2);
		put_frame(batch, HISTORY_DAY, tick, (float)tick, 2);
		write_batch(w, batch);
	}
	open_again(w);
	expect(w, "3=node/a@720 hour720[720,2,] day0[0,2,] day720[720,2,] ");
}

static void test_old_events_go(void **state)
{
	struct world *w = *state;
	struct history_file_batch *batch = batch_new();

	assert_int_equal(open_rc(w), 0);
	put_events(batch, 1, 5);
	write_batch(w, batch);
	batch = batch_new();
	put_events(batch, 6, 1);
	batch->oldest_id = 5;
	write_batch(w, batch);
	open_again(w);
	assert_null(strstr(buf_cstr(&w->seen), "#4:"));
	assert_non_null(strstr(buf_cstr(&w->seen), "#5:"));
	assert_non_null(strstr(buf_cstr(&w->seen), "#6:"));
}

static void spoil(const struct world *w, off_t at, const char *text)
{
	int fd = open(w->path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	close(fd);
}

static void test_what_is_no_database_is_put_aside(void **state)
{
	struct world *w = *state;

	spoil(w, 0, "this is no database at all, and longer than a header ...");
	spoil(w, 4096, "more of it");
	assert_int_equal(open_rc(w), 0);
	assert_true(history_file_is_open(w->file));
	assert_int_equal(history_file_damaged(w->file), 1);
	write_batch(w, batch_new());
	open_again(w);
	assert_int_equal(history_file_damaged(w->file), 0);
}

static void test_a_damaged_page_is_found(void **state)
{
	struct world *w = *state;
	struct history_file_batch *batch;

	assert_int_equal(open_rc(w), 0);
	for (int i = 0; i < 50; i++) {
		batch = batch_new();
		put_events(batch, 1 + 100 * (uint64_t)i, 100);
		write_batch(w, batch);
	}
	history_file_free(&w->file); /* writes the log into the file */
	for (off_t at = 5 * 4096; at < 20 * 4096; at += 4096)
		spoil(w, at, "\xff\xff\xff\xff\xff\xff\xff\xff not a page");
	w->file = history_file_new(w->path);
	assert_int_equal(open_rc(w), 0);
	assert_int_equal(history_file_damaged(w->file), 1);
	write_batch(w, batch_new());
}

/* A file that another program or version wrote, with @statements. */
static void write_with(const struct world *w, const char *step, int versions,
		       int32_t application_id)
{
	const char *const steps[] = {step, ""};
	const struct sqlite_file_kind kind = {
		.name = "test",
		.application_id = application_id,
		.sync = SQLITE_FILE_SYNC_LAZY,
		.steps = steps,
		.step_count = versions,
	};
	struct sqlite_file *file;
	char storage[256];
	struct buf why;

	buf_init_fixed(&why, storage, sizeof(storage));
	assert_int_equal(sqlite_file_open(&kind, w->path, &why, &file), 0);
	sqlite_file_close(&file);
}

static void test_another_programs_file_is_left_alone(void **state)
{
	struct world *w = *state;

	write_with(w, "CREATE TABLE theirs(x);", 1, 4711);
	assert_int_equal(open_rc(w), ERR_UNSUPPORTED);
	assert_non_null(strstr(w->why, "another program"));
	assert_false(history_file_is_open(w->file));
	assert_int_equal(history_file_damaged(w->file), 0);
}

static void test_a_newer_versions_file_is_left_alone(void **state)
{
	struct world *w = *state;

	write_with(w, "CREATE TABLE ours(x);", 2, 0x50455248);
	assert_int_equal(open_rc(w), ERR_UNSUPPORTED);
	assert_non_null(strstr(w->why, "version 2"));
	assert_int_equal(history_file_damaged(w->file), 0);
}

static void test_odd_rows_are_left_out(void **state)
{
	struct world *w = *state;

	write_with(
		w,
		"CREATE TABLE slots(slot INTEGER PRIMARY KEY, name TEXT,"
		" since_s INTEGER);"
		"CREATE TABLE hour(place INTEGER PRIMARY KEY, tick INTEGER,"
		" points BLOB);"
		"CREATE TABLE day(place INTEGER PRIMARY KEY, tick INTEGER,"
		" points BLOB);"
		"CREATE TABLE events(id INTEGER PRIMARY KEY, wall_ms INTEGER,"
		" kind TEXT, severity TEXT, target TEXT, region TEXT,"
		" text TEXT);"
		"INSERT INTO slots VALUES(1, 'node/a', 1),"
		" (2, printf('%.*c', 80, 'x'), 1);"
		"INSERT INTO hour VALUES(1, 1, zeroblob(16)),"
		" (2, 2, zeroblob(17)), (3, -3, zeroblob(16)), (4, 4, x'');"
		"INSERT INTO events VALUES"
		"(1, 1, 'node.up', 'info', 'node/a', 'eu', 'x'),"
		"(2, 1, 'node.odd', 'info', 'node/a', 'eu', 'x'),"
		"(3, 1, 'node.up', 'odd', 'node/a', 'eu', 'x'),"
		"(4, 1, 'node.up', 'info', 'node/a', 'eu',"
		" printf('%.*c', 4096, 'x')),"
		"(-5, 1, 'node.up', 'info', 'node/a', 'eu', 'x');",
		1, 0x50455248);
	assert_int_equal(open_rc(w), 0);
	expect(w, "#1:node.up:info:node/a:eu:x 1=node/a@1 hour1[0,] hour4[] ");
	assert_int_equal(history_file_damaged(w->file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_written_comes_back,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_place_is_written_over,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_events_go, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_database_is_put_aside, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_a_damaged_page_is_found,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_another_programs_file_is_left_alone, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_newer_versions_file_is_left_alone, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_odd_rows_are_left_out,
						set_up, tear_down),
	};

	return cmocka_run_group_tests_name("history_file", tests, NULL, NULL);
}
