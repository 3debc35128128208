/*
 * complete.c - see the header. A value is completed by its metavar: "a|b" are
 * choices, FILE and DIR are files, NODE, REGION, TARGET are asked for, COMMAND
 * is one of ours. One thread.
 */
#include "client/cli/complete.h"

#include "client/cli/cli_options.h"

#define NAMES_MAX (4u << 20)

struct completion {
	struct buf *b;
	struct sv typed; /* the word at the cursor */
	complete_names_cb *names;
	void *names_arg;
};

static void offer(const struct completion *c, struct sv word, const char *help)
{
	if (word.len == 0 || !sv_starts(word, c->typed))
		return;
	buf_sv(c->b, word);
	buf_char(c->b, '\t');
	buf_str(c->b, help);
	buf_char(c->b, '\n');
}

static void offer_commands(const struct completion *c)
{
	const struct cli_command *command;

	for (unsigned i = 0; (command = cli_command_at(i)) != NULL; i++)
		offer(c, sv_str(command->name), command->summary);
}

static void offer_names(const struct completion *c, const char *kind)
{
	struct buf names;
	struct sv rest;

	if (!c->names)
		return;
	buf_init(&names, NAMES_MAX);
	c->names(&names, kind, c->names_arg);
	rest = buf_view(&names);
	while (rest.len > 0)
		offer(c, sv_cut(&rest, '\n'), "");
	buf_fini(&names);
}

static void offer_values(const struct completion *c, struct sv metavar)
{
	static const char *const fleet[] = {"NODE", "REGION", "TARGET"};

	if (sv_eq(metavar, SV("FILE")) || sv_eq(metavar, SV("DIR")))
		buf_str(c->b, COMPLETE_FILES "\n");
	if (sv_eq(metavar, SV("COMMAND")))
		offer_commands(c);
	for (size_t i = 0; i < ARRAY_LEN(fleet); i++) {
		if (sv_eq(metavar, sv_str(fleet[i])))
			offer_names(c, fleet[i]);
	}
	if (metavar.len > 0 && memchr(metavar.ptr, '|', metavar.len)) {
		while (metavar.len > 0)
			offer(c, sv_cut(&metavar, '|'), "");
	}
}

static void offer_options(const struct completion *c,
			  const struct cli_options *o)
{
	char text[64];
	struct buf word;

	for (unsigned i = 0; i < o->count; i++) {
		buf_init_fixed(&word, text, sizeof(text));
		buf_str(&word, "--");
		buf_str(&word, o->list[i].name);
		offer(c, buf_view(&word), o->list[i].help);
	}
	offer(c, SV("--help"), "what it does, with examples");
}

/* The option that @word is and that takes a value, or NULL. */
static const struct cli_option *valued_option(const struct cli_options *o,
					      struct sv word)
{
	if (sv_eq(word, SV("-o")))
		word = SV("--output");
	else if (sv_eq(word, SV("-n")))
		word = SV("--n");
	if (!sv_starts(word, SV("--")))
		return NULL;
	word = sv_of(word.ptr + 2, word.len - 2);
	for (unsigned i = 0; i < o->count; i++) {
		if (o->list[i].metavar && sv_eq(word, sv_str(o->list[i].name)))
			return &o->list[i];
	}
	return NULL;
}

/* "NODE [WEIGHT]" -> its word number @index without brackets, "" behind. */
static struct sv argument_at(const struct cli_command *command, unsigned index)
{
	struct sv rest = sv_str(command->arguments), word;

	do {
		word = sv_cut(&rest, ' ');
	} while (word.len > 0 && index-- > 0);
	if (word.len > 2 && word.ptr[0] == '[')
		word = sv_of(word.ptr + 1, word.len - 2);
	return word;
}

static void offer_for_command(const struct completion *c,
			      const struct cli_options *o, char *const *words,
			      unsigned count)
{
	const struct cli_option *option = NULL;
	unsigned arguments = 0;

	for (unsigned i = 1; i + 1 < count; i++) {
		struct sv word = sv_str(words[i]);

		if (option) /* this word is its value */
			option = NULL;
		else if (word.len > 0 && word.ptr[0] == '-')
			option = valued_option(o, word);
		else
			arguments++;
	}
	if (option)
		offer_values(c, sv_str(option->metavar));
	else if (c->typed.len > 0 && c->typed.ptr[0] == '-')
		offer_options(c, o);
	else
		offer_values(c, argument_at(o->command, arguments));
}

void complete_words(struct buf *b, char *const *words, unsigned count,
		    complete_names_cb *names, void *arg)
{
	struct completion c = {.b = b, .names = names, .names_arg = arg};
	const struct cli_command *command;
	struct cli_options options;
	struct cli unused;

	if (count == 0)
		return;
	c.typed = sv_str(words[count - 1]);
	if (count == 1) {
		offer_commands(&c);
		if (c.typed.len > 0 && c.typed.ptr[0] == '-') {
			offer(&c, SV("--help"), "all commands");
			offer(&c, SV("--version"), "which perictl this is");
		}
		return;
	}
	command = cli_command_find(sv_str(words[0]));
	if (!command)
		return;
	cli_options_init(&options, &unused, command);
	offer_for_command(&c, &options, words, count);
	cli_options_fini(&options);
}
