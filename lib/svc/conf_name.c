/*
 * conf_name.c - names of options: look-up, and a guess at what was meant.
 * Pure, any thread.
 */
#include "lib/svc/conf_name.h"

/* Longer names are nobody's typing mistake. */
#define NAME_CHARS_MAX 64
/* How much of an unknown name is shown. */
#define NAME_SHOWN_MAX 80

static char name_fold(char c)
{
	return c == '-' ? '_' : c;
}

static bool name_eq(const char *name, struct sv text)
{
	size_t i = 0;

	for (; i < text.len && name[i]; i++)
		if (name[i] != name_fold(text.ptr[i]))
			return false;
	return i == text.len && name[i] == '\0';
}

const struct conf_option *conf_name_find(const struct conf_table *table,
					 struct sv name)
{
	for (size_t i = 0; i < table->count; i++)
		if (name_eq(table->options[i].name, name))
			return &table->options[i];
	return NULL;
}

static unsigned name_min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Edits (insert, delete, replace, swap neighbours) from @a to @b: the optimal
 * string alignment distance, three rows of its matrix at a time.
 */
static unsigned name_distance(struct sv a, struct sv b)
{
	unsigned rows[3][NAME_CHARS_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (unsigned j = 0; j <= b.len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			char ca = name_fold(a.ptr[i - 1]), cb = b.ptr[j - 1];

			row[j] = name_min(last[j - 1] + (ca != cb),
					  name_min(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && ca == b.ptr[j - 2] &&
			    name_fold(a.ptr[i - 2]) == cb)
				row[j] = name_min(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b.len];
}

/* The option that is so near that it was probably meant, or NULL. */
static const struct conf_option *name_nearest(const struct conf_table *table,
					      struct sv name)
{
	const struct conf_option *nearest = NULL;
	unsigned best = name.len < 4 ? 2 : name.len < 9 ? 3 : 4;

	if (name.len == 0 || name.len > NAME_CHARS_MAX)
		return NULL;
	for (size_t i = 0; i < table->count; i++) {
		struct sv known = sv_str(table->options[i].name);
		unsigned distance;

		if (known.len > NAME_CHARS_MAX)
			continue;
		distance = name_distance(name, known);
		if (distance < best) {
			best = distance;
			nearest = &table->options[i];
		}
	}
	return nearest;
}

void conf_name_put_unknown(struct buf *b, const struct conf_table *table,
			   const char *what, struct sv name)
{
	const struct conf_option *nearest = name_nearest(table, name);

	buf_printf(b, "unknown %s ", what);
	if (name.len > NAME_SHOWN_MAX)
		name.len = NAME_SHOWN_MAX;
	buf_json_str(b, name);
	if (nearest)
		buf_printf(b, "; did you mean \"%s\"?", nearest->name);
}

void conf_name_put_env(struct buf *b, const struct conf_option *option)
{
	buf_str(b, "PERI_");
	for (const char *c = option->name; *c; c++)
		buf_char(b, *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
}

void conf_name_put_flag(struct buf *b, const struct conf_option *option)
{
	buf_str(b, "--");
	for (const char *c = option->name; *c; c++)
		buf_char(b, *c == '_' ? '-' : *c);
}
