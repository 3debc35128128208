/*
 * json.c - the only user of jansson: parses, walks and decodes by table.
 * Pure, any thread. A `struct json` is jansson's json_t under another name;
 * the root owns everything below it.
 *
 * A path is built backwards: the level that finds the fault writes its own
 * part, each level above puts its member's name in front.
 */
#include "lib/proto/json.h"

/* jansson's enum has a JSON_REAL too; and three of its macros are named like
 * our functions. Its json_is_real()/json_is_number() are unusable from here. */
#define JSON_REAL JANSSON_REAL
#include <jansson.h>
#undef JSON_REAL
#undef json_is_object
#undef json_is_array
#undef json_is_null

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

static const json_t *json_value(const struct json *v)
{
	return (const json_t *)(const void *)v;
}

static const struct json *json_wrap(const json_t *v)
{
	return (const struct json *)(const void *)v;
}

static bool is_number(const json_t *v)
{
	return json_is_integer(v) || (v && json_typeof(v) == JANSSON_REAL);
}

/* Copy what fits: a path or rule that is cut is still useful. */
static void text_cut(char *dst, size_t dst_bytes, struct sv v)
{
	size_t len = v.len < dst_bytes - 1 ? v.len : dst_bytes - 1;

	if (len && v.ptr)
		memmove(dst, v.ptr, len);
	dst[len] = '\0';
}

int json_problem_set(struct json_problem *p, int rc, const char *path,
		     const char *fmt, ...)
{
	char storage[4 * JSON_RULE_MAX];
	struct buf b;
	va_list args;

	p->rc = rc;
	p->line = p->column = 0;
	text_cut(p->path, sizeof(p->path), sv_str(path));
	buf_init_fixed(&b, storage, sizeof(storage));
	va_start(args, fmt);
	buf_vprintf(&b, fmt, args);
	va_end(args);
	text_cut(p->rule, sizeof(p->rule), buf_view(&b));
	return rc;
}

/* "/name" in front of p->path, escaped as RFC 6901 wants. */
static void path_prepend(struct json_problem *p, const char *name)
{
	char storage[3 * JSON_PATH_MAX];
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	buf_char(&b, '/');
	for (size_t i = 0; i < JSON_PATH_MAX && name[i]; i++) {
		if (name[i] == '~')
			buf_str(&b, "~0");
		else if (name[i] == '/')
			buf_str(&b, "~1");
		else
			buf_char(&b, name[i]);
	}
	buf_sv(&b, sv_str(p->path));
	text_cut(p->path, sizeof(p->path), buf_view(&b));
}

int json_parse(struct sv text, struct json **root_r, struct json_problem *p)
{
	json_error_t error;
	json_t *root =
		json_loadb(text.ptr ? text.ptr : "", text.len,
			   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!root) {
		json_problem_set(p, ERR_SYNTAX, "", "%s", error.text);
		p->line = error.line;
		p->column = error.column;
		return ERR_SYNTAX;
	}
	*root_r = (struct json *)(void *)root;
	return 0;
}

void json_free(struct json **root)
{
	if (!*root)
		return;
	json_decref((json_t *)(void *)*root);
	*root = NULL;
}

static bool has_limits(const struct json_field *f)
{
	return f->min != 0 || f->max != 0;
}

static int decode_text(const json_t *v, const struct json_field *f, char *dst,
		       struct json_problem *p)
{
	size_t min = (size_t)f->min;
	size_t max = has_limits(f) ? (size_t)f->max : f->size - 1;
	size_t len;

	if (!json_is_string(v))
		return json_problem_set(p, ERR_TYPE, "", "must be a text");
	len = json_string_length(v);
	if (max > f->size - 1)
		max = f->size - 1;
	if (len > max)
		return json_problem_set(p, ERR_TOOBIG, "",
					"must be at most %zu bytes long", max);
	if (len < min)
		return json_problem_set(p, ERR_RANGE, "",
					"must be at least %zu bytes long", min);
	memcpy(dst, json_string_value(v), len);
	dst[len] = '\0';
	return 0;
}

/* The whole range of an integer kind when the table gives none. */
static void integer_limits(const struct json_field *f, json_int_t *min_r,
			   json_int_t *max_r)
{
	if (has_limits(f)) {
		*min_r = (json_int_t)f->min;
		*max_r = f->max >= (double)INT64_MAX ? INT64_MAX
						     : (json_int_t)f->max;
		return;
	}
	*min_r = f->kind == JSON_I64 ? INT64_MIN : 0;
	*max_r = f->kind == JSON_U16   ? UINT16_MAX
		 : f->kind == JSON_U32 ? UINT32_MAX
				       : INT64_MAX;
}

static int decode_integer(const json_t *v, const struct json_field *f,
			  void *dst, struct json_problem *p)
{
	json_int_t value, min, max;

	if (!json_is_integer(v))
		return json_problem_set(p, ERR_TYPE, "", "must be an integer");
	value = json_integer_value(v);
	integer_limits(f, &min, &max);
	if (value < min || value > max)
		return json_problem_set(p, ERR_RANGE, "", "must be %lld..%lld",
					(long long)min, (long long)max);
	switch (f->kind) {
	case JSON_U16:
		*(uint16_t *)dst = (uint16_t)value;
		break;
	case JSON_U32:
		*(uint32_t *)dst = (uint32_t)value;
		break;
	case JSON_U64:
		*(uint64_t *)dst = (uint64_t)value;
		break;
	default:
		*(int64_t *)dst = value;
		break;
	}
	return 0;
}

static int decode_real(const json_t *v, const struct json_field *f, double *dst,
		       struct json_problem *p)
{
	double value;

	if (!is_number(v))
		return json_problem_set(p, ERR_TYPE, "", "must be a number");
	value = json_number_value(v);
	if (!isfinite(value))
		return json_problem_set(p, ERR_RANGE, "", "must be finite");
	if (has_limits(f) && (value < f->min || value > f->max))
		return json_problem_set(p, ERR_RANGE, "", "must be %g..%g",
					f->min, f->max);
	*dst = value;
	return 0;
}

static int decode_member(const json_t *v, const struct json_field *f, void *dst,
			 struct json_problem *p)
{
	switch (f->kind) {
	case JSON_TEXT:
		return decode_text(v, f, dst, p);
	case JSON_U16:
	case JSON_U32:
	case JSON_U64:
	case JSON_I64:
		return decode_integer(v, f, dst, p);
	case JSON_REAL:
		return decode_real(v, f, dst, p);
	case JSON_BOOL:
		if (!json_is_boolean(v))
			return json_problem_set(p, ERR_TYPE, "",
						"must be true or false");
		*(bool *)dst = json_is_true(v);
		return 0;
	case JSON_NESTED:
		return json_decode(json_wrap(v), f->table, dst, p);
	case JSON_CUSTOM:
		return f->decode(json_wrap(v), dst, p);
	case JSON_IGNORE:
		return 0;
	}
	return json_problem_set(p, ERR_UNSUPPORTED, "", "is not supported");
}

static bool table_has(const struct json_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static int refuse_unknown(const json_t *object, const struct json_table *table,
			  struct json_problem *p)
{
	const char *name;
	json_t *value;

	if (table->allow_unknown)
		return 0;
	/* jansson's iterator wants a mutable object but does not change it. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (table_has(table, name))
			continue;
		json_problem_set(p, ERR_UNKNOWN_FIELD, "",
				 "is not a known field");
		path_prepend(p, name);
		return p->rc;
	}
	return 0;
}

static int decode_field(const json_t *object, const struct json_field *f,
			void *out, struct json_problem *p)
{
	const json_t *v = json_object_get(object, f->name);

	if (!v && f->required) {
		json_problem_set(p, ERR_MISSING_FIELD, "", "is required");
	} else if (!v || (json_is_null(json_wrap(v)) && !f->required)) {
		return 0;
	} else if (decode_member(v, f, (char *)out + f->offset, p) == 0) {
		return 0;
	}
	path_prepend(p, f->name);
	return p->rc;
}

int json_decode(const struct json *object, const struct json_table *table,
		void *out, struct json_problem *p)
{
	const json_t *v = json_value(object);
	int rc;

	if (!json_is_object(object))
		return json_problem_set(p, ERR_TYPE, "", "must be an object");
	rc = refuse_unknown(v, table, p);
	for (size_t i = 0; rc == 0 && i < table->count; i++)
		rc = decode_field(v, &table->fields[i], out, p);
	return rc;
}

int json_decode_text(struct sv text, const struct json_table *table, void *out,
		     struct json_problem *p)
{
	struct json *root;
	int rc = json_parse(text, &root, p);

	if (rc != 0)
		return rc;
	rc = json_decode(root, table, out, p);
	json_free(&root);
	return rc;
}

bool json_is_object(const struct json *v)
{
	return v && json_typeof(json_value(v)) == JSON_OBJECT;
}

bool json_is_array(const struct json *v)
{
	return v && json_typeof(json_value(v)) == JSON_ARRAY;
}

bool json_is_null(const struct json *v)
{
	return v && json_typeof(json_value(v)) == JSON_NULL;
}

size_t json_array_len(const struct json *v)
{
	return json_array_size(json_value(v));
}

const struct json *json_array_at(const struct json *v, size_t i)
{
	return json_wrap(json_array_get(json_value(v), i));
}

const struct json *json_member(const struct json *object, const char *name)
{
	return json_wrap(json_object_get(json_value(object), name));
}

int json_each(const struct json *object, json_visit_cb *visit, void *arg)
{
	const char *name;
	json_t *value;
	int rc;

	if (!json_is_object(object))
		return 0;
	json_object_foreach((json_t *)(uintptr_t)json_value(object), name,
			    value)
	{
		rc = visit(name, json_wrap(value), arg);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int json_get_text(const struct json *v, struct sv *text_r)
{
	const json_t *value = json_value(v);

	if (!json_is_string(value))
		return ERR_TYPE;
	*text_r = sv_of(json_string_value(value), json_string_length(value));
	return 0;
}

int json_get_i64(const struct json *v, int64_t *value_r)
{
	const json_t *value = json_value(v);

	if (!json_is_integer(value))
		return ERR_TYPE;
	*value_r = json_integer_value(value);
	return 0;
}

int json_get_real(const struct json *v, double *value_r)
{
	const json_t *value = json_value(v);

	if (!is_number(value))
		return ERR_TYPE;
	*value_r = json_number_value(value);
	return isfinite(*value_r) ? 0 : ERR_RANGE;
}

int json_get_bool(const struct json *v, bool *value_r)
{
	const json_t *value = json_value(v);

	if (!json_is_boolean(value))
		return ERR_TYPE;
	*value_r = json_is_true(value);
	return 0;
}

static void blank(char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from != '\n')
			*from = ' ';
	}
}

/* Past the closing quote of the string that begins at @at. */
static char *skip_string(char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at < end ? at + 1 : at;
}

/* Past the comment that begins at @at, or NULL when it never ends. */
static char *skip_comment(char *at, char *end)
{
	size_t left = (size_t)(end - at);
	char *stop;

	if (at[1] == '/') {
		stop = memchr(at, '\n', left);
		return stop ? stop : end;
	}
	stop = memmem(at + 2, left - 2, "*/", 2);
	return stop ? stop + 2 : NULL;
}

int json_blank_comments(char *text, size_t len)
{
	char *end = len ? text + len : text; /* an empty text may be NULL */
	char *after;

	for (char *at = text; at < end;) {
		if (*at == '"') {
			at = skip_string(at, end);
		} else if (*at == '/' && at + 1 < end &&
			   (at[1] == '/' || at[1] == '*')) {
			after = skip_comment(at, end);
			if (!after)
				return ERR_SYNTAX;
			blank(at, after);
			at = after;
		} else {
			at++;
		}
	}
	return 0;
}
