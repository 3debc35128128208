/*
 * cmd_login.c - perictl login: a URL that logs a browser in, once.
 */
#include "client/cli/ask.h"
#include "client/cli/commands.h"
#include "client/cli/pick.h"
#include "lib/proto/jsonw.h"

#define BODY_BYTES 256

struct settings {
	const char *role;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;

	s->role = "operator";
	options_r[0] = (struct cli_option){
		.name = "role",
		.kind = CLI_TEXT,
		.metavar = "viewer|operator|admin",
		.help = "what the browser may do",
		.target = &s->role,
	};
	return 1;
}

static void put_url(struct buf *b, const struct json *root,
		    const void *arg UNUSED)
{
	buf_sv(b, pick_text(root, "url"));
	buf_char(b, '\n');
	cli_error("usable once, within %llu minutes",
		  (unsigned long long)pick_u64(root, "expires_s") / 60);
}

static int run(const struct cli *cli, const void *settings,
	       char *const *arguments UNUSED, unsigned argument_count UNUSED)
{
	const struct settings *s = settings;
	struct ask ask = ask_registry_admin(cli, SV("/v1/login-codes"));
	char storage[BODY_BYTES];
	struct jsonw w;
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "role", s->role);
	jsonw_object_end(&w);
	ask.method = SV("POST");
	ask.body = buf_view(&b);
	return ask_show(&ask, put_url, NULL);
}

static const struct cli_command command = {
	.name = "login",
	.chapter = CLI_OPERATORS,
	.arguments = "",
	.summary = "a URL that logs a browser in, once",
	.details =
		"Needs a token with the role admin. The code stands behind #, "
		"which browsers keep to\nthemselves.\n\n"
		"  perictl login\n"
		"  perictl login --role viewer -o json",
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_login_command(void)
{
	return &command;
}
