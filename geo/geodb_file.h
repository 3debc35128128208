/*
 * geodb_file.h - a private, checked copy of a database file. Private, because
 * a mapped file that somebody truncates kills the reader with SIGBUS; checked,
 * because libmaxminddb 1.7.1 multiplies the tree's size in 32 bits and follows
 * the metadata without a bound. Opening and building threads only.
 */
#ifndef PERI_GEO_GEODB_FILE_H
#define PERI_GEO_GEODB_FILE_H

#include <stddef.h>

#include "lib/base/buf.h"

/* The largest city databases are some 200 MB. */
#define GEODB_FILE_BYTES_MAX ((size_t)1 << 30)

/*
 * geodb_file_open - copy @path into anonymous memory and check its frame: the
 * metadata can be read, is of a known version, and the tree fits in the file.
 *
 * @why	 out: "path: reason, what to do" on an error
 *
 * Returns 0 and *@fd_r (the caller closes it), -errno, ERR_CORRUPT,
 * ERR_UNSUPPORTED or ERR_TOOBIG.
 */
MUST_CHECK int geodb_file_open(const char *path, int *fd_r, struct buf *why);

#endif
