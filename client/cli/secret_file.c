/*
 * secret_file.c - reads, signs, wipes. The secret never reaches a log line.
 */
#include "client/cli/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/proto/token.h"

static int refuse(const char *path, const char *why)
{
	cli_error("cannot use the secret in %s: %s", path, why);
	return CLI_FAILED;
}

int secret_file_read(struct secret_file *secret, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	secret->len = 0;
	if (fd < 0)
		return refuse(path, err_str(-errno));
	n = read(fd, secret->bytes, sizeof(secret->bytes));
	close(fd);
	if (n < 0)
		return refuse(path, err_str(-errno));
	if ((size_t)n == sizeof(secret->bytes))
		return refuse(path, "it is longer than 4095 bytes");
	while (n > 0 &&
	       (secret->bytes[n - 1] == '\n' || secret->bytes[n - 1] == '\r'))
		n--;
	if (n < SECRET_FILE_MIN)
		return refuse(path, "it is shorter than 32 bytes");
	secret->len = (size_t)n;
	return CLI_OK;
}

struct sv secret_file_key(const struct secret_file *secret)
{
	return sv_of(secret->bytes, secret->len);
}

void secret_file_forget(struct secret_file *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

void secret_file_sign(const struct secret_file *secret, const char *subject,
		      int64_t ttl_s, struct buf *b)
{
	struct token_claims claims = {0};

	/* Longer subjects are cut by the caller. */
	if (sv_copy(sv_str(subject), claims.subject, sizeof(claims.subject)) !=
	    0)
		claims.subject[0] = '\0';
	memcpy(claims.device, claims.subject, sizeof(claims.device));
	claims.expires_wall_s = clk_wall_s() + ttl_s;
	token_sign_hs256(b, secret_file_key(secret), &claims);
}
