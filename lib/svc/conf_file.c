/*
 * conf_file.c - a configuration file: read, comments blanked in place so that
 * line and column stay true, parsed, each member given to its option. Any
 * thread.
 */
#include "lib/svc/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/proto/json.h"
#include "lib/svc/conf_name.h"
#include "lib/svc/conf_value.h"

#define FILE_BYTES_MAX (1 << 20)
#define RULE_BYTES     512

struct file_place {
	unsigned line, column;
};

/* The visit of all members of the root. */
struct file_visit {
	const struct conf_table *table;
	const char *path;
	struct sv text;
	size_t ordinal; /* members seen before this one */
	void *settings;
	struct buf *why;
};

static void file_step(struct file_place *at, char c)
{
	if (c == '\n') {
		at->line++;
		at->column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) {
		at->column++; /* not within a UTF-8 sequence */
	}
}

/*
 * Where the key of the root's member number @ordinal stands. The text has been
 * parsed, so it is known to be JSON.
 */
static struct file_place file_locate(struct sv text, size_t ordinal)
{
	struct file_place at = {1, 1};
	bool in_string = false, escaped = false, key_next = false;
	unsigned depth = 0;

	for (size_t i = 0; i < text.len; file_step(&at, text.ptr[i++])) {
		char c = text.ptr[i];

		if (in_string) {
			in_string = escaped || c != '"';
			escaped = !escaped && c == '\\';
			continue;
		}
		if (c == '{' || c == '[')
			key_next = ++depth == 1;
		else if (c == '}' || c == ']')
			depth--;
		else if (c == ',')
			key_next = depth == 1;
		if (c != '"')
			continue;
		if (key_next && ordinal-- == 0)
			return at;
		in_string = true;
		key_next = false;
	}
	return at;
}

static int file_member(const char *name, const struct json *value, void *arg)
{
	struct file_visit *visit = arg;
	const struct conf_option *option =
		conf_name_find(visit->table, sv_str(name));
	char storage[RULE_BYTES];
	struct buf rule;
	struct file_place at;
	int rc = ERR_UNKNOWN_FIELD;

	buf_init_fixed(&rule, storage, sizeof(storage));
	if (option)
		rc = conf_value_from_json(option, value, visit->settings,
					  &rule);
	visit->ordinal++;
	if (rc == 0)
		return 0;
	at = file_locate(visit->text, visit->ordinal - 1);
	buf_printf(visit->why, "%s:%u:%u: ", visit->path, at.line, at.column);
	if (option)
		buf_printf(visit->why, "%s %s", name, buf_cstr(&rule));
	else
		conf_name_put_unknown(visit->why, visit->table, "key",
				      sv_str(name));
	return rc;
}

int conf_file_parse(const struct conf_table *table, const char *path,
		    struct buf *text, void *settings, struct buf *why)
{
	struct file_visit visit = {
		.table = table, .path = path, .settings = settings, .why = why};
	struct json_problem problem = {.rc = 0};
	struct json *root = NULL;
	int rc;

	if (json_blank_comments(text->data, text->len)) {
		buf_printf(why, "%s: a comment never ends", path);
		return ERR_SYNTAX;
	}
	visit.text = buf_view(text);
	rc = json_parse(visit.text, &root, &problem);
	if (rc) {
		buf_printf(why, "%s:%d:%d: %s", path, problem.line,
			   problem.column, problem.rule);
		return rc;
	}
	if (json_is_object(root)) {
		rc = json_each(root, file_member, &visit);
	} else {
		buf_printf(why, "%s:1:1: must be one object { ... }", path);
		rc = ERR_TYPE;
	}
	json_free(&root);
	return rc;
}

/* The whole file into @text. Returns 0, -errno or ERR_TOOBIG. */
static int file_read(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char part[4096];
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_put(text, part, (size_t)n);
	if (n < 0)
		rc = -errno;
	else if (text->failed)
		rc = ERR_TOOBIG;
	close(fd);
	return rc;
}

int conf_file_load(const struct conf_table *table, const char *path,
		   void *settings, struct buf *why)
{
	struct buf text;
	int rc;

	buf_init(&text, FILE_BYTES_MAX);
	rc = file_read(path, &text);
	if (rc)
		buf_printf(why, "%s: %s", path, err_str(rc));
	else
		rc = conf_file_parse(table, path, &text, settings, why);
	buf_fini(&text);
	return rc;
}
