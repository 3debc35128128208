/* Any auth body in both modes: a verdict, and every text within its bounds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "comet-agent/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum auth_mode mode, struct sv body)
{
	struct auth_config config = {
		.mode = mode,
		.secret = SV("0123456789abcdef0123456789abcdef"),
		.node_id = "gru-1"};
	struct auth_identity identity;
	enum auth_verdict verdict =
		auth_check(&config, body, 1000000, &identity);

	assert(verdict < AUTH_VERDICT_COUNT && auth_verdict_str(verdict));
	if (verdict != AUTH_OK)
		return;
	assert(identity.key[0] && strlen(identity.key) < sizeof(identity.key));
	assert(strlen(identity.user) < sizeof(identity.user));
	assert(strlen(identity.room) < sizeof(identity.room));
	assert(strlen(identity.platform) < sizeof(identity.platform));
	assert(identity.accept_count <= AUTH_ACCEPTS_MAX);
	assert(mode == AUTH_OPEN || identity.user[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	check(AUTH_OPEN, sv_of(exact, size));
	check(AUTH_TOKEN, sv_of(exact, size));
	free(exact);
	return 0;
}
