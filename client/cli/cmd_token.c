/*
 * cmd_token.c - perictl token: sign a token for tests and demos.
 */
#include "client/cli/commands.h"
#include "client/cli/secret_file.h"
#include "lib/base/clk.h"
#include "lib/proto/token.h"

struct settings {
	const char *secret_file, *subject, *device;
	int64_t ttl_ms;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"token-secret-file", CLI_TEXT, "FILE",
		 "the shared secret, at least 32 bytes", &s->secret_file, 0, 0},
		{"subject", CLI_TEXT, "USER", "claim sub", &s->subject, 0, 0},
		{"device", CLI_TEXT, "ID", "claim device", &s->device, 0, 0},
		{"ttl", CLI_DURATION, "TIME", "valid for so long [1h]",
		 &s->ttl_ms, 0, 0},
	};

	s->subject = "test";
	s->ttl_ms = 3600000;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

static int sign(const struct settings *s, const struct secret_file *secret,
		struct buf *b)
{
	struct token_claims claims = {0};

	if (sv_copy(sv_str(s->subject), claims.subject,
		    sizeof(claims.subject)) != 0 ||
	    sv_copy(sv_str(s->device), claims.device, sizeof(claims.device)) !=
		    0) {
		cli_error("--subject and --device take at most 64 bytes");
		return CLI_USAGE;
	}
	claims.expires_wall_s = clk_wall_s() + s->ttl_ms / 1000;
	token_sign_hs256(b, secret_file_key(secret), &claims);
	buf_char(b, '\n');
	return CLI_OK;
}

static int run(const struct cli *cli UNUSED, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	struct secret_file secret;
	struct buf b;
	int rc;

	if (!s->secret_file) {
		cli_error("say which secret: --token-secret-file FILE (the one "
			  "the comet-agents use)");
		return CLI_USAGE;
	}
	rc = secret_file_read(&secret, s->secret_file);
	if (rc != CLI_OK)
		return rc;
	buf_init(&b, TOKEN_TEXT_MAX * 2);
	rc = sign(s, &secret, &b);
	if (rc == CLI_OK)
		rc = cli_write(&b);
	buf_fini(&b);
	secret_file_forget(&secret);
	return rc;
}

static const struct cli_command command = {
	.name = "token",
	.chapter = CLI_CLIENTS,
	.arguments = "",
	.summary = "sign a token for tests",
	.details = "Prints a JSON Web Token (HS256) for comets in auth mode "
		   "`token`.\n\n"
		   "  perictl token --token-secret-file var/demo/token.secret "
		   "--subject anna\n"
		   "  perictl connect --token \"$(perictl token "
		   "--token-secret-file FILE)\"",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_token_command(void)
{
	return &command;
}
