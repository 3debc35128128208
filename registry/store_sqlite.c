/*
 * store_sqlite.c - the embedded store: what its file holds. The constructor
 * opens it on the loop's thread; then the store's thread alone uses it, until
 * it has ended. An operation is durable when its transaction is.
 */
#include "registry/store_sqlite.h"

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/sqlite_file.h"
#include "registry/store_thread.h"

struct store_sqlite {
	struct store base; /* must come first; the loop's */
	struct store_thread *thread;
	struct sqlite_file *file; /* the thread's while it runs */
};

/* Beside those of the operations' kinds. */
enum more_statements {
	STATEMENT_PUT_AUDIT = STORE_OP_PROBE + 1,
	STATEMENT_TRIM_AUDIT,
};

static const char *const statements[] = {
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
	[STORE_OP_PUT_INTENT] =
		"INSERT INTO intents(scope, id, record, until_wall_s)"
		" VALUES(?5, ?1, ?3, ?4) ON CONFLICT(scope, id) DO UPDATE SET"
		" record = excluded.record,"
		" until_wall_s = excluded.until_wall_s",
	[STORE_OP_DELETE_INTENT] =
		"DELETE FROM intents WHERE scope = ?5 AND id = ?1",
	[STORE_OP_EXPIRE_INTENT] =
		"DELETE FROM intents WHERE scope = ?5 AND id = ?1"
		" AND until_wall_s = ?4",
	/* Only its entry in the audit. */
	[STORE_OP_ADD_AUDIT] = "SELECT 1 WHERE 0",
	[STATEMENT_PUT_AUDIT] =
		"INSERT OR REPLACE INTO audit(seq, target, record)"
		" VALUES(?2, ?1, ?3)",
	[STATEMENT_TRIM_AUDIT] = "DELETE FROM audit WHERE seq <= ?2",
	/* Writes the page of the header as it is: the version is the count of
	 * steps or this program did not open the file. */
	[STORE_OP_PROBE] = "PRAGMA user_version = 2",
};

static const char *const steps[] = {
	"CREATE TABLE nodes(id TEXT PRIMARY KEY, boot_epoch INTEGER NOT NULL,"
	" record TEXT NOT NULL, registered_wall_s INTEGER NOT NULL,"
	" down_wall_s INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE regions(id TEXT PRIMARY KEY, record TEXT NOT NULL,"
	" source INTEGER NOT NULL) WITHOUT ROWID;",
	"CREATE TABLE intents(scope INTEGER NOT NULL, id TEXT NOT NULL,"
	" record TEXT NOT NULL, until_wall_s INTEGER NOT NULL,"
	" PRIMARY KEY(scope, id)) WITHOUT ROWID;"
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY, target TEXT NOT NULL,"
	" record TEXT NOT NULL);",
};

static const struct sqlite_file_kind kind = {
	.name = "store",
	.application_id = 0x50455249, /* "PERI" */
	.sync = SQLITE_FILE_SYNC_EACH,
	.steps = steps,
	.step_count = ARRAY_LEN(steps),
	.statements = statements,
	.statement_count = ARRAY_LEN(statements),
};

static struct store_sqlite *self_of(struct store *store)
{
	return CONTAINER_OF(store, struct store_sqlite, base);
}

static int run_audit(struct sqlite_file *file,
		     const struct store_op_audit *audit)
{
	int rc;

	sqlite_file_text(file, STATEMENT_PUT_AUDIT, 1, sv_str(audit->target));
	sqlite_file_number(file, STATEMENT_PUT_AUDIT, 2, (int64_t)audit->seq);
	sqlite_file_text(file, STATEMENT_PUT_AUDIT, 3,
			 sv_of(audit->json, audit->json_bytes));
	rc = sqlite_file_run(file, STATEMENT_PUT_AUDIT);
	if (rc != 0)
		return rc;
	sqlite_file_number(file, STATEMENT_TRIM_AUDIT, 2,
			   (int64_t)audit->seq - STORE_AUDIT_KEPT);
	return sqlite_file_run(file, STATEMENT_TRIM_AUDIT);
}

/* A statement has only some of the parameters. */
static int run_op(struct sqlite_file *file, const struct store_op *op)
{
	int rc;

	sqlite_file_text(file, op->kind, 1, sv_str(op->id));
	sqlite_file_number(file, op->kind, 2, (int64_t)op->boot_epoch);
	sqlite_file_text(file, op->kind, 3, sv_of(op->json, op->json_bytes));
	sqlite_file_number(file, op->kind, 4, op->wall_s);
	sqlite_file_number(file, op->kind, 5, op->tag);
	rc = sqlite_file_run(file, op->kind);
	return rc == 0 && op->audit ? run_audit(file, op->audit) : rc;
}

static int run_ops(struct sqlite_file *file, void *arg)
{
	const struct store_op_list *ops = arg;
	const struct store_op *op;
	int rc = 0;

	STAILQ_FOREACH (op, ops, link) {
		if (rc == 0)
			rc = run_op(file, op);
	}
	return rc;
}

static void write_ops(void *arg, struct store_op_list *ops)
{
	struct store_sqlite *self = arg;
	struct store_op *op;
	int rc = sqlite_file_transaction(self->file, run_ops, ops);

	STAILQ_FOREACH (op, ops, link)
		op->rc = rc;
}

/* An id as it was kept, for the log of what cannot be read. */
static const char *id_of(const struct sqlite_file_row *row,
			 char id[NODE_ID_BYTES])
{
	int rc = sv_copy(sqlite_file_row_bytes(row, 0), id, NODE_ID_BYTES);

	return rc == 0 ? id : "?";
}

static void read_region(const struct sqlite_file_row *row, void *arg)
{
	bool is_nodes = sqlite_file_row_number(row, 2) == STORE_REGION_NODE;
	char id[NODE_ID_BYTES];

	store_thread_region(arg, id_of(row, id), sqlite_file_row_bytes(row, 1),
			    is_nodes ? STORE_REGION_NODE : STORE_REGION_FILE);
}

static void read_node(const struct sqlite_file_row *row, void *arg)
{
	char id[NODE_ID_BYTES];

	store_thread_node(arg, id_of(row, id), sqlite_file_row_bytes(row, 1),
			  sqlite_file_row_number(row, 2),
			  sqlite_file_row_number(row, 3));
}

static void read_intent(const struct sqlite_file_row *row, void *arg)
{
	char id[NODE_ID_BYTES];

	store_thread_intent(arg, id_of(row, id), sqlite_file_row_bytes(row, 1));
}

static void read_audit(const struct sqlite_file_row *row, void *arg)
{
	struct store_audit audit = {
		.seq = (uint64_t)sqlite_file_row_number(row, 2),
		.target = sqlite_file_row_bytes(row, 0),
		.json = sqlite_file_row_bytes(row, 1),
	};

	store_thread_audit(arg, &audit);
}

static const struct {
	const char *sql; /* the id comes first, then the record */
	sqlite_file_row_cb *read;
} tables[] = {
	{"SELECT id, record, source FROM regions", read_region},
	{"SELECT id, record, registered_wall_s, down_wall_s FROM nodes"
	 " ORDER BY id",
	 read_node},
	{"SELECT id, record FROM intents ORDER BY scope, id", read_intent},
	{"SELECT target, record, seq FROM audit ORDER BY seq", read_audit},
};

static int read_all(void *arg, struct store_thread *thread)
{
	struct store_sqlite *self = arg;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(tables); i++)
		rc = sqlite_file_query(self->file, tables[i].sql,
				       tables[i].read, thread);
	return rc;
}

static void submit(struct store *store, struct store_op *op)
{
	store_thread_submit(self_of(store)->thread, op);
}

static void load(struct store *store, const struct store_sink *sink)
{
	store_thread_load(self_of(store)->thread, sink);
}

static void free_store(struct store *store)
{
	struct store_sqlite *self = self_of(store);

	store_thread_free(&self->thread);
	sqlite_file_close(&self->file);
	mem_free(self);
}

static const struct store_backend backend = {
	.submit = submit,
	.load = load,
	.free = free_store,
};

int store_sqlite_new(struct loop *loop, const char *path, size_t queue_max,
		     struct buf *why, struct store **store_r)
{
	struct store_sqlite *self = mem_alloc(sizeof(*self));
	struct store_work work = {
		.write = write_ops,
		.read = read_all,
		.arg = self,
	};
	int rc;

	store_init(&self->base, loop, &backend, queue_max);
	rc = sqlite_file_open(&kind, path, why, &self->file);
	if (rc == 0)
		rc = store_thread_new(loop, &self->base, &work, &self->thread);
	if (rc != 0) {
		sqlite_file_close(&self->file);
		mem_free(self);
		return rc;
	}
	*store_r = &self->base;
	return 0;
}
