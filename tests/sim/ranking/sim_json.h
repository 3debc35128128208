/*
 * sim_json.h - the simulator's files: read whole, comments allowed, strict.
 */
#ifndef PERI_TESTS_SIM_RANKING_SIM_JSON_H
#define PERI_TESTS_SIM_RANKING_SIM_JSON_H

#include "lib/proto/json.h"

/*
 * sim_json_load - decode the object in file @path by @table into @out.
 *
 * Returns 0, or a negative error after one line about it on stderr that names
 * the file, the place in it (line and column, or the JSON path) and the rule.
 */
MUST_CHECK int sim_json_load(const char *path, const struct json_table *table,
			     void *out);

/*
 * sim_json_list - decode each element of @list, an array of objects, by
 * @table into the @max places of @elem_bytes at @out. What a place held before
 * is its default. Returns 0 with the count, or p->rc with the element's path.
 */
MUST_CHECK int sim_json_list(const struct json *list,
			     const struct json_table *table, void *out,
			     size_t elem_bytes, unsigned max, unsigned *count_r,
			     struct json_problem *p);

/* sim_json_at - put "/@index" in front of the path of a refusal; returns
 * p->rc. */
int sim_json_at(struct json_problem *p, size_t index);

#endif
