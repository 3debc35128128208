/*
 * test_complete.c - what a shell offers at the cursor.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "client/cli/complete.h"

#define WORDS_MAX 6

static const struct row {
	const char *rule;
	const char *words[WORDS_MAX];
	const char *want; /* words only, with spaces between */
} rows[] = {
	{"a command by its beginning", {"resol"}, "resolve"},
	{"an option of perictl itself", {"--v"}, "--version"},
	{"a command's own option", {"resolve", "--fai"}, "--failed"},
	{"an option that every command has", {"nodes", "--tim"}, "--timeout"},
	{"help for every command", {"nodes", "--h"}, "--help"},
	{"the choices of an option", {"resolve", "--family", ""}, "4 6 46"},
	{"the choices of a letter", {"nodes", "-o", ""}, "table json"},
	{"choices that begin so", {"resolve", "--family", "4"}, "4 46"},
	{"an option without choices offers nothing",
	 {"resolve", "--host", ""},
	 ""},
	{"the choices of an argument", {"config", ""}, "check show"},
	{"an option and its value are no arguments",
	 {"config", "--for", "agent", "c"},
	 "check"},
	{"nor is a flag", {"help", "--manual", "conf"}, "config"},
	{"the second argument", {"config", "check", "x"}, COMPLETE_FILES},
	{"behind the last argument nothing", {"config", "check", "x", ""}, ""},
	{"a file", {"nodes", "--token-file", ""}, COMPLETE_FILES},
	{"a name of the fleet", {"nodes", "--region", "R"}, "REGION-1"},
	{"a command of ours", {"help", "expl"}, "explain"},
	{"an unknown command offers nothing", {"nope", ""}, ""},
	{"no words at all", {NULL}, ""},
};

static void names(struct buf *b, const char *kind, void *arg)
{
	(void)arg;
	buf_printf(b, "%s-1\nother\n", kind);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *words[WORDS_MAX];
		struct buf b, found;
		unsigned count = 0;
		struct sv rest;

		for (; count < WORDS_MAX && rows[i].words[count]; count++)
			words[count] = (char *)(uintptr_t)rows[i].words[count];
		buf_init(&b, 65536);
		buf_init(&found, 65536);
		complete_words(&b, words, count, names, NULL);
		for (rest = buf_view(&b); rest.len > 0;) {
			struct sv line = sv_cut(&rest, '\n');

			if (found.len > 0)
				buf_char(&found, ' ');
			buf_sv(&found, sv_cut(&line, '\t'));
		}
		print_message("%s\n", rows[i].rule);
		assert_string_equal(buf_cstr(&found), rows[i].want);
		buf_fini(&found);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
