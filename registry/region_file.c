/*
 * region_file.c - reads regions_file. Any thread.
 */
#include "registry/region_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "registry/region_table.h"

#define FILE_BYTES_MAX (4u << 20)

static void say_problem(struct buf *why, const struct json_problem *p)
{
	if (p->line > 0)
		buf_printf(why, "line %d column %d: %s", p->line, p->column,
			   p->rule);
	else
		buf_printf(why, "%s: %s", p->path, p->rule);
}

static bool is_twice(const struct feed_region *regions, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		if (strcmp(regions[i].id, regions[count - 1].id) == 0)
			return true;
	}
	return false;
}

static int decode_all(const struct json *list, struct feed_region *regions,
		      struct buf *why)
{
	size_t count = json_array_len(list);
	struct json_problem p;
	int rc;

	for (size_t i = 0; i < count; i++) {
		rc = feed_region_decode(json_array_at(list, i), &regions[i],
					&p);
		if (rc == 0 && is_twice(regions, i + 1))
			rc = json_problem_set(&p, ERR_EXISTS, "/id",
					      "is in the file twice");
		if (rc != 0) {
			buf_printf(why, "/%zu", i);
			say_problem(why, &p);
			return rc;
		}
	}
	return 0;
}

static int decode_list(const struct json *root, struct buf *why,
		       struct feed_region **regions_r, size_t *count_r)
{
	size_t count = json_array_len(root);
	struct feed_region *regions;
	int rc;

	if (!json_is_array(root) || count > REGION_TABLE_MAX) {
		buf_printf(why, "must be an array of at most %d regions",
			   REGION_TABLE_MAX);
		return ERR_TYPE;
	}
	regions = mem_array(count, sizeof(regions[0]));
	rc = decode_all(root, regions, why);
	if (rc != 0) {
		mem_free(regions);
		return rc;
	}
	*regions_r = regions;
	*count_r = count;
	return 0;
}

int region_file_parse(char *text, size_t len, struct buf *why,
		      struct feed_region **regions_r, size_t *count_r)
{
	struct json_problem p;
	struct json *root;
	int rc = json_blank_comments(text, len);

	if (rc != 0) {
		buf_str(why, "a comment never ends");
		return rc;
	}
	rc = json_parse(sv_of(text, len), &root, &p);
	if (rc != 0) {
		say_problem(why, &p);
		return rc;
	}
	rc = decode_list(root, why, regions_r, count_r);
	json_free(&root);
	return rc;
}

static int read_file(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	char *at;
	int rc = 0;

	if (fd < 0)
		return -errno;
	while (n > 0 && (at = buf_reserve(text, 4096)) != NULL) {
		n = read(fd, at, 4096);
		if (n > 0)
			text->len += (size_t)n;
	}
	if (n < 0)
		rc = -errno;
	else if (text->failed)
		rc = ERR_TOOBIG;
	close(fd);
	return rc;
}

int region_file_read(const char *path, struct buf *why,
		     struct feed_region **regions_r, size_t *count_r)
{
	struct buf text;
	int rc;

	buf_init(&text, FILE_BYTES_MAX);
	rc = read_file(path, &text);
	if (rc != 0)
		buf_str(why, err_str(rc));
	else
		rc = region_file_parse(text.data, text.len, why, regions_r,
				       count_r);
	buf_fini(&text);
	return rc;
}
