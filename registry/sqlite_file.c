/*
 * sqlite_file.c - the only user of SQLite. A transaction is durable when it has
 * returned: with SYNC_EACH the log is synced with each commit. The file is
 * opened on the loop's thread; then one thread of its own uses it.
 */
#include "registry/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#define BUSY_TIMEOUT_MS 2000  /* somebody looks at it with a tool */
#define REMIND_MS	30000 /* between lines about one long failure */

struct sqlite_file {
	const struct sqlite_file_kind *kind; /* borrowed */
	sqlite3 *db;
	sqlite3_stmt **statements; /* owned, kind->statement_count of them */
	struct log_rate failed_log;
	int64_t told_ms;   /* when a failure was logged; 0 = none lasts */
	uint64_t failures; /* since then, this one included */
	int lock_fd;
};

/* What a result of the library is to others. */
static int error_of(int sqlite_rc)
{
	switch (sqlite_rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return ERR_CORRUPT;
	default:
		return ERR_UNAVAILABLE;
	}
}

static int run_text(struct sqlite_file *file, const char *sql)
{
	return error_of(sqlite3_exec(file->db, sql, NULL, NULL, NULL));
}

void sqlite_file_number(struct sqlite_file *file, size_t statement,
			int parameter, int64_t value)
{
	sqlite3_bind_int64(file->statements[statement], parameter, value);
}

void sqlite_file_text(struct sqlite_file *file, size_t statement, int parameter,
		      struct sv value)
{
	sqlite3_bind_text(file->statements[statement], parameter, value.ptr,
			  (int)value.len, SQLITE_STATIC);
}

void sqlite_file_bytes(struct sqlite_file *file, size_t statement,
		       int parameter, struct sv value)
{
	sqlite3_bind_blob64(file->statements[statement], parameter, value.ptr,
			    value.len, SQLITE_STATIC);
}

int sqlite_file_run(struct sqlite_file *file, size_t statement)
{
	sqlite3_stmt *prepared = file->statements[statement];
	int rc = sqlite3_step(prepared);

	sqlite3_reset(prepared);
	sqlite3_clear_bindings(prepared);
	return error_of(rc);
}

/* The first failure at once, then now and then while it lasts. A file that
 * fails and heals by turns is bounded by the rate. */
static void tell_failed(struct sqlite_file *file)
{
	int64_t now_ms = clk_mono_ms();
	uint32_t dropped;

	file->failures++;
	if (file->told_ms && now_ms - file->told_ms < REMIND_MS)
		return;
	if (!log_rate_pass(&file->failed_log, now_ms, &dropped))
		return;
	log_err("%s.write_failed why=\"%s\" transactions=%" PRIu64,
		file->kind->name, sqlite3_errmsg(file->db), file->failures);
	file->told_ms = now_ms;
	file->failures = 0;
}

/* Said once for each failure that was told. */
static void tell_back(struct sqlite_file *file)
{
	if (!file->told_ms)
		return;
	log_info("%s.write_back failed_since=%" PRIu64, file->kind->name,
		 file->failures);
	file->told_ms = 0;
	file->failures = 0;
}

int sqlite_file_transaction(struct sqlite_file *file, sqlite_file_work_cb *work,
			    void *arg)
{
	int rc = run_text(file, "BEGIN IMMEDIATE");

	if (rc == 0)
		rc = work(file, arg);
	if (rc == 0)
		rc = run_text(file, "COMMIT");
	if (rc == 0) {
		tell_back(file);
		return 0;
	}
	tell_failed(file);
	if (!sqlite3_get_autocommit(file->db))
		run_text(file, "ROLLBACK");
	return rc;
}

/* A row is its statement, after a step. */
static sqlite3_stmt *statement_of(const struct sqlite_file_row *row)
{
	return (sqlite3_stmt *)row;
}

int64_t sqlite_file_row_number(const struct sqlite_file_row *row, int column)
{
	return sqlite3_column_int64(statement_of(row), column);
}

struct sv sqlite_file_row_bytes(const struct sqlite_file_row *row, int column)
{
	const void *bytes = sqlite3_column_blob(statement_of(row), column);

	return sv_of(bytes,
		     (size_t)sqlite3_column_bytes(statement_of(row), column));
}

/* Returns SQLITE_OK or what went wrong. */
static int query(struct sqlite_file *file, const char *sql,
		 sqlite_file_row_cb *each, void *arg)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		each((const struct sqlite_file_row *)statement, arg);
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_file_query(struct sqlite_file *file, const char *sql,
		      sqlite_file_row_cb *each, void *arg)
{
	if (query(file, sql, each, arg) == SQLITE_OK)
		return 0;
	log_err("%s.load failed=\"%s\"", file->kind->name,
		sqlite3_errmsg(file->db));
	return ERR_CORRUPT;
}

/* One process per file: two would each believe in what only they wrote. */
static int lock_file(struct sqlite_file *file, const char *path,
		     struct buf *why)
{
	char storage[512];
	struct buf name;

	buf_init_fixed(&name, storage, sizeof(storage));
	buf_str(&name, path);
	buf_str(&name, ".lock");
	if (name.failed)
		return -ENAMETOOLONG;
	file->lock_fd =
		open(buf_cstr(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (file->lock_fd < 0) {
		int rc = -errno;

		buf_printf(why, "cannot open %s: %s", buf_cstr(&name),
			   err_str(rc));
		return rc;
	}
	if (flock(file->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		buf_printf(why, "another process holds %s", buf_cstr(&name));
		return ERR_UNAVAILABLE;
	}
	return 0;
}

static int refuse_file(struct sqlite_file *file, int sqlite_rc,
		       const char *path, struct buf *why)
{
	buf_printf(why, "%s: %s", path, sqlite3_errmsg(file->db));
	switch (sqlite_rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return error_of(sqlite_rc);
	default:
		return -EIO;
	}
}

static void take_number(const struct sqlite_file_row *row, void *arg)
{
	int64_t *number = arg;

	*number = sqlite_file_row_number(row, 0);
}

/* What the file says about itself. */
struct header {
	int64_t owner, version, tables;
};

static int read_header(struct sqlite_file *file, struct header *header_r)
{
	int rc = query(file, "PRAGMA application_id", take_number,
		       &header_r->owner);

	if (rc == SQLITE_OK)
		rc = query(file, "PRAGMA user_version", take_number,
			   &header_r->version);
	if (rc == SQLITE_OK)
		rc = query(file, "SELECT count(*) FROM sqlite_schema",
			   take_number, &header_r->tables);
	return rc;
}

/* From @version to ours, all or nothing. */
static int upgrade(struct sqlite_file *file, int64_t version)
{
	const struct sqlite_file_kind *kind = file->kind;
	struct buf sql;
	int rc;

	if (version == kind->step_count)
		return SQLITE_OK;
	buf_init(&sql, 65536);
	buf_str(&sql, "BEGIN IMMEDIATE;");
	for (int64_t i = version; i < kind->step_count; i++)
		buf_str(&sql, kind->steps[i]);
	buf_printf(&sql,
		   "PRAGMA application_id = %d;PRAGMA user_version = %d;"
		   "COMMIT;",
		   (int)kind->application_id, kind->step_count);
	rc = sqlite3_exec(file->db, buf_cstr(&sql), NULL, NULL, NULL);
	buf_fini(&sql);
	return rc;
}

/* Whose file this is, and of which version; an empty one becomes ours. */
static int check_owner(struct sqlite_file *file, const char *path,
		       struct buf *why)
{
	const struct sqlite_file_kind *kind = file->kind;
	struct header header = {0};
	int rc = read_header(file, &header);

	if (rc != SQLITE_OK)
		return refuse_file(file, rc, path, why);
	if (header.owner != kind->application_id &&
	    (header.owner != 0 || header.tables != 0)) {
		buf_printf(why, "%s is a database of another program", path);
		return ERR_UNSUPPORTED;
	}
	if (header.version < 0 || header.version > kind->step_count) {
		buf_printf(why,
			   "%s has schema version %d, this program knows "
			   "%d: use a newer one",
			   path, (int)header.version, kind->step_count);
		return ERR_UNSUPPORTED;
	}
	rc = upgrade(file, header.tables == 0 ? 0 : header.version);
	return rc == SQLITE_OK ? 0 : refuse_file(file, rc, path, why);
}

static void take_text(const struct sqlite_file_row *row, void *arg)
{
	buf_sv(arg, sqlite_file_row_bytes(row, 0));
}

static int check_integrity(struct sqlite_file *file, const char *path,
			   struct buf *why)
{
	char storage[256];
	struct buf text;
	int rc;

	buf_init_fixed(&text, storage, sizeof(storage));
	rc = query(file, "PRAGMA quick_check(1)", take_text, &text);
	if (rc != SQLITE_OK)
		return refuse_file(file, rc, path, why);
	if (sv_eq(buf_view(&text), SV("ok")))
		return 0;
	buf_printf(why, "%s is damaged: %s", path, buf_cstr(&text));
	return ERR_CORRUPT;
}

static int prepare_all(struct sqlite_file *file, const char *path,
		       struct buf *why)
{
	const struct sqlite_file_kind *kind = file->kind;
	int rc = SQLITE_OK;

	file->statements =
		mem_array(kind->statement_count, sizeof(struct sqlite3_stmt *));
	for (size_t i = 0; rc == SQLITE_OK && i < kind->statement_count; i++)
		rc = sqlite3_prepare_v3(file->db, kind->statements[i], -1,
					SQLITE_PREPARE_PERSISTENT,
					&file->statements[i], NULL);
	return rc == SQLITE_OK ? 0 : refuse_file(file, rc, path, why);
}

static int open_file(struct sqlite_file *file, const char *path,
		     struct buf *why)
{
	const char *sync = file->kind->sync == SQLITE_FILE_SYNC_EACH
				   ? "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = FULL;"
				   : "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = NORMAL;";
	int rc = sqlite3_open_v2(path, &file->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					 SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(file->db, BUSY_TIMEOUT_MS);
		rc = sqlite3_exec(file->db, sync, NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK)
		return refuse_file(file, rc, path, why);
	rc = check_owner(file, path, why);
	if (rc == 0)
		rc = check_integrity(file, path, why);
	if (rc == 0)
		rc = prepare_all(file, path, why);
	return rc;
}

int sqlite_file_open(const struct sqlite_file_kind *kind, const char *path,
		     struct buf *why, struct sqlite_file **file_r)
{
	struct sqlite_file *file = mem_alloc(sizeof(*file));
	int rc;

	file->kind = kind;
	file->lock_fd = -1;
	rc = lock_file(file, path, why);
	if (rc == 0)
		rc = open_file(file, path, why);
	if (rc == 0)
		*file_r = file;
	else
		sqlite_file_close(&file);
	return rc;
}

void sqlite_file_close(struct sqlite_file **file)
{
	struct sqlite_file *self = *file;

	if (!self)
		return;
	for (size_t i = 0; self->statements && i < self->kind->statement_count;
	     i++)
		sqlite3_finalize(self->statements[i]);
	mem_free(self->statements);
	sqlite3_close(self->db);
	if (self->lock_fd >= 0)
		close(self->lock_fd);
	mem_free(self);
	*file = NULL;
}
