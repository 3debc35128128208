/*
 * access_token.c - see the header. No token is ever logged. Main loop.
 */
#include "registry/access_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"

#define OWN_RANDOM_BYTES 32

void access_token_init(struct access_tokens *tokens)
{
	memset(tokens, 0, sizeof(*tokens));
	crypto_random(&tokens->key, sizeof(tokens->key));
}

void access_token_clear(struct access_tokens *tokens)
{
	memset(tokens->items, 0, sizeof(tokens->items));
	tokens->count = 0;
}

struct access_digest access_token_digest(const struct access_tokens *tokens,
					 struct sv text)
{
	struct access_digest digest;

	crypto_hmac_sha256(sv_of(&tokens->key, sizeof(tokens->key)), text,
			   digest.bytes);
	return digest;
}

bool access_token_equal(const struct access_digest *a,
			const struct access_digest *b)
{
	return crypto_equal(sv_of(a, sizeof(*a)), sv_of(b, sizeof(*b)));
}

/* ---- what a line may hold ---- */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Every character is a letter, a digit or one of @more. */
static bool has_only(struct sv text, const char *more)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_alnum(text.ptr[i]) &&
		    (!text.ptr[i] || !strchr(more, text.ptr[i])))
			return false;
	}
	return true;
}

bool access_token_is_name(struct sv name)
{
	return name.len > 0 && name.len < ACCESS_NAME_BYTES &&
	       has_only(name, "-._@");
}

/* What a header may carry (RFC 6750 2.1), and nobody guesses. */
static bool is_token(struct sv text)
{
	return text.len >= ACCESS_TOKEN_CHARS_MIN &&
	       text.len <= ACCESS_TOKEN_CHARS_MAX && has_only(text, "-._~+/=");
}

static int add(struct access_tokens *tokens, struct sv name,
	       enum access_role role, struct sv secret)
{
	struct access_token *token = &tokens->items[tokens->count];

	if (tokens->count == ACCESS_TOKENS_MAX)
		return ERR_LIMIT;
	if (sv_copy(name, token->name, sizeof(token->name)) != 0)
		return ERR_SYNTAX;
	token->role = role;
	token->digest = access_token_digest(tokens, secret);
	tokens->count++;
	return 0;
}

static struct sv next_word(struct sv *line)
{
	struct sv word = {line->ptr, 0};

	while (word.len < line->len && line->ptr[word.len] != ' ' &&
	       line->ptr[word.len] != '\t')
		word.len++;
	*line = sv_trim(sv_of(line->ptr + word.len, line->len - word.len));
	return word;
}

/* The rule that the line breaks, or NULL. */
static const char *parse_line(struct access_tokens *tokens, struct sv line)
{
	struct sv name = next_word(&line);
	struct sv role_name = next_word(&line);
	enum access_role role = ACCESS_NONE;

	if (!access_token_is_name(name))
		return "the name must be 1-64 letters, digits or - . _ @";
	if (access_role_parse(role_name, &role) != 0 || role == ACCESS_NONE)
		return "the role must be viewer, operator or admin";
	if (!is_token(line))
		return "the token must be 16-256 letters, digits or "
		       "- . _ ~ + / =";
	if (add(tokens, name, role, line) != 0)
		return "there are more than 256 tokens";
	return NULL;
}

int access_token_parse(struct access_tokens *tokens, struct sv text,
		       struct buf *why)
{
	const char *rule;

	for (unsigned number = 1; text.len > 0; number++) {
		struct sv line = sv_cut(&text, '\n');

		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		line = sv_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		rule = parse_line(tokens, line);
		if (!rule)
			continue;
		buf_printf(why, "line %u: %s", number, rule);
		return tokens->count == ACCESS_TOKENS_MAX ? ERR_LIMIT
							  : ERR_SYNTAX;
	}
	return 0;
}

/* ---- files ---- */

/* Whether somebody who is neither owner nor in its group may read it. */
static int check_mode(int fd, struct buf *why)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if ((stat.st_mode & S_IRWXO) == 0)
		return 0;
	buf_str(why, "others can read it: chmod o= the file");
	return ERR_DENIED;
}

/* Room for all at once: growing would leave copies in freed memory. */
static int read_all(int fd, struct buf *text)
{
	char *at = buf_reserve(text, ACCESS_TOKEN_FILE_BYTES);
	ssize_t n;

	do {
		n = read(fd, at + text->len,
			 ACCESS_TOKEN_FILE_BYTES - text->len);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	return text->len == ACCESS_TOKEN_FILE_BYTES ? ERR_TOOBIG : 0;
}

static int read_secret_file(const char *path, struct buf *text, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd < 0 ? -errno : check_mode(fd, why);

	if (rc == 0)
		rc = read_all(fd, text);
	if (rc != 0 && why->len == 0)
		buf_str(why, err_str(rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The text was secret: nothing of it stays behind in freed memory. */
static void forget(struct buf *text)
{
	if (text->data)
		explicit_bzero(text->data, text->cap_bytes);
	buf_fini(text);
}

int access_token_read_file(struct access_tokens *tokens, const char *path,
			   struct buf *why)
{
	struct buf text;
	int rc;

	buf_init(&text, ACCESS_TOKEN_FILE_BYTES);
	rc = read_secret_file(path, &text, why);
	if (rc == 0)
		rc = access_token_parse(tokens, buf_view(&text), why);
	forget(&text);
	return rc;
}

/* Whole or not at all: a crash in between must not leave an empty one. */
static int write_own(const char *path, struct sv text)
{
	char temp[4096];
	struct buf name;
	int fd, rc = 0;

	buf_init_fixed(&name, temp, sizeof(temp));
	buf_printf(&name, "%s.new", path);
	fd = open(buf_cstr(&name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) < 0 ||
	    write(fd, text.ptr, text.len) != (ssize_t)text.len ||
	    fsync(fd) < 0 || rename(temp, path) < 0)
		rc = errno ? -errno : -EIO;
	close(fd);
	return rc;
}

static int make_own(const char *path)
{
	char storage[2 * OWN_RANDOM_BYTES + 2];
	uint8_t random[OWN_RANDOM_BYTES];
	struct buf text;
	int rc;

	crypto_random(random, sizeof(random));
	buf_init_fixed(&text, storage, sizeof(storage));
	for (size_t i = 0; i < sizeof(random); i++)
		buf_hex(&text, random[i], 2);
	buf_char(&text, '\n');
	rc = write_own(path, buf_view(&text));
	explicit_bzero(storage, sizeof(storage));
	explicit_bzero(random, sizeof(random));
	return rc;
}

static int take_own(struct access_tokens *tokens, struct sv text,
		    struct buf *why)
{
	struct sv token = sv_trim(sv_cut(&text, '\n'));

	if (is_token(token) && text.len == 0)
		return add(tokens, SV("admin"), ACCESS_ADMIN, token);
	buf_str(why, "it must hold one line with one token of 16-256 "
		     "characters; delete it to have a new one made");
	return ERR_SYNTAX;
}

int access_token_read_own(struct access_tokens *tokens, const char *path,
			  struct buf *why)
{
	struct buf text;
	int rc = access(path, F_OK) == 0 ? 0 : make_own(path);

	if (rc != 0) {
		buf_printf(why, "it cannot be made: %s", err_str(rc));
		return rc;
	}
	buf_init(&text, ACCESS_TOKEN_FILE_BYTES);
	rc = read_secret_file(path, &text, why);
	if (rc == 0)
		rc = take_own(tokens, buf_view(&text), why);
	forget(&text);
	return rc;
}

const struct access_token *access_token_find(const struct access_tokens *tokens,
					     struct sv text)
{
	struct access_digest digest = access_token_digest(tokens, text);
	const struct access_token *found = NULL;

	for (unsigned i = 0; i < tokens->count; i++) {
		if (access_token_equal(&tokens->items[i].digest, &digest))
			found = &tokens->items[i];
	}
	return found;
}
