/*
 * store_sqlite.c - the only user of SQLite. The constructor opens and checks
 * the file on the loop's thread; then the store's thread alone uses the
 * database handle, until it has ended. An operation is durable when its
 * transaction is: synchronous=FULL syncs the log with each commit.
 */
#include "registry/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "registry/store_thread.h"

#define SCHEMA_VERSION	1
#define APPLICATION_ID	0x50455249 /* "PERI" */
#define BUSY_TIMEOUT_MS 2000	   /* somebody looks at it with a tool */
#define REMIND_MS	30000	   /* between lines about one long failure */
#define STATEMENT_COUNT (STORE_OP_PROBE + 1)

struct store_sqlite {
	struct store base; /* must come first; the loop's */
	struct store_thread *thread;
	/* The thread's while it runs. */
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct log_rate failed_log;
	int64_t told_ms;   /* when a failure was logged; 0 = none lasts */
	uint64_t failures; /* since then, this one included */
	int lock_fd;
};

static const char *const statement_text[STATEMENT_COUNT] = {
	[STORE_OP_PUT_NODE] =
		"INSERT INTO nodes(id, boot_epoch, record, registered_wall_s,"
		" down_wall_s) VALUES(?1, ?2, ?3, ?4, 0)"
		" ON CONFLICT(id) DO UPDATE SET registered_wall_s ="
		" CASE WHEN excluded.boot_epoch <> boot_epoch"
		" THEN excluded.registered_wall_s ELSE registered_wall_s END,"
		" boot_epoch = excluded.boot_epoch, record = excluded.record,"
		" down_wall_s = 0 WHERE excluded.boot_epoch >= boot_epoch"
		" OR down_wall_s > 0",
	[STORE_OP_DELETE_NODE] =
		"DELETE FROM nodes WHERE id = ?1 AND boot_epoch <= ?2",
	[STORE_OP_MARK_NODE] = "UPDATE nodes SET down_wall_s = ?4"
			       " WHERE id = ?1 AND boot_epoch = ?2",
	/* A registration that is queued before this has cleared the mark. */
	[STORE_OP_FORGET_NODE] =
		"DELETE FROM nodes WHERE id = ?1 AND boot_epoch <= ?2"
		" AND down_wall_s > 0",
	[STORE_OP_PUT_REGION] =
		"INSERT INTO regions(id, record, source) VALUES(?1, ?3, ?5)"
		" ON CONFLICT(id) DO UPDATE SET record = excluded.record,"
		" source = excluded.source",
	[STORE_OP_DELETE_REGION] = "DELETE FROM regions WHERE id = ?1",
	/* Writes the page of the header as it is: the version is SCHEMA_VERSION
	 * or this program did not open the file. */
	[STORE_OP_PROBE] = "PRAGMA user_version = 1",
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE nodes(id TEXT PRIMARY KEY, boot_epoch INTEGER NOT NULL,"
	" record TEXT NOT NULL, registered_wall_s INTEGER NOT NULL,"
	" down_wall_s INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE regions(id TEXT PRIMARY KEY, record TEXT NOT NULL,"
	" source INTEGER NOT NULL) WITHOUT ROWID;"
	"PRAGMA application_id = 1346720329;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static struct store_sqlite *self_of(struct store *store)
{
	return CONTAINER_OF(store, struct store_sqlite, base);
}

static void bind_op(sqlite3_stmt *statement, const struct store_op *op)
{
	/* A statement has only some of the parameters; binding one that it
	 * lacks fails without harm. */
	sqlite3_bind_text(statement, 1, op->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)op->boot_epoch);
	sqlite3_bind_text(statement, 3, op->json, (int)op->json_bytes,
			  SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, op->wall_s);
	sqlite3_bind_int(statement, 5, (int)op->source);
}

static int run_op(struct store_sqlite *self, const struct store_op *op)
{
	sqlite3_stmt *statement = self->statements[op->kind];
	int rc;

	bind_op(statement, op);
	rc = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return rc == SQLITE_DONE ? 0 : ERR_UNAVAILABLE;
}

static int run_text(struct store_sqlite *self, const char *sql)
{
	return sqlite3_exec(self->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : ERR_UNAVAILABLE;
}

/* The first failure at once, then now and then while it lasts. A store that
 * fails and heals by turns is bounded by the rate. */
static void tell_failed(struct store_sqlite *self, const char *why)
{
	int64_t now_ms = clk_mono_ms();
	uint32_t dropped;

	self->failures++;
	if (self->told_ms && now_ms - self->told_ms < REMIND_MS)
		return;
	if (!log_rate_pass(&self->failed_log, now_ms, &dropped))
		return;
	log_err("store.write_failed why=\"%s\" transactions=%" PRIu64, why,
		self->failures);
	self->told_ms = now_ms;
	self->failures = 0;
}

/* Said once for each failure that was told. */
static void tell_back(struct store_sqlite *self)
{
	if (!self->told_ms)
		return;
	log_info("store.write_back failed_since=%" PRIu64, self->failures);
	self->told_ms = 0;
	self->failures = 0;
}

/* All or nothing: an operation is durable when its transaction is. */
static void run_transaction(void *arg, struct store_op_list *ops)
{
	struct store_sqlite *self = arg;
	struct store_op *op;
	int rc = run_text(self, "BEGIN IMMEDIATE");

	STAILQ_FOREACH (op, ops, link) {
		if (rc == 0)
			rc = run_op(self, op);
	}
	if (rc == 0)
		rc = run_text(self, "COMMIT");
	if (rc != 0) {
		tell_failed(self, sqlite3_errmsg(self->db));
		if (!sqlite3_get_autocommit(self->db))
			run_text(self, "ROLLBACK");
	} else {
		tell_back(self);
	}
	STAILQ_FOREACH (op, ops, link)
		op->rc = rc;
}

static struct sv column_text(sqlite3_stmt *statement, int column)
{
	const void *text = sqlite3_column_text(statement, column);

	return sv_of(text, (size_t)sqlite3_column_bytes(statement, column));
}

static void read_region(struct store_thread *thread, sqlite3_stmt *row)
{
	int source = sqlite3_column_int(row, 2);

	store_thread_region(thread, (const char *)sqlite3_column_text(row, 0),
			    column_text(row, 1),
			    source == STORE_REGION_NODE ? STORE_REGION_NODE
							: STORE_REGION_FILE);
}

static void read_node(struct store_thread *thread, sqlite3_stmt *row)
{
	store_thread_node(thread, (const char *)sqlite3_column_text(row, 0),
			  column_text(row, 1), sqlite3_column_int64(row, 2),
			  sqlite3_column_int64(row, 3));
}

typedef void read_cb(struct store_thread *thread, sqlite3_stmt *row);

static int read_table(struct store_sqlite *self, struct store_thread *thread,
		      const char *sql, read_cb *read)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL);

	if (rc == SQLITE_OK) {
		while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
			read(thread, statement);
		sqlite3_finalize(statement);
	}
	if (rc == SQLITE_DONE)
		return 0;
	log_err("store.load failed=\"%s\"", sqlite3_errmsg(self->db));
	return ERR_CORRUPT;
}

static int read_all(void *arg, struct store_thread *thread)
{
	struct store_sqlite *self = arg;
	int rc = read_table(self, thread,
			    "SELECT id, record, source FROM regions",
			    read_region);

	if (rc != 0)
		return rc;
	return read_table(self, thread,
			  "SELECT id, record, registered_wall_s, down_wall_s"
			  " FROM nodes ORDER BY id",
			  read_node);
}

static void submit(struct store *store, struct store_op *op)
{
	store_thread_submit(self_of(store)->thread, op);
}

static void load(struct store *store, const struct store_sink *sink)
{
	store_thread_load(self_of(store)->thread, sink);
}

static void close_file(struct store_sqlite *self)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(self->statements[i]);
	sqlite3_close(self->db);
	if (self->lock_fd >= 0)
		close(self->lock_fd);
}

static void free_store(struct store *store)
{
	struct store_sqlite *self = self_of(store);

	store_thread_free(&self->thread);
	close_file(self);
	mem_free(self);
}

static const struct store_backend backend = {
	.submit = submit,
	.load = load,
	.free = free_store,
};

/* One process per file: two would each believe in their own leases. */
static int lock_file(struct store_sqlite *self, const char *path,
		     struct buf *why)
{
	char storage[512];
	struct buf name;

	buf_init_fixed(&name, storage, sizeof(storage));
	buf_str(&name, path);
	buf_str(&name, ".lock");
	if (name.failed)
		return -ENAMETOOLONG;
	self->lock_fd =
		open(buf_cstr(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (self->lock_fd < 0) {
		buf_printf(why, "cannot open %s: %s", buf_cstr(&name),
			   err_str(-errno));
		return -errno;
	}
	if (flock(self->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		buf_printf(why, "another process holds %s", buf_cstr(&name));
		return ERR_UNAVAILABLE;
	}
	return 0;
}

/* The first column of the first row as text; empty without a row. */
static int query_text(struct store_sqlite *self, const char *sql,
		      struct buf *out)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		buf_sv(out, column_text(statement, 0));
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int query_number(struct store_sqlite *self, const char *sql,
			int64_t *value_r)
{
	char storage[32];
	struct buf text;
	int rc;

	buf_init_fixed(&text, storage, sizeof(storage));
	rc = query_text(self, sql, &text);
	if (rc != SQLITE_OK)
		return rc;
	return num_i64(buf_view(&text), INT64_MIN, INT64_MAX, value_r) == 0
		       ? SQLITE_OK
		       : SQLITE_CORRUPT;
}

static int refuse_file(struct store_sqlite *self, int sqlite_rc,
		       const char *path, struct buf *why)
{
	buf_printf(why, "%s: %s", path, sqlite3_errmsg(self->db));
	switch (sqlite_rc & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return ERR_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	default:
		return -EIO;
	}
}

/* Whose file this is, and of which version; an empty one becomes ours. */
static int check_owner(struct store_sqlite *self, const char *path,
		       struct buf *why)
{
	int64_t owner = 0, version = 0, tables = 0;
	int rc = query_number(self, "PRAGMA application_id", &owner);

	if (rc == SQLITE_OK)
		rc = query_number(self, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = query_number(self, "SELECT count(*) FROM sqlite_schema",
				  &tables);
	if (rc == SQLITE_OK && owner == 0 && tables == 0)
		rc = sqlite3_exec(self->db, schema, NULL, NULL, NULL);
	else if (rc == SQLITE_OK && owner != APPLICATION_ID) {
		buf_printf(why, "%s is a database of another program", path);
		return ERR_UNSUPPORTED;
	} else if (rc == SQLITE_OK && version > SCHEMA_VERSION) {
		buf_printf(why,
			   "%s has schema version %d, this program knows "
			   "%d: use a newer one",
			   path, (int)version, SCHEMA_VERSION);
		return ERR_UNSUPPORTED;
	}
	return rc == SQLITE_OK ? 0 : refuse_file(self, rc, path, why);
}

static int check_integrity(struct store_sqlite *self, const char *path,
			   struct buf *why)
{
	char storage[256];
	struct buf text;
	int rc;

	buf_init_fixed(&text, storage, sizeof(storage));
	rc = query_text(self, "PRAGMA quick_check(1)", &text);
	if (rc != SQLITE_OK)
		return refuse_file(self, rc, path, why);
	if (sv_eq(buf_view(&text), SV("ok")))
		return 0;
	buf_printf(why, "%s is damaged: %s", path, buf_cstr(&text));
	return ERR_CORRUPT;
}

static int prepare_all(struct store_sqlite *self, const char *path,
		       struct buf *why)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < STATEMENT_COUNT; i++)
		rc = sqlite3_prepare_v3(self->db, statement_text[i], -1,
					SQLITE_PREPARE_PERSISTENT,
					&self->statements[i], NULL);
	return rc == SQLITE_OK ? 0 : refuse_file(self, rc, path, why);
}

static int open_file(struct store_sqlite *self, const char *path,
		     struct buf *why)
{
	int rc = sqlite3_open_v2(path, &self->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					 SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(self->db, BUSY_TIMEOUT_MS);
		rc = sqlite3_exec(self->db,
				  "PRAGMA journal_mode = WAL;"
				  "PRAGMA synchronous = FULL;",
				  NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK)
		return refuse_file(self, rc, path, why);
	rc = check_owner(self, path, why);
	if (rc == 0)
		rc = check_integrity(self, path, why);
	if (rc == 0)
		rc = prepare_all(self, path, why);
	return rc;
}

int store_sqlite_new(struct loop *loop, const char *path, size_t queue_max,
		     struct buf *why, struct store **store_r)
{
	struct store_sqlite *self = mem_alloc(sizeof(*self));
	struct store_work work = {
		.write = run_transaction,
		.read = read_all,
		.arg = self,
	};
	int rc;

	store_init(&self->base, loop, &backend, queue_max);
	self->lock_fd = -1;
	rc = lock_file(self, path, why);
	if (rc == 0)
		rc = open_file(self, path, why);
	if (rc == 0)
		rc = store_thread_new(loop, &self->base, &work, &self->thread);
	if (rc != 0) {
		close_file(self);
		mem_free(self);
		return rc;
	}
	*store_r = &self->base;
	return 0;
}
