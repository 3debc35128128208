/*
 * sqlite_file.h - one file of ours in SQLite (WAL), and the only place that
 * knows the library: whose file it is, its version, damage, prepared
 * statements, transactions that are all or nothing. One thread at a time.
 */
#ifndef PERI_REGISTRY_SQLITE_FILE_H
#define PERI_REGISTRY_SQLITE_FILE_H

#include <stdint.h>

#include "lib/base/buf.h"

struct sqlite_file;
struct sqlite_file_row; /* of a query, while its callback runs */

enum sqlite_file_sync {
	SQLITE_FILE_SYNC_EACH, /* a commit is on the disk when it returns */
	SQLITE_FILE_SYNC_LAZY, /* it survives the process, not the power */
};

/* What a file is; constant. */
struct sqlite_file_kind {
	const char *name;	/* in log lines: "store" */
	int32_t application_id; /* in the file's header */
	enum sqlite_file_sync sync;
	/* SQL that brings a file from version i to i + 1; 0 is an empty one.
	 * The version is their count. */
	const char *const *steps;
	int step_count;
	const char *const *statements; /* by number; may hold ?1, ?2, ... */
	size_t statement_count;
};

/*
 * sqlite_file_open - lock, open or create, check, bring up to date.
 *
 * @kind  borrowed until sqlite_file_close()
 * @why	  out: what is wrong with the file, for a person
 *
 * Returns 0 and *@file_r, owned by the caller; -errno, ERR_CORRUPT (not a
 * database, or damaged), ERR_UNSUPPORTED (of a newer version or another
 * program), ERR_UNAVAILABLE (another process has it).
 */
MUST_CHECK int sqlite_file_open(const struct sqlite_file_kind *kind,
				const char *path, struct buf *why,
				struct sqlite_file **file_r);
void sqlite_file_close(struct sqlite_file **file);

/* sqlite_file_number, _text, _bytes - give parameter ?@parameter of a
 * statement its value for the next run. What @value points to must stay until
 * then. A parameter that the statement lacks is ignored. */
void sqlite_file_number(struct sqlite_file *file, size_t statement,
			int parameter, int64_t value);
void sqlite_file_text(struct sqlite_file *file, size_t statement, int parameter,
		      struct sv value);
void sqlite_file_bytes(struct sqlite_file *file, size_t statement,
		       int parameter, struct sv value);
/* sqlite_file_run - a statement that changes. Returns 0, ERR_CORRUPT or
 * ERR_UNAVAILABLE; its values are forgotten. */
MUST_CHECK int sqlite_file_run(struct sqlite_file *file, size_t statement);

/* Makes the changes of one transaction. Returns 0 or an error. */
typedef int sqlite_file_work_cb(struct sqlite_file *file, void *arg);

/*
 * sqlite_file_transaction - all that @work changes, or nothing.
 *
 * Failures are logged, the first at once and then now and then while they last,
 * and so is their end. Returns 0 or the error.
 */
MUST_CHECK int sqlite_file_transaction(struct sqlite_file *file,
				       sqlite_file_work_cb *work, void *arg);

typedef void sqlite_file_row_cb(const struct sqlite_file_row *row, void *arg);

/* sqlite_file_query - call @each for every row of @sql, which has no
 * parameters. Returns 0 or ERR_CORRUPT (logged) when not all could be read. */
MUST_CHECK int sqlite_file_query(struct sqlite_file *file, const char *sql,
				 sqlite_file_row_cb *each, void *arg);

/* sqlite_file_row_number, _row_bytes - a column of the row, from 0; NULL is 0
 * and the empty view. Borrowed for the callback. */
int64_t sqlite_file_row_number(const struct sqlite_file_row *row, int column);
struct sv sqlite_file_row_bytes(const struct sqlite_file_row *row, int column);

#endif
