/*
 * mdoc.h - manual pages (mdoc(7)) out of the tables that also make --help:
 * texts are escaped, wrapped and broken after each sentence, as mandoc's lint
 * wants them. Pure, any thread.
 */
#ifndef PERI_LIB_BASE_MDOC_H
#define PERI_LIB_BASE_MDOC_H

#include "lib/base/buf.h"

/* mdoc_head - date, title and NAME; @summary is one line without an end. */
void mdoc_head(struct buf *b, const char *name, unsigned section,
	       const char *summary);

/* mdoc_section, mdoc_subsection - a heading. */
void mdoc_section(struct buf *b, const char *title);
void mdoc_subsection(struct buf *b, const char *title);

/* mdoc_text - one paragraph; line breaks of @text are spaces. */
void mdoc_text(struct buf *b, const char *text);

/* mdoc_body - paragraphs between empty lines; runs of lines that begin with
 * two spaces are shown as they are. */
void mdoc_body(struct buf *b, const char *text);

/* mdoc_list, mdoc_list_end - a list of terms with a text for each. */
void mdoc_list(struct buf *b);
void mdoc_list_end(struct buf *b);

/*
 * mdoc_option - an item "--name value".
 *
 * @value  NULL = takes none
 */
void mdoc_option(struct buf *b, const char *name, const char *value);

/* mdoc_term - an item that is a name, path or number; @value as above. */
void mdoc_term(struct buf *b, const char *term, const char *value);

/* mdoc_see_also - SEE ALSO: every page of the family but @name's own. */
void mdoc_see_also(struct buf *b, const char *name);

#endif
