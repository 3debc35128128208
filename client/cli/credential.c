/*
 * credential.c - see the header. A token is printable text without spaces: it
 * becomes a header line, and a line break in it would become another one.
 */
#include "client/cli/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"

static int refuse(const char *source, const char *why)
{
	cli_error("cannot use the token of %s: %s", source, why);
	return CLI_FAILED;
}

static int take(struct credential *c, struct sv text, const char *source)
{
	if (text.len == 0)
		return refuse(source, "it is empty");
	if (text.len > CREDENTIAL_MAX)
		return refuse(source, "it is longer than 256 bytes");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return refuse(source, "it holds more than a token");
	}
	memcpy(c->text, text.ptr, text.len);
	c->len = text.len;
	return CLI_OK;
}

static int take_file(struct credential *c, const char *path)
{
	char text[CREDENTIAL_MAX + 3]; /* one too many, and a line's end */
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	ssize_t n;

	if (fd < 0)
		return refuse(path, err_str(-errno));
	n = read(fd, text, sizeof(text));
	rc = n < 0 ? refuse(path, err_str(-errno)) : CLI_OK;
	close(fd);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (rc == CLI_OK)
		rc = take(c, sv_of(text, (size_t)n), path);
	explicit_bzero(text, sizeof(text));
	return rc;
}

int credential_read(struct credential *c, const struct cli *cli)
{
	const char *text = getenv(CREDENTIAL_VARIABLE);

	c->len = 0;
	if (cli->token_file)
		return take_file(c, cli->token_file);
	if (text && text[0])
		return take(c, sv_str(text), CREDENTIAL_VARIABLE);
	if (access(CREDENTIAL_FILE, R_OK) == 0)
		return take_file(c, CREDENTIAL_FILE);
	return CLI_OK;
}

void credential_forget(struct credential *c)
{
	explicit_bzero(c, sizeof(*c));
}
