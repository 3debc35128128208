/*
 * json.h - JSON from outside into plain structs, by table: types, limits and
 * unknown fields are checked in one place and every refusal names the JSON
 * path and the rule. The only user of jansson. Writing is jsonw.h's business.
 */
#ifndef PERI_LIB_PROTO_JSON_H
#define PERI_LIB_PROTO_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sv.h"

struct json; /* one parsed value, opaque */

#define JSON_PATH_MAX 128
#define JSON_RULE_MAX 192

/* Why a text or value was refused. */
struct json_problem {
	int rc;			  /* an enum err value, 0 = no problem */
	char path[JSON_PATH_MAX]; /* JSON pointer: "/ports/tcp", "" = root */
	char rule[JSON_RULE_MAX]; /* "must be 1..65535" */
	int line, column;	  /* 1-based, of a syntax error; else 0 */
};

/* json_problem_set - fill @p and return @rc, for custom rules. @path may be ""
 * and is then filled with the member's path by json_decode(). */
int json_problem_set(struct json_problem *p, int rc, const char *path,
		     const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * json_parse - one JSON value; duplicate keys are refused.
 *
 * @text  UTF-8; the caller has capped its length
 * @p	  out: the reason of a refusal with line and column
 *
 * Returns 0 and *@root_r, owned by the caller (json_free()), or ERR_SYNTAX.
 */
MUST_CHECK int json_parse(struct sv text, struct json **root_r,
			  struct json_problem *p);
void json_free(struct json **root);

enum json_kind {
	JSON_TEXT,   /* char member[size]; must fit, no NUL inside */
	JSON_U16,    /* uint16_t within [min, max] */
	JSON_U32,    /* uint32_t */
	JSON_U64,    /* uint64_t, at most 2^63 - 1 */
	JSON_I64,    /* int64_t */
	JSON_REAL,   /* double, finite, integer allowed, within [min, max] */
	JSON_BOOL,   /* bool */
	JSON_NESTED, /* a struct, by its own table */
	JSON_CUSTOM, /* decode() does it */
	JSON_IGNORE, /* known, allowed, not stored */
};

typedef int json_decode_cb(const struct json *value, void *member,
			   struct json_problem *p);

struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset; /* of the member in the struct */
	size_t size;   /* sizeof the member */
	bool required;
	double min, max; /* numbers; both 0: the whole type. text: length */
	const struct json_table *table; /* JSON_NESTED */
	json_decode_cb *decode;		/* JSON_CUSTOM */
};

struct json_table {
	const struct json_field *fields;
	size_t count;
	bool allow_unknown; /* else an unknown field is refused by its name */
};

/*
 * json_decode - an object into a struct by its table.
 *
 * Members of absent optional fields are left as they are: set defaults first.
 * JSON null counts as absent for optional fields.
 *
 * Returns 0 or p->rc: ERR_TYPE, ERR_RANGE, ERR_TOOBIG, ERR_UNKNOWN_FIELD,
 * ERR_MISSING_FIELD, or what a custom decoder said.
 */
MUST_CHECK int json_decode(const struct json *object,
			   const struct json_table *table, void *out,
			   struct json_problem *p);

/* json_decode_text - json_parse() and json_decode() in one. */
MUST_CHECK int json_decode_text(struct sv text, const struct json_table *table,
				void *out, struct json_problem *p);

/* For custom decoders. Views and values are borrowed from the root. */
bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v);
size_t json_array_len(const struct json *v); /* 0 for no array */
const struct json *json_array_at(const struct json *v, size_t i); /* or NULL */
/* json_member - by name, or NULL. */
const struct json *json_member(const struct json *object, const char *name);
/* json_each - visit members in order of insertion until @visit returns != 0,
 * which is returned. */
typedef int json_visit_cb(const char *name, const struct json *v, void *arg);
int json_each(const struct json *object, json_visit_cb *visit, void *arg);
MUST_CHECK int json_get_text(const struct json *v, struct sv *text_r);
MUST_CHECK int json_get_i64(const struct json *v, int64_t *value_r);
MUST_CHECK int json_get_real(const struct json *v, double *value_r);
MUST_CHECK int json_get_bool(const struct json *v, bool *value_r);

/*
 * json_blank_comments - turn comments (// and slash-star) outside of strings
 * into spaces, in place, so that line and column stay true.
 *
 * Returns 0, or ERR_SYNTAX for a comment that never ends.
 */
MUST_CHECK int json_blank_comments(char *text, size_t len);

#endif
