/*
 * problem.c - the one shape of an error answer (RFC 9457). Pure, any thread.
 */
#include "lib/proto/problem.h"

#include "lib/proto/jsonw.h"

static void put_type(struct jsonw *w, const char *type)
{
	char storage[128];
	struct buf b;

	buf_init_fixed(&b, storage, sizeof(storage));
	buf_str(&b, "urn:perihelion:");
	buf_str(&b, type);
	jsonw_text(w, "type", buf_view(&b));
}

static void put_errors(struct jsonw *w, const struct json_problem *p)
{
	jsonw_array(w, "errors");
	jsonw_object(w, NULL);
	jsonw_str(w, "path", p->path);
	jsonw_str(w, "rule", p->rule);
	if (p->line > 0) {
		jsonw_i64(w, "line", p->line);
		jsonw_i64(w, "column", p->column);
	}
	jsonw_object_end(w);
	jsonw_array_end(w);
}

void problem_put(struct buf *b, const struct problem *problem)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	put_type(&w, problem->type);
	jsonw_str(&w, "title", problem->title);
	jsonw_u64(&w, "status", problem->status);
	if (problem->detail)
		jsonw_str(&w, "detail", problem->detail);
	if (problem->errors && problem->errors->rc != 0)
		put_errors(&w, problem->errors);
	jsonw_object_end(&w);
}
