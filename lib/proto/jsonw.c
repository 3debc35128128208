/*
 * jsonw.c - commas, keys and nesting of JSON that we write. Pure; a writer
 * belongs to one thread. Nesting beyond JSONW_DEPTH_MAX is our own bug.
 */
#include "lib/proto/jsonw.h"

#include <assert.h>

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){.out = out};
}

/* What stands in front of every value: comma and key. */
static void lead(struct jsonw *w, const char *key)
{
	if (w->comma[w->depth])
		buf_char(w->out, ',');
	w->comma[w->depth] = true;
	if (!key)
		return;
	buf_json_str(w->out, sv_str(key));
	buf_char(w->out, ':');
}

static void open_value(struct jsonw *w, const char *key, char bracket)
{
	lead(w, key);
	assert(w->depth + 1 < JSONW_DEPTH_MAX);
	w->comma[++w->depth] = false;
	buf_char(w->out, bracket);
}

static void close_value(struct jsonw *w, char bracket)
{
	assert(w->depth > 0);
	w->depth--;
	buf_char(w->out, bracket);
}

void jsonw_object(struct jsonw *w, const char *key)
{
	open_value(w, key, '{');
}

void jsonw_object_end(struct jsonw *w)
{
	close_value(w, '}');
}

void jsonw_array(struct jsonw *w, const char *key)
{
	open_value(w, key, '[');
}

void jsonw_array_end(struct jsonw *w)
{
	close_value(w, ']');
}

void jsonw_text(struct jsonw *w, const char *key, struct sv value)
{
	lead(w, key);
	buf_json_str(w->out, value);
}

void jsonw_str(struct jsonw *w, const char *key, const char *value)
{
	jsonw_text(w, key, sv_str(value));
}

void jsonw_u64(struct jsonw *w, const char *key, uint64_t value)
{
	lead(w, key);
	buf_u64(w->out, value);
}

void jsonw_i64(struct jsonw *w, const char *key, int64_t value)
{
	lead(w, key);
	buf_i64(w->out, value);
}

void jsonw_real(struct jsonw *w, const char *key, double value)
{
	lead(w, key);
	buf_double(w->out, value);
}

void jsonw_fixed(struct jsonw *w, const char *key, double value,
		 unsigned decimals)
{
	lead(w, key);
	buf_fixed(w->out, value, decimals);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	lead(w, key);
	buf_str(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
	lead(w, key);
	buf_str(w->out, "null");
}
