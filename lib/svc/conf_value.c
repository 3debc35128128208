/*
 * conf_value.c - values of options. Invariant: a member is written only with
 * a value that keeps its option's rules. Any thread.
 */
#include "lib/svc/conf_value.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/proto/json.h"

/* How much of a refused value is shown. */
#define VALUE_SHOWN_MAX 80

static void *value_member(const struct conf_option *o, void *settings,
			  size_t need_bytes)
{
	assert(o->size >= need_bytes);
	return (char *)settings + o->offset;
}

static bool value_has_limits(const struct conf_option *o)
{
	return o->min != 0 || o->max != 0;
}

/* What the kind wants, in words. */
static const char *value_wanted(enum conf_kind kind)
{
	switch (kind) {
	case CONF_TEXT:
	case CONF_SECRET:
		return "a text";
	case CONF_U32:
		return "a whole number";
	case CONF_REAL:
		return "a number";
	case CONF_BOOL:
		return "true or false";
	case CONF_DURATION:
		return "a time like 500ms, 5s, 2m or 1h";
	case CONF_LISTEN:
		return "ADDR:PORT, *:PORT or off";
	case CONF_LIST:
		return "a list of texts";
	}
	return "something else";
}

static int value_refuse(const struct conf_option *o, int rc, struct sv text,
			struct buf *rule)
{
	buf_printf(rule, "must be %s", value_wanted(o->kind));
	if (value_has_limits(o)) {
		buf_str(rule, " within ");
		conf_value_put_range(rule, o);
	}
	if (o->kind == CONF_SECRET)
		return rc;
	buf_str(rule, ", not ");
	if (text.len > VALUE_SHOWN_MAX)
		text.len = VALUE_SHOWN_MAX;
	buf_json_str(rule, text);
	return rc;
}

/* Printable text that fits with its NUL. */
static int value_set_chars(struct sv text, char *dst, size_t dst_bytes,
			   struct buf *rule)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
			buf_str(rule, "must not have control characters");
			return ERR_SYNTAX;
		}
	}
	memset(dst, 0, dst_bytes); /* conf_reload() compares all of it */
	if (sv_copy(text, dst, dst_bytes) == 0)
		return 0;
	buf_printf(rule, "must have at most %zu bytes, not %zu", dst_bytes - 1,
		   text.len);
	return ERR_RANGE;
}

static int value_set_u32(const struct conf_option *o, uint64_t number,
			 uint32_t *member)
{
	if (number > UINT32_MAX)
		return ERR_RANGE;
	if (value_has_limits(o) &&
	    ((double)number < o->min || (double)number > o->max))
		return ERR_RANGE;
	*member = (uint32_t)number;
	return 0;
}

static int value_set_real(const struct conf_option *o, double number,
			  double *member)
{
	if (value_has_limits(o) && !(number >= o->min && number <= o->max))
		return ERR_RANGE;
	*member = number;
	return 0;
}

static int value_set_duration(const struct conf_option *o, int64_t duration_ms,
			      int64_t *member)
{
	if (duration_ms < 0)
		return ERR_RANGE;
	if (value_has_limits(o) &&
	    ((double)duration_ms < o->min || (double)duration_ms > o->max))
		return ERR_RANGE;
	*member = duration_ms;
	return 0;
}

static int value_u32_from_text(const struct conf_option *o, struct sv text,
			       uint32_t *member)
{
	uint64_t number;
	int rc = num_u64(text, UINT64_MAX, &number);

	return rc ? rc : value_set_u32(o, number, member);
}

static int value_real_from_text(const struct conf_option *o, struct sv text,
				double *member)
{
	double number;
	int rc = num_double(text, -1e300, 1e300, &number);

	return rc ? rc : value_set_real(o, number, member);
}

/* A bare number counts milliseconds, as it does in JSON. */
static int value_duration_from_text(const struct conf_option *o, struct sv text,
				    int64_t *member)
{
	int64_t duration_ms;
	int rc = num_duration_ms(text, &duration_ms);

	if (rc == ERR_SYNTAX)
		rc = num_i64(text, 0, INT64_MAX, &duration_ms);
	return rc ? rc : value_set_duration(o, duration_ms, member);
}

static int value_bool_from_text(struct sv text, bool *member)
{
	static const struct {
		const char *name;
		bool value;
	} WORDS[] = {{"true", true},   {"yes", true}, {"1", true},
		     {"false", false}, {"no", false}, {"0", false}};

	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
		if (!sv_eq(text, sv_str(WORDS[i].name)))
			continue;
		*member = WORDS[i].value;
		return 0;
	}
	return ERR_SYNTAX;
}

static int value_listen_from_text(struct sv text, struct conf_listen *member)
{
	struct conf_listen listen = {.on = true};

	if (sv_eq(text, SV("off")))
		listen.on = false;
	else if (addr_parse_port(text, &listen.at, &listen.port))
		return ERR_SYNTAX;
	/* Member by member: the padding stays zero for conf_reload(). */
	member->at = listen.at;
	member->port = listen.port;
	member->on = listen.on;
	return 0;
}

static int value_list_add(struct conf_list *list, struct sv item,
			  struct buf *rule)
{
	if (list->count == CONF_LIST_MAX) {
		buf_printf(rule, "must have at most %d items", CONF_LIST_MAX);
		return ERR_RANGE;
	}
	if (item.len == 0) {
		buf_str(rule, "must not have empty items");
		return ERR_SYNTAX;
	}
	return value_set_chars(item, list->items[list->count++],
			       sizeof(list->items[0]), rule);
}

static int value_list_from_text(struct sv text, struct conf_list *list,
				struct buf *rule)
{
	bool more = sv_trim(text).len > 0;
	int rc;

	memset(list, 0, sizeof(*list));
	while (more) {
		struct sv whole = text, item = sv_cut(&text, ',');

		/* A comma at the end leaves one more, empty item. */
		more = item.len < whole.len;
		rc = value_list_add(list, sv_trim(item), rule);
		if (rc)
			return rc;
	}
	return 0;
}

int conf_value_secret_from_file(const char *path, char *secret_r,
				size_t secret_bytes, struct buf *rule)
{
	size_t len = 0;
	struct stat st;
	ssize_t n = -1;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		goto err_errno;
	memset(secret_r, 0, secret_bytes);
	if (st.st_mode & S_IROTH)
		log_warn("conf.secret_readable_by_all file=%s mode=%04o", path,
			 (unsigned)st.st_mode & 07777);
	do {
		n = read(fd, secret_r + len, secret_bytes - len);
		if (n < 0)
			goto err_errno;
		len += (size_t)n;
	} while (n > 0 && len < secret_bytes);
	close(fd);
	if (len == secret_bytes) {
		buf_printf(rule, "is longer than %zu bytes in its file",
			   secret_bytes - 1);
		return ERR_RANGE;
	}
	secret_r[len] = '\0';
	while (len && (secret_r[len - 1] == '\n' || secret_r[len - 1] == '\r'))
		secret_r[--len] = '\0';
	if (len && strlen(secret_r) == len)
		return 0;
	buf_str(rule, "must be one text in its file, without NUL bytes");
	return ERR_SYNTAX;
err_errno:
	rc = -errno;
	buf_printf(rule, "cannot be read from \"%.200s\": %s", path,
		   err_str(rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

static int value_secret_from_text(const struct conf_option *o, struct sv text,
				  char *member, struct buf *rule)
{
	char path[4096];

	if (!sv_starts(text, SV("@")))
		return value_set_chars(text, member, o->size, rule);
	if (sv_copy(sv_of(text.ptr + 1, text.len - 1), path, sizeof(path))) {
		buf_str(rule, "has a file name that is too long");
		return ERR_RANGE;
	}
	return conf_value_secret_from_file(path, member, o->size, rule);
}

int conf_value_from_text(const struct conf_option *o, struct sv text,
			 void *settings, struct buf *rule)
{
	int rc = ERR_UNSUPPORTED;

	switch (o->kind) {
	case CONF_TEXT:
		return value_set_chars(text, value_member(o, settings, 1),
				       o->size, rule);
	case CONF_SECRET:
		return value_secret_from_text(
			o, text, value_member(o, settings, 3), rule);
	case CONF_LIST:
		return value_list_from_text(
			text,
			value_member(o, settings, sizeof(struct conf_list)),
			rule);
	case CONF_U32:
		rc = value_u32_from_text(
			o, text, value_member(o, settings, sizeof(uint32_t)));
		break;
	case CONF_REAL:
		rc = value_real_from_text(
			o, text, value_member(o, settings, sizeof(double)));
		break;
	case CONF_BOOL:
		rc = value_bool_from_text(
			text, value_member(o, settings, sizeof(bool)));
		break;
	case CONF_DURATION:
		rc = value_duration_from_text(
			o, text, value_member(o, settings, sizeof(int64_t)));
		break;
	case CONF_LISTEN:
		rc = value_listen_from_text(
			text,
			value_member(o, settings, sizeof(struct conf_listen)));
		break;
	}
	return rc ? value_refuse(o, rc, text, rule) : 0;
}

static int value_refuse_type(const struct conf_option *o, struct buf *rule)
{
	buf_printf(rule, "must be %s", value_wanted(o->kind));
	if (o->kind == CONF_DURATION)
		buf_str(rule, ", or a number of milliseconds");
	return ERR_TYPE;
}

static int value_list_from_json(const struct conf_option *o,
				const struct json *v, void *settings,
				struct buf *rule)
{
	struct conf_list *list =
		value_member(o, settings, sizeof(struct conf_list));
	struct sv item;
	int rc;

	if (!json_is_array(v))
		return value_refuse_type(o, rule);
	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < json_array_len(v); i++) {
		if (json_get_text(json_array_at(v, i), &item))
			return value_refuse_type(o, rule);
		rc = value_list_add(list, item, rule);
		if (rc)
			return rc;
	}
	return 0;
}

/* A JSON number goes the way of its text: one place knows the limits. */
static int value_number_from_json(const struct conf_option *o,
				  const struct json *v, void *settings,
				  struct buf *rule)
{
	char digits[32];
	struct buf text;
	int64_t whole;
	double real;

	buf_init_fixed(&text, digits, sizeof(digits));
	if (json_get_i64(v, &whole) == 0)
		buf_i64(&text, whole);
	else if (o->kind == CONF_REAL && json_get_real(v, &real) == 0)
		buf_double(&text, real);
	else
		return value_refuse_type(o, rule);
	return conf_value_from_text(o, buf_view(&text), settings, rule);
}

int conf_value_from_json(const struct conf_option *o, const struct json *v,
			 void *settings, struct buf *rule)
{
	struct sv text;
	bool flag;

	switch (o->kind) {
	case CONF_LIST:
		return value_list_from_json(o, v, settings, rule);
	case CONF_U32:
	case CONF_REAL:
		return value_number_from_json(o, v, settings, rule);
	case CONF_BOOL:
		if (json_get_bool(v, &flag))
			return value_refuse_type(o, rule);
		*(bool *)value_member(o, settings, sizeof(bool)) = flag;
		return 0;
	case CONF_DURATION:
		if (json_get_text(v, &text) == 0)
			break;
		return value_number_from_json(o, v, settings, rule);
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_LISTEN:
		if (json_get_text(v, &text))
			return value_refuse_type(o, rule);
		break;
	}
	return conf_value_from_text(o, text, settings, rule);
}
