/*
 * access_token.h - the tokens that open the admin listener: the registry's own
 * (STATE_DIR/admin.token, made at the first start) and those of tokens_file.
 * In memory there are only their digests under a key of this process, all of
 * one length, so comparing them tells nothing. Main loop.
 */
#ifndef PERI_REGISTRY_ACCESS_TOKEN_H
#define PERI_REGISTRY_ACCESS_TOKEN_H

#include "lib/base/crypto.h"
#include "registry/access_role.h"

#define ACCESS_TOKENS_MAX	256
#define ACCESS_TOKEN_CHARS_MIN	16
#define ACCESS_TOKEN_CHARS_MAX	256
#define ACCESS_TOKEN_FILE_BYTES (128 * 1024)

struct access_digest {
	uint8_t bytes[CRYPTO_SHA256_BYTES];
};

struct access_token {
	char name[ACCESS_NAME_BYTES]; /* who holds it */
	enum access_role role;
	struct access_digest digest;
};

struct access_tokens {
	struct access_token items[ACCESS_TOKENS_MAX];
	unsigned count;
	struct access_digest key;
};

/* access_token_init - none, under a new key. */
void access_token_init(struct access_tokens *tokens);
/* access_token_clear - none, under the same key. */
void access_token_clear(struct access_tokens *tokens);

/* access_token_is_name - 1-64 letters, digits or - . _ @ */
bool access_token_is_name(struct sv name);

/* access_token_digest - what is kept of the secret @text. */
struct access_digest access_token_digest(const struct access_tokens *tokens,
					 struct sv text);
/* access_token_equal - compare digests in constant time. */
bool access_token_equal(const struct access_digest *a,
			const struct access_digest *b);

/*
 * access_token_parse - add the tokens of a file: lines "NAME ROLE TOKEN", empty
 * ones and those that begin with '#' are skipped.
 *
 * @why  out: "line 3: ..."; never holds a part of a token
 *
 * Returns 0, ERR_SYNTAX or ERR_LIMIT, and some may have been added by then.
 */
MUST_CHECK int access_token_parse(struct access_tokens *tokens, struct sv text,
				  struct buf *why);

/* access_token_read_file - the same from the file @path, which others must not
 * be able to read (ERR_DENIED). Returns also -errno and ERR_TOOBIG. */
MUST_CHECK int access_token_read_file(struct access_tokens *tokens,
				      const char *path, struct buf *why);

/*
 * access_token_read_own - the registry's own token in @path: one line. It is
 * made (mode 0600) when there is no such file. Role admin, name "admin".
 *
 * Returns as access_token_read_file().
 */
MUST_CHECK int access_token_read_own(struct access_tokens *tokens,
				     const char *path, struct buf *why);

/* access_token_find - whose token @text is, or NULL; the time depends on the
 * number of tokens only. Borrowed. */
const struct access_token *access_token_find(const struct access_tokens *tokens,
					     struct sv text);

#endif
