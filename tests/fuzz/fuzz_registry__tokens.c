/* A file of tokens: never a crash, never a token in the reason. */
#include "registry/access_token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct access_tokens tokens;
	char storage[256];
	struct buf why;
	int rc;

	if (size > ACCESS_TOKEN_FILE_BYTES)
		return 0;
	access_token_clear(&tokens);
	buf_init_fixed(&why, storage, sizeof(storage));
	rc = access_token_parse(&tokens, sv_of(data, size), &why);
	if ((rc == 0) != (why.len == 0) || tokens.count > ACCESS_TOKENS_MAX)
		abort();
	for (unsigned i = 0; i < tokens.count; i++) {
		if (tokens.items[i].role == ACCESS_NONE ||
		    !access_token_is_name(sv_str(tokens.items[i].name)))
			abort();
	}
	return 0;
}
