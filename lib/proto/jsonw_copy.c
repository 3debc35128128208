/*
 * jsonw_copy.c - see the header. Recursion is bounded by JSONW_COPY_DEPTH.
 */
#include "lib/proto/jsonw_copy.h"

struct copy {
	struct jsonw *w;
	unsigned depth;
};

static void copy_value(const struct copy *c, const char *key,
		       const struct json *v);

static int copy_member(const char *name, const struct json *v, void *arg)
{
	copy_value(arg, name, v);
	return 0;
}

static void copy_scalar(struct jsonw *w, const char *key, const struct json *v)
{
	struct sv text;
	int64_t whole;
	double real;
	bool truth;

	if (json_get_text(v, &text) == 0)
		jsonw_text(w, key, text);
	else if (json_get_i64(v, &whole) == 0)
		jsonw_i64(w, key, whole);
	else if (json_get_real(v, &real) == 0)
		jsonw_real(w, key, real);
	else if (json_get_bool(v, &truth) == 0)
		jsonw_bool(w, key, truth);
	else
		jsonw_null(w, key);
}

static void copy_value(const struct copy *c, const char *key,
		       const struct json *v)
{
	struct copy below = {c->w, c->depth + 1};

	if (c->depth >= JSONW_COPY_DEPTH || !v) {
		jsonw_null(c->w, key);
	} else if (json_is_object(v)) {
		jsonw_object(c->w, key);
		(void)json_each(v, copy_member, &below);
		jsonw_object_end(c->w);
	} else if (json_is_array(v)) {
		jsonw_array(c->w, key);
		for (size_t i = 0; i < json_array_len(v); i++)
			copy_value(&below, NULL, json_array_at(v, i));
		jsonw_array_end(c->w);
	} else {
		copy_scalar(c->w, key, v);
	}
}

void jsonw_copy(struct jsonw *w, const char *key, const struct json *v)
{
	const struct copy c = {w, w->depth};

	copy_value(&c, key, v);
}
