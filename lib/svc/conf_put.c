/*
 * conf_put.c - options and settings for people: --help, the settings in force,
 * docs/CONFIG.md. Secrets are never written. Any thread.
 */
#include "lib/svc/conf.h"

#include <string.h>

#include "lib/base/mdoc.h"
#include "lib/proto/jsonw.h"
#include "lib/svc/conf_name.h"
#include "lib/svc/conf_value.h"

#define PUT_HELP_COLUMNS 78
#define PUT_HELP_INDENT	 8
#define MEANING_MAX	 4096

static void put_json_list(struct jsonw *w, const char *key,
			  const struct conf_list *list)
{
	jsonw_array(w, key);
	for (unsigned i = 0; i < list->count; i++)
		jsonw_str(w, NULL, list->items[i]);
	jsonw_array_end(w);
}

static void put_json_option(struct jsonw *w, const struct conf_option *o,
			    const void *settings)
{
	const void *member = (const char *)settings + o->offset;
	char storage[64]; /* an address with its port, or a duration */
	struct buf text;

	buf_init_fixed(&text, storage, sizeof(storage));
	switch (o->kind) {
	case CONF_U32:
		jsonw_u64(w, o->name, *(const uint32_t *)member);
		break;
	case CONF_REAL:
		jsonw_real(w, o->name, *(const double *)member);
		break;
	case CONF_BOOL:
		jsonw_bool(w, o->name, *(const bool *)member);
		break;
	case CONF_LIST:
		put_json_list(w, o->name, member);
		break;
	case CONF_TEXT:
		jsonw_str(w, o->name, member);
		break;
	case CONF_SECRET:
		jsonw_str(w, o->name, *(const char *)member ? "***" : "");
		break;
	case CONF_DURATION:
		conf_value_put_duration(&text, *(const int64_t *)member);
		jsonw_text(w, o->name, buf_view(&text));
		break;
	case CONF_LISTEN:
		conf_value_put_listen(&text, member);
		jsonw_text(w, o->name, buf_view(&text));
		break;
	}
}

void conf_put_json(struct buf *b, const struct conf_table *table,
		   const void *settings)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	for (size_t i = 0; i < table->count; i++)
		put_json_option(&w, &table->options[i], settings);
	jsonw_object_end(&w);
}

/* @text in lines of PUT_HELP_COLUMNS, broken at spaces, indented. */
static void put_wrapped(struct buf *b, struct sv text)
{
	size_t column = 0;

	while (text.len) {
		struct sv word = sv_cut(&text, ' ');

		if (column && column + 1 + word.len > PUT_HELP_COLUMNS) {
			buf_char(b, '\n');
			column = 0;
		}
		if (column) {
			buf_char(b, ' ');
			column++;
		} else {
			buf_printf(b, "%*s", PUT_HELP_INDENT, "");
			column = PUT_HELP_INDENT;
		}
		buf_sv(b, word);
		column += word.len;
	}
	buf_char(b, '\n');
}

static const char *put_default(const struct conf_option *o)
{
	if (!o->default_text || o->kind == CONF_SECRET)
		return "";
	return o->default_text;
}

/* @help without its full stop: more follows. */
static struct sv put_unfinished(const char *help)
{
	struct sv text = sv_str(help ? help : "");

	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	return text;
}

static void put_help_option(struct buf *b, const struct conf_option *o)
{
	struct buf text;

	buf_str(b, "  ");
	conf_name_put_flag(b, o);
	if (o->metavar)
		buf_printf(b, "=%s", o->metavar);
	buf_char(b, '\n');
	buf_init(&text, MEANING_MAX);
	buf_sv(&text, put_unfinished(o->help));
	if (o->min != 0 || o->max != 0) {
		buf_str(&text, "; ");
		conf_value_put_range(&text, o);
	}
	if (put_default(o)[0])
		buf_printf(&text, " (default %s)", put_default(o));
	put_wrapped(b, buf_view(&text));
	buf_fini(&text);
}

void conf_put_help(struct buf *b, const struct conf_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		put_help_option(b, &table->options[i]);
}

static void put_mdoc_option(struct buf *b, const struct conf_option *o)
{
	struct buf text;

	buf_init(&text, MEANING_MAX);
	buf_str(&text, o->help ? o->help : "");
	if (text.len > 0 && text.data[text.len - 1] != '.')
		buf_char(&text, '.');
	buf_str(&text,
		o->reloadable ? " Changes by SIGHUP" : " Changes by a restart");
	if (put_default(o)[0])
		buf_printf(&text, ", default %s", put_default(o));
	if (o->min != 0 || o->max != 0) {
		buf_str(&text, ", within ");
		conf_value_put_range(&text, o);
	}
	buf_char(&text, '.');
	mdoc_term(b, o->name, o->metavar);
	mdoc_text(b, buf_cstr(&text));
	buf_fini(&text);
}

void conf_put_mdoc(struct buf *b, const struct conf_table *table)
{
	mdoc_list(b);
	for (size_t i = 0; i < table->count; i++)
		put_mdoc_option(b, &table->options[i]);
	mdoc_list_end(b);
}

/* Text of a table's cell: a bar would end it. */
static void put_cell(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_char(b, '\\');
		buf_char(b, *text);
	}
}

static void put_markdown_option(struct buf *b, const struct conf_option *o)
{
	buf_printf(b, "| `%s` | ", o->name);
	if (put_default(o)[0]) {
		buf_char(b, '`');
		put_cell(b, put_default(o));
		buf_str(b, "` ");
	}
	buf_str(b, "| ");
	put_cell(b, o->metavar ? o->metavar : "");
	if (o->min != 0 || o->max != 0) {
		buf_str(b, ", ");
		conf_value_put_range(b, o);
	}
	buf_printf(b, " | %s | ", o->reloadable ? "SIGHUP" : "restart");
	put_cell(b, o->help ? o->help : "");
	buf_str(b, " |\n");
}

void conf_put_markdown(struct buf *b, const struct conf_table *table)
{
	buf_str(b, "| Option | Default | Value | Changes by | Meaning |\n"
		   "|---|---|---|---|---|\n");
	for (size_t i = 0; i < table->count; i++)
		put_markdown_option(b, &table->options[i]);
}
