/*
 * secret_file.h - the shared secret that tokens are signed with, read from a
 * file and wiped afterwards. One thread.
 */
#ifndef PERI_CLIENT_CLI_SECRET_FILE_H
#define PERI_CLIENT_CLI_SECRET_FILE_H

#include <stdint.h>

#include "lib/base/buf.h"

#define SECRET_FILE_MAX 4096
#define SECRET_FILE_MIN 32 /* bytes; RFC 7518 wants the digest's length */

struct secret_file {
	char bytes[SECRET_FILE_MAX];
	size_t len;
};

/* secret_file_read - a newline at the end is not part of the secret. Returns
 * CLI_OK or CLI_FAILED after it was said why. */
MUST_CHECK int secret_file_read(struct secret_file *secret, const char *path);
/* secret_file_key - borrowed. */
struct sv secret_file_key(const struct secret_file *secret);
/* secret_file_forget - overwrite it. */
void secret_file_forget(struct secret_file *secret);

/* secret_file_sign - append a token for @subject (device the same) that is
 * valid for @ttl_s. */
void secret_file_sign(const struct secret_file *secret, const char *subject,
		      int64_t ttl_s, struct buf *b);

#endif
