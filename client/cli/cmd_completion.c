/*
 * cmd_completion.c - perictl completion: a few lines for each shell that ask
 * `perictl completion words` what fits, so that they never fall behind.
 */
#include "client/cli/commands.h"
#include "client/cli/complete.h"
#include "client/cli/pick.h"
#include "client/cli/state.h"

#define WORDS_MAX 1000
#define TEXT_MAX  (4u << 20)
#define NAMES_MS  500 /* somebody waits behind the Tab key */

/* A word with a description behind a tab; bash shows words only. */
static const char bash[] =
	"# perictl: load with  source <(perictl completion bash)\n"
	"_perictl() {\n"
	"\tlocal line\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [ \"$line\" = " COMPLETE_FILES " ]; then\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$2\")\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tCOMPREPLY+=(\"${line%%$'\\t'*}\")\n"
	"\tdone < <(\"$1\" completion words -- "
	"\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"}\n"
	"complete -F _perictl perictl\n";

static const char zsh[] =
	"#compdef perictl\n"
	"# perictl: load with  source <(perictl completion zsh)\n"
	"_perictl() {\n"
	"\tlocal line\n"
	"\tlocal -a lines found\n"
	"\tlines=(\"${(@f)$(\"${words[1]}\" completion words -- "
	"\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"\tif [[ $lines[1] == " COMPLETE_FILES " ]]; then\n"
	"\t\t_files\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor line in $lines; do\n"
	"\t\tfound+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\tdone\n"
	"\t_describe -V perictl found\n"
	"}\n"
	"if [[ $funcstack[1] == _perictl ]]; then\n"
	"\t_perictl \"$@\"\n"
	"else\n"
	"\tcompdef _perictl perictl\n"
	"fi\n";

static const char fish[] =
	"# perictl: load with  perictl completion fish | source\n"
	"function __perictl_words\n"
	"\tset -l before (commandline -opc)\n"
	"\tset -l typed (commandline -ct)\n"
	"\tset -l found ($before[1] completion words -- $before[2..-1] "
	"\"$typed\" 2>/dev/null)\n"
	"\tif test \"$found[1]\" = " COMPLETE_FILES "\n"
	"\t\t__fish_complete_path \"$typed\"\n"
	"\telse\n"
	"\t\tprintf '%s\\n' $found\n"
	"\tend\n"
	"end\n"
	"complete -c perictl -f -a '(__perictl_words)'\n";

/* For put_names(). */
struct names {
	const struct cli *cli;
	struct json *root; /* owned */
};

static void put_ids(struct buf *b, const struct json *list, const char *scope)
{
	for (size_t i = 0; i < json_array_len(list); i++) {
		buf_str(b, scope);
		buf_sv(b, pick_text(json_array_at(list, i), "id"));
		buf_char(b, '\n');
	}
}

/* The fleet's names; none when the registry is not to be had at once. */
static void put_names(struct buf *names, const char *kind, void *arg)
{
	struct names *n = arg;
	const struct json *root;
	bool both = sv_eq(sv_str(kind), SV("TARGET"));

	if (state_read(n->cli, &n->root) != CLI_OK)
		return;
	root = n->root;
	if (both || sv_eq(sv_str(kind), SV("NODE")))
		put_ids(names, json_member(root, "nodes"), both ? "node/" : "");
	if (both || sv_eq(sv_str(kind), SV("REGION")))
		put_ids(names, json_member(root, "regions"),
			both ? "region/" : "");
}

static int print_words(const struct cli *cli, char *const *words,
		       unsigned count)
{
	struct cli quick = *cli;
	struct names names = {.cli = &quick};
	struct buf b;

	quick.timeout_ms = NAMES_MS;
	buf_init(&b, TEXT_MAX);
	complete_words(&b, words, count, put_names, &names);
	json_free(&names.root);
	return cli_print(&b);
}

static int run(const struct cli *cli, const void *settings UNUSED,
	       char *const *arguments, unsigned argument_count)
{
	static const struct {
		const char *shell, *script;
	} rows[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
	struct sv shell = sv_str(arguments[0]);
	struct buf b;

	if (sv_eq(shell, SV("words")))
		return print_words(cli, arguments + 1, argument_count - 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!sv_eq(shell, sv_str(rows[i].shell)))
			continue;
		buf_init(&b, TEXT_MAX);
		buf_str(&b, rows[i].script);
		return cli_print(&b);
	}
	cli_error("there are completions for bash, zsh and fish, not for "
		  "\"%s\"",
		  arguments[0]);
	return CLI_USAGE;
}

static const struct cli_command command = {
	.name = "completion",
	.chapter = CLI_TOOLS,
	.arguments = "bash|zsh|fish",
	.summary = "completions for a shell",
	.details =
		"Prints a script; `make install` puts it where the shells look "
		"by themselves. It asks\nperictl what fits: commands, options, "
		"their values, and with the registry within\nreach the names "
		"of nodes and regions.\n\n"
		"  source <(perictl completion bash)\n"
		"  source <(perictl completion zsh)\n"
		"  perictl completion fish | source",
	.arguments_max = WORDS_MAX,
	.run = run,
};

const struct cli_command *cmd_completion_command(void)
{
	return &command;
}
