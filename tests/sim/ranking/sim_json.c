/*
 * sim_json.c - see the header.
 */
#include "tests/sim/ranking/sim_json.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define FILE_BYTES_MAX (16 << 20)

static int read_whole(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	char chunk[65536];
	size_t got;
	int rc = 0;

	if (!file)
		return -errno;
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_put(text, chunk, got);
	if (ferror(file))
		rc = -EIO;
	else if (text->failed)
		rc = ERR_TOOBIG;
	(void)fclose(file);
	return rc;
}

static void complain(const char *path, int rc, const struct json_problem *p)
{
	fprintf(stderr, "%s", path);
	if (p->line > 0)
		fprintf(stderr, ":%d:%d", p->line, p->column);
	if (p->rc)
		fprintf(stderr, ": %s%s%s\n", p->path, p->path[0] ? " " : "",
			p->rule);
	else
		fprintf(stderr, ": %s\n", err_str(rc));
}

int sim_json_load(const char *path, const struct json_table *table, void *out)
{
	struct json_problem problem = {0};
	struct buf text;
	int rc;

	buf_init(&text, FILE_BYTES_MAX);
	rc = read_whole(path, &text);
	if (rc == 0)
		rc = json_blank_comments(text.data, text.len);
	if (rc == 0)
		rc = json_decode_text(buf_view(&text), table, out, &problem);
	if (rc != 0)
		complain(path, rc, &problem);
	buf_fini(&text);
	return rc;
}

int sim_json_at(struct json_problem *p, size_t index)
{
	char path[2 * JSON_PATH_MAX], rule[JSON_RULE_MAX];
	struct buf b;

	buf_init_fixed(&b, path, sizeof(path));
	buf_printf(&b, "/%zu%s", index, p->path);
	if (sv_copy(sv_str(p->rule), rule, sizeof(rule)) != 0)
		return p->rc;
	return json_problem_set(p, p->rc, buf_cstr(&b), "%s", rule);
}

int sim_json_list(const struct json *list, const struct json_table *table,
		  void *out, size_t elem_bytes, unsigned max, unsigned *count_r,
		  struct json_problem *p)
{
	size_t count = json_array_len(list);

	if (!json_is_array(list))
		return json_problem_set(p, ERR_TYPE, "", "must be a list");
	if (count > max)
		return json_problem_set(p, ERR_LIMIT, "",
					"must have at most %u elements", max);
	for (size_t i = 0; i < count; i++)
		if (json_decode(json_array_at(list, i), table,
				(char *)out + i * elem_bytes, p) != 0)
			return sim_json_at(p, i);
	*count_r = (unsigned)count;
	return 0;
}
