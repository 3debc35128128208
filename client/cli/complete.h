/*
 * complete.h - what may stand at the cursor of a command line: the brain of
 * the completions of all shells, from the tables of commands and options.
 * Pure but for the callback.
 */
#ifndef PERI_CLIENT_CLI_COMPLETE_H
#define PERI_CLIENT_CLI_COMPLETE_H

#include "client/cli/cli.h"

/* The answer's only line when the shell should offer file names. */
#define COMPLETE_FILES ":files"

/* Appends names of the fleet, one a line. @kind: "NODE", "REGION", "TARGET"
 * (either, with its kind before a slash). */
typedef void complete_names_cb(struct buf *names, const char *kind, void *arg);

/*
 * complete_words - append candidates, "word<TAB>description\n" each.
 *
 * @words  behind the program's name; the last is the one at the cursor, as
 *	   far as it is typed, "" for none
 * @names  asked for the fleet's names; NULL offers none
 */
void complete_words(struct buf *b, char *const *words, unsigned count,
		    complete_names_cb *names, void *arg);

#endif
