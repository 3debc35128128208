/*
 * history_file.c - see the header. A frame is a row with its points as they
 * are in memory, at the place of its tick in its span's ring, so the file does
 * not grow once a day is over. It is no format for other machines. The history
 * worker's thread.
 */
#include "registry/history_file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "registry/sqlite_file.h"

#define PATH_BYTES 512

struct history_file {
	const char *path;	  /* borrowed */
	struct sqlite_file *file; /* NULL while it is not open */
	uint64_t damaged;
};

enum { PUT_SLOT, PUT_HOUR, PUT_DAY, PUT_EVENT, DELETE_EVENTS };

static const char *const statements[] = {
	[PUT_SLOT] = "INSERT OR REPLACE INTO slots(slot, name, since_s)"
		     " VALUES(?1, ?2, ?3)",
	[PUT_HOUR] = "INSERT OR REPLACE INTO hour(place, tick, points)"
		     " VALUES(?1, ?2, ?3)",
	[PUT_DAY] = "INSERT OR REPLACE INTO day(place, tick, points)"
		    " VALUES(?1, ?2, ?3)",
	[PUT_EVENT] = "INSERT OR REPLACE INTO events(id, wall_ms, kind,"
		      " severity, target, region, text)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DELETE_EVENTS] = "DELETE FROM events WHERE id < ?1",
};

/* Kinds and severities by their names: numbers may change. */
static const char *const steps[] = {
	"CREATE TABLE slots(slot INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	" since_s INTEGER NOT NULL);"
	"CREATE TABLE hour(place INTEGER PRIMARY KEY, tick INTEGER NOT NULL,"
	" points BLOB NOT NULL);"
	"CREATE TABLE day(place INTEGER PRIMARY KEY, tick INTEGER NOT NULL,"
	" points BLOB NOT NULL);"
	"CREATE TABLE events(id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL,"
	" kind TEXT NOT NULL, severity TEXT NOT NULL, target TEXT NOT NULL,"
	" region TEXT NOT NULL, text TEXT NOT NULL);",
};

static const struct sqlite_file_kind kind = {
	.name = "history",
	.application_id = 0x50455248, /* "PERH" */
	.sync = SQLITE_FILE_SYNC_LAZY,
	.steps = steps,
	.step_count = ARRAY_LEN(steps),
	.statements = statements,
	.statement_count = ARRAY_LEN(statements),
};

void history_file_batch_free(struct history_file_batch **batch)
{
	if (!*batch)
		return;
	mem_free((*batch)->slots);
	mem_free((*batch)->events);
	for (unsigned s = 0; s < HISTORY_SPAN_COUNT; s++)
		mem_free((*batch)->frames[s].points);
	mem_free(*batch);
	*batch = NULL;
}

struct history_file *history_file_new(const char *path)
{
	struct history_file *file = mem_alloc(sizeof(*file));

	file->path = path;
	return file;
}

void history_file_free(struct history_file **file)
{
	if (!*file)
		return;
	sqlite_file_close(&(*file)->file);
	mem_free(*file);
	*file = NULL;
}

bool history_file_is_open(const struct history_file *file)
{
	return file->file != NULL;
}

uint64_t history_file_damaged(const struct history_file *file)
{
	return file->damaged;
}

static int write_slots(struct sqlite_file *file,
		       const struct history_file_batch *batch)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < batch->slot_count; i++) {
		const struct history_file_slot *slot = &batch->slots[i];

		sqlite_file_number(file, PUT_SLOT, 1, slot->slot);
		sqlite_file_text(file, PUT_SLOT, 2, sv_str(slot->name));
		sqlite_file_number(file, PUT_SLOT, 3, slot->since_s);
		rc = sqlite_file_run(file, PUT_SLOT);
	}
	return rc;
}

static int write_frames(struct sqlite_file *file,
			const struct history_file_batch *batch)
{
	int rc = 0;

	for (unsigned s = 0; rc == 0 && s < HISTORY_SPAN_COUNT; s++) {
		const struct history_frame *frame = &batch->frames[s];
		size_t statement = s == HISTORY_HOUR ? PUT_HOUR : PUT_DAY;

		if (frame->tick < 0)
			continue;
		sqlite_file_number(
			file, statement, 1,
			frame->tick % history_length((enum history_span)s));
		sqlite_file_number(file, statement, 2, frame->tick);
		sqlite_file_bytes(
			file, statement, 3,
			sv_of(frame->points,
			      frame->count * sizeof(frame->points[0])));
		rc = sqlite_file_run(file, statement);
	}
	return rc;
}

static int write_event(struct sqlite_file *file, const struct event *event)
{
	const char *const texts[] = {event_kind_str(event->kind),
				     event_severity_str(event->severity),
				     event->target, event->region, event->text};

	sqlite_file_number(file, PUT_EVENT, 1, (int64_t)event->id);
	sqlite_file_number(file, PUT_EVENT, 2, event->wall_ms);
	for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
		sqlite_file_text(file, PUT_EVENT, 3 + (int)i, sv_str(texts[i]));
	return sqlite_file_run(file, PUT_EVENT);
}

static int write_batch(struct sqlite_file *file, void *arg)
{
	const struct history_file_batch *batch = arg;
	int rc = write_slots(file, batch);

	if (rc == 0)
		rc = write_frames(file, batch);
	for (size_t i = 0; rc == 0 && i < batch->event_count; i++)
		rc = write_event(file, &batch->events[i]);
	if (rc == 0 && batch->event_count > 0) {
		sqlite_file_number(file, DELETE_EVENTS, 1,
				   (int64_t)batch->oldest_id);
		rc = sqlite_file_run(file, DELETE_EVENTS);
	}
	return rc;
}

int history_file_write(struct history_file *file,
		       const struct history_file_batch *batch)
{
	int rc;

	if (!file->file)
		return ERR_STATE;
	rc = sqlite_file_transaction(file->file, write_batch, (void *)batch);
	if (rc == ERR_CORRUPT)
		sqlite_file_close(&file->file);
	return rc;
}

/* The damaged file to where somebody may look at it; what is beside it would
 * be taken for the new one's. */
static void put_aside(struct history_file *file)
{
	static const char *const beside[] = {"-wal", "-shm"};
	char from_storage[PATH_BYTES], to_storage[PATH_BYTES];
	struct buf from, to;

	file->damaged++;
	buf_init_fixed(&to, to_storage, sizeof(to_storage));
	buf_printf(&to, "%s.damaged", file->path);
	if (rename(file->path, buf_cstr(&to)) != 0)
		log_err("history.put_aside_failed path=%s why=\"%s\"",
			file->path, err_str(-errno));
	for (unsigned i = 0; i < ARRAY_LEN(beside); i++) {
		buf_init_fixed(&from, from_storage, sizeof(from_storage));
		buf_printf(&from, "%s%s", file->path, beside[i]);
		unlink(buf_cstr(&from));
	}
}

/* While a file is read. */
struct reading {
	const struct history_file_sink *sink;
	enum history_span span;
	uint64_t unreadable;
};

static void read_slot(const struct sqlite_file_row *row, void *arg)
{
	struct reading *reading = arg;
	struct history_file_slot slot = {
		.slot = (uint32_t)sqlite_file_row_number(row, 0),
		.since_s = sqlite_file_row_number(row, 2),
	};

	if (sv_copy(sqlite_file_row_bytes(row, 1), slot.name,
		    sizeof(slot.name)) == 0)
		reading->sink->slot(reading->sink->arg, &slot);
	else
		reading->unreadable++;
}

static void read_frame(const struct sqlite_file_row *row, void *arg)
{
	struct reading *reading = arg;
	struct sv bytes = sqlite_file_row_bytes(row, 1);
	struct history_frame frame = {
		.tick = sqlite_file_row_number(row, 0),
		.count = (uint32_t)(bytes.len / sizeof(struct history_point)),
	};

	if (bytes.len % sizeof(struct history_point) != 0 || frame.tick < 0) {
		reading->unreadable++;
		return;
	}
	frame.points = mem_dup(bytes.ptr, bytes.len);
	reading->sink->frame(reading->sink->arg, reading->span, &frame);
}

static int read_texts(const struct sqlite_file_row *row, struct event *event)
{
	int rc = event_kind_parse(sqlite_file_row_bytes(row, 2), &event->kind);

	if (rc == 0)
		rc = event_severity_parse(sqlite_file_row_bytes(row, 3),
					  &event->severity);
	if (rc == 0)
		rc = sv_copy(sqlite_file_row_bytes(row, 4), event->target,
			     sizeof(event->target));
	if (rc == 0)
		rc = sv_copy(sqlite_file_row_bytes(row, 5), event->region,
			     sizeof(event->region));
	if (rc == 0)
		rc = sv_copy(sqlite_file_row_bytes(row, 6), event->text,
			     sizeof(event->text));
	return rc;
}

static void read_event(const struct sqlite_file_row *row, void *arg)
{
	struct reading *reading = arg;
	struct event event = {
		.id = (uint64_t)sqlite_file_row_number(row, 0),
		.wall_ms = sqlite_file_row_number(row, 1),
	};

	if (read_texts(row, &event) == 0 && event.id <= INT64_MAX)
		reading->sink->event(reading->sink->arg, &event);
	else
		reading->unreadable++;
}

static int read_all(struct history_file *file,
		    const struct history_file_sink *sink)
{
	struct reading reading = {.sink = sink};
	int rc = sqlite_file_query(file->file,
				   "SELECT id, wall_ms, kind, severity, target,"
				   " region, text FROM events ORDER BY id",
				   read_event, &reading);

	if (rc == 0)
		rc = sqlite_file_query(file->file,
				       "SELECT slot, name, since_s FROM slots",
				       read_slot, &reading);
	if (rc == 0)
		rc = sqlite_file_query(file->file,
				       "SELECT tick, points FROM hour",
				       read_frame, &reading);
	reading.span = HISTORY_DAY;
	if (rc == 0)
		rc = sqlite_file_query(file->file,
				       "SELECT tick, points FROM day",
				       read_frame, &reading);
	if (reading.unreadable > 0)
		log_warn("history.load unreadable=%llu",
			 (unsigned long long)reading.unreadable);
	return rc;
}

/* Open and read; ERR_CORRUPT closes it again. */
static int try_open(struct history_file *file,
		    const struct history_file_sink *sink, struct buf *why)
{
	int rc = sqlite_file_open(&kind, file->path, why, &file->file);

	if (rc == 0 && sink) {
		rc = read_all(file, sink);
		if (rc != 0)
			buf_printf(why, "%s cannot be read", file->path);
	}
	if (rc != 0)
		sqlite_file_close(&file->file);
	return rc;
}

int history_file_open(struct history_file *file,
		      const struct history_file_sink *sink, struct buf *why)
{
	int rc = try_open(file, sink, why);

	if (rc == ERR_CORRUPT) {
		log_warn("history.damaged why=\"%s\"", buf_cstr(why));
		put_aside(file);
		buf_reset(why);
		rc = try_open(file, sink, why);
	}
	return rc;
}
