/*
 * table.c - cells are kept one after the other in one buffer; widths are
 * counted in UTF-8 characters. One thread.
 */
#include "client/cli/table.h"

#include <math.h>

#include "lib/base/mem.h"

#define TEXT_MAX  (16u << 20)
#define BAR_WIDTH 10
#define GAP	  2

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t widths[TABLE_COLUMNS_MAX];
	unsigned column_count, next;
	struct buf cells; /* each NUL-terminated */
};

static size_t width_of(struct sv text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

struct table *table_new(const struct table_column *columns, unsigned count)
{
	struct table *t = mem_alloc(sizeof(*t));

	t->column_count = count < TABLE_COLUMNS_MAX ? count : TABLE_COLUMNS_MAX;
	buf_init(&t->cells, TEXT_MAX);
	for (unsigned i = 0; i < t->column_count; i++) {
		t->columns[i] = columns[i];
		t->widths[i] = width_of(sv_str(columns[i].title));
	}
	return t;
}

void table_free(struct table **table)
{
	if (!*table)
		return;
	buf_fini(&(*table)->cells);
	mem_free(*table);
	*table = NULL;
}

/* At most TABLE_CELL_MAX characters, never half a character. */
static struct sv cut(struct sv text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (((unsigned char)text.ptr[i] & 0xc0) == 0x80)
			continue;
		if (++width > TABLE_CELL_MAX)
			return sv_of(text.ptr, i);
	}
	return text;
}

void table_text(struct table *t, struct sv text)
{
	size_t width;

	text = cut(text);
	width = width_of(text);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		buf_char(&t->cells, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
	buf_char(&t->cells, '\0');
	if (width > t->widths[t->next])
		t->widths[t->next] = width;
	t->next = (t->next + 1) % t->column_count;
}

void table_str(struct table *t, const char *text)
{
	table_text(t, sv_str(text));
}

void table_u64(struct table *t, uint64_t value)
{
	char digits[24];
	struct buf b;

	buf_init_fixed(&b, digits, sizeof(digits));
	buf_u64(&b, value);
	table_text(t, buf_view(&b));
}

void table_real(struct table *t, double value, unsigned decimals)
{
	char digits[64];
	struct buf b;

	if (isnan(value)) {
		table_str(t, "-");
		return;
	}
	buf_init_fixed(&b, digits, sizeof(digits));
	buf_fixed(&b, value, decimals);
	table_text(t, buf_view(&b));
}

void table_bar(struct table *t, double share)
{
	char text[128];
	double full = share > 1 ? 1 : share;
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	for (int i = 0; i < BAR_WIDTH; i++)
		buf_str(&b, i + 0.5 < full * BAR_WIDTH ? "█" : "·");
	buf_char(&b, ' ');
	buf_fixed(&b, share * 100, 0);
	buf_char(&b, '%');
	table_text(t, buf_view(&b));
}

static void put_spaces(struct buf *b, size_t count)
{
	while (count-- > 0)
		buf_char(b, ' ');
}

static void put_cell(struct buf *b, const struct table *t, unsigned column,
		     const char *text)
{
	size_t pad = t->widths[column] - width_of(sv_str(text));
	enum table_align align = t->columns[column].align;
	bool last = column + 1 == t->column_count;

	if (align == TABLE_RIGHT)
		put_spaces(b, pad);
	buf_str(b, text);
	if (align == TABLE_LEFT && !last)
		put_spaces(b, pad);
	if (last)
		buf_char(b, '\n');
	else
		put_spaces(b, GAP);
}

void table_put(struct buf *b, const struct table *t)
{
	const char *at = t->cells.data, *end = at + t->cells.len;

	for (unsigned i = 0; i < t->column_count; i++)
		put_cell(b, t, i, t->columns[i].title);
	for (unsigned i = 0; at < end; at += strlen(at) + 1) {
		put_cell(b, t, i, at);
		i = i + 1 < t->column_count ? i + 1 : 0;
	}
}
