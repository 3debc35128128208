/*
 * state_file.c - writes and reads the saved fleet. Text in, fleet out: the
 * clock and the disk are touched only by state_file_load() and _save().
 */
#include "balancer/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define PATH_ROOM 512

/* ---- writing ---- */

static int64_t age_ms(int64_t at_ms, int64_t now_ms)
{
	if (at_ms < 0)
		return -1;
	return at_ms < now_ms ? now_ms - at_ms : 0;
}

static void to_feed(const struct fleet_node *from, int64_t now_ms,
		    struct feed_node *to)
{
	card_unpack(from->card, &to->record);
	to->state = from->state;
	to->conns = from->conns;
	to->accepts_total = from->accepts_total;
	to->refused_total = from->refused_total;
	to->load_age_ms = age_ms(from->load_at_ms, now_ms);
	to->registered_age_ms = now_ms - from->registered_at_ms;
	if (to->registered_age_ms < 0)
		to->registered_age_ms = 0;
}

static void put_nodes(struct buf *b, struct fleet *fleet, uint64_t rev,
		      int64_t now_ms)
{
	struct feed_node *batch = mem_array(FEED_NODES_BATCH, sizeof(*batch));
	unsigned count, used = 0;
	struct fleet_node *const *nodes = fleet_nodes(fleet, &count);

	for (unsigned i = 0; i < count; i++) {
		to_feed(nodes[i], now_ms, &batch[used++]);
		if (used < FEED_NODES_BATCH && i + 1 < count)
			continue;
		feed_put_nodes(b, batch, used, rev);
		used = 0;
	}
	mem_free(batch);
}

static void put_regions(struct buf *b, struct fleet *fleet, uint64_t rev)
{
	unsigned count;
	const struct feed_region *regions = fleet_regions(fleet, &count);

	for (unsigned i = 0; i < count; i += FEED_NODES_BATCH) {
		unsigned left = count - i;

		feed_put_regions(
			b, &regions[i],
			left < FEED_NODES_BATCH ? left : FEED_NODES_BATCH, rev);
	}
}

static void put_intents(struct buf *b, const struct fleet *fleet,
			enum intent_scope scope, uint64_t rev)
{
	const struct fleet_intents *all = fleet_intents(fleet);
	struct intent *batch = mem_array(FEED_INTENTS_BATCH, sizeof(*batch));
	const struct intent *intent = NULL;
	unsigned used = 0;

	while ((intent = fleet_intents_next(all, scope, intent))) {
		batch[used++] = *intent;
		if (used < FEED_INTENTS_BATCH)
			continue;
		feed_put_intents(b, batch, used, rev);
		used = 0;
	}
	if (used > 0)
		feed_put_intents(b, batch, used, rev);
	mem_free(batch);
}

/* The last line: made from all before it, so that it can be compared. @before
 * may lie in @b, which moves when it grows. */
static void put_end(struct buf *b, struct sv before)
{
	uint64_t sum = hash_text(before);

	buf_str(b, "{\"type\":\"end\",\"bytes\":");
	buf_u64(b, before.len);
	buf_str(b, ",\"sum\":\"");
	buf_hex(b, sum, 16);
	buf_str(b, "\"}\n");
}

static void put_saved(struct buf *b, struct fleet *fleet,
		      const struct state_file_mark *mark)
{
	const struct sessions *sessions = fleet_sessions(fleet);
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_str(&w, "type", "saved");
	jsonw_i64(&w, "wall_ms", mark->saved_wall_ms);
	jsonw_u64(&w, "balancers", mark->balancers);
	jsonw_bool(&w, "intents", true);
	jsonw_real(&w, "session_conn_s", sessions->conn_s);
	jsonw_real(&w, "session_ended", sessions->ended);
	jsonw_real(&w, "session_faded", sessions->faded);
	jsonw_object_end(&w);
	buf_char(b, '\n');
}

static void put_kappas(struct buf *b, struct fleet *fleet)
{
	const struct kappa_table *table = fleet_kappas(fleet);

	for (unsigned i = 0; i < table->count; i++) {
		struct kappa_sums sums = kappa_total(&table->rows[i].kappa);
		struct jsonw w;

		jsonw_init(&w, b);
		jsonw_object(&w, NULL);
		jsonw_str(&w, "type", "kappa");
		jsonw_str(&w, "service", table->rows[i].service);
		jsonw_real(&w, "accepts", sums.accepts);
		jsonw_real(&w, "predicted", sums.predicted);
		jsonw_object_end(&w);
		buf_char(b, '\n');
	}
}

void state_file_put(struct buf *b, struct fleet *fleet,
		    const struct state_file_mark *mark, int64_t now_ms)
{
	size_t start = b->len;

	put_saved(b, fleet, mark);
	put_kappas(b, fleet);
	put_regions(b, fleet, mark->rev);
	put_intents(b, fleet, INTENT_NODE, mark->rev);
	put_intents(b, fleet, INTENT_REGION, mark->rev);
	put_nodes(b, fleet, mark->rev, now_ms);
	feed_put_synced(b, mark->epoch, mark->rev);
	if (!b->failed)
		put_end(b, sv_of(b->data + start, b->len - start));
}

/* ---- reading ---- */

struct taking {
	struct fleet *fleet; /* NULL while only checking */
	int64_t now_ms, file_age_ms;
	struct state_file_mark *mark;
	bool synced;
};

static void on_node(void *arg, const struct feed_node *node, uint64_t rev)
{
	struct taking *t = arg;
	struct feed_node aged = *node;

	(void)rev;
	if (!t->fleet)
		return;
	if (aged.load_age_ms >= 0)
		aged.load_age_ms += t->file_age_ms;
	aged.registered_age_ms += t->file_age_ms;
	fleet_put(t->fleet, &aged, t->now_ms);
}

static void on_region(void *arg, const struct feed_region *region, uint64_t rev)
{
	struct taking *t = arg;

	(void)rev;
	if (t->fleet)
		fleet_put_region(t->fleet, region);
}

static void on_intent(void *arg, const struct intent *intent, uint64_t rev)
{
	struct taking *t = arg;

	(void)rev;
	if (t->fleet)
		fleet_put_intent(t->fleet, intent);
}

static void on_synced(void *arg, const char *epoch, uint64_t rev)
{
	struct taking *t = arg;

	t->synced = true;
	t->mark->rev = rev;
	if (sv_copy(sv_str(epoch), t->mark->epoch, sizeof(t->mark->epoch)) != 0)
		t->synced = false;
}

/* Cut the checked last line off *@text. */
static int check_end(struct sv *text, struct buf *why)
{
	char room[128];
	struct buf want;
	size_t start;

	if (text->len == 0 || text->ptr[text->len - 1] != '\n') {
		buf_str(why, "it is cut short");
		return ERR_CORRUPT;
	}
	start = text->len - 1;
	while (start > 0 && text->ptr[start - 1] != '\n')
		start--;
	buf_init_fixed(&want, room, sizeof(room));
	put_end(&want, sv_of(text->ptr, start));
	if (!sv_eq(buf_view(&want),
		   sv_of(text->ptr + start, text->len - start))) {
		buf_str(why, "its checksum does not fit: cut or altered");
		return ERR_CORRUPT;
	}
	text->len = start;
	return 0;
}

#define AT(type, member)                                                       \
	.offset = offsetof(struct type, member),                               \
	.size = sizeof(((struct type *)NULL)->member)
/* Sums are of seconds and connections: more than any fleet can reach in a
 * window is a lie, and would last. */
#define SUM .kind = JSON_REAL, .min = 0, .max = 1e15

struct saved {
	char type[16];
	int64_t wall_ms;
	uint32_t balancers;
	bool intents;
	double conn_s, ended, faded;
};

static int read_saved(struct sv *text, struct saved *saved, struct buf *why)
{
	static const struct json_field fields[] = {
		{.name = "type",
		 .kind = JSON_TEXT,
		 .required = true,
		 AT(saved, type)},
		{.name = "wall_ms",
		 .kind = JSON_I64,
		 .required = true,
		 AT(saved, wall_ms)},
		{.name = "balancers",
		 .kind = JSON_U32,
		 .min = 0,
		 .max = FEED_BALANCERS_MAX,
		 AT(saved, balancers)},
		{.name = "intents", .kind = JSON_BOOL, AT(saved, intents)},
		{.name = "session_conn_s", SUM, AT(saved, conn_s)},
		{.name = "session_ended", SUM, AT(saved, ended)},
		{.name = "session_faded",
		 .kind = JSON_REAL,
		 .min = 0,
		 .max = 1,
		 AT(saved, faded)},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						true};
	struct json_problem p;

	if (json_decode_text(sv_cut(text, '\n'), &table, saved, &p) != 0 ||
	    !sv_eq(sv_str(saved->type), SV("saved"))) {
		buf_str(why, "its first line does not say when it was saved");
		return ERR_CORRUPT;
	}
	return 0;
}

static int read_kappa(struct sv line, struct taking *t, struct json_problem *p)
{
	struct kappa_line {
		char service[NODE_ID_BYTES];
		struct kappa_sums sums;
	} read;
	static const struct json_field fields[] = {
		{.name = "type", .kind = JSON_IGNORE},
		{.name = "service",
		 .kind = JSON_TEXT,
		 .required = true,
		 AT(kappa_line, service)},
		{.name = "accepts",
		 SUM,
		 .required = true,
		 AT(kappa_line, sums.accepts)},
		{.name = "predicted",
		 SUM,
		 .required = true,
		 AT(kappa_line, sums.predicted)},
	};
	static const struct json_table table = {fields, ARRAY_LEN(fields),
						true};
	int rc = json_decode_text(line, &table, &read, p);

	if (rc == 0 && t->fleet)
		kappa_restore(
			kappa_of(fleet_kappas(t->fleet), sv_str(read.service)),
			&read.sums, t->now_ms);
	return rc;
}

static int read_line(struct sv line, const struct feed_sink *sink,
		     struct taking *t, struct json_problem *p)
{
	/* As we write it: the checksum says that nobody else did. */
	if (sv_starts(line, SV("{\"type\":\"kappa\",")))
		return read_kappa(line, t, p);
	return feed_read_line(line, sink, p);
}

static int read_lines(struct sv text, struct taking *taking, struct buf *why)
{
	const struct feed_sink sink = {
		.node = on_node,
		.region = on_region,
		.intent = on_intent,
		.synced = on_synced,
		.arg = taking,
	};
	struct json_problem p;
	unsigned line = 1;

	while (text.len > 0) {
		line++;
		if (read_line(sv_cut(&text, '\n'), &sink, taking, &p) == 0)
			continue;
		buf_printf(why, "line %u%s: %s", line, p.path, p.rule);
		return ERR_CORRUPT;
	}
	if (taking->synced)
		return 0;
	buf_str(why, "it does not say which state it is");
	return ERR_CORRUPT;
}

int state_file_take(struct sv text, struct fleet *fleet, int64_t now_ms,
		    int64_t wall_ms, struct state_file_mark *mark_r,
		    struct buf *why)
{
	struct state_file_mark mark = {.rev = 0};
	struct taking taking = {.now_ms = now_ms, .mark = &mark};
	struct saved saved = {.wall_ms = 0};
	int rc;

	rc = check_end(&text, why);
	if (rc == 0)
		rc = read_saved(&text, &saved, why);
	mark.saved_wall_ms = saved.wall_ms;
	mark.balancers = saved.balancers;
	/* All lines are checked before the first of them counts. */
	if (rc == 0)
		rc = read_lines(text, &taking, why);
	if (rc != 0)
		return rc;
	taking.fleet = fleet;
	if (mark.saved_wall_ms > 0 && wall_ms > mark.saved_wall_ms)
		taking.file_age_ms = wall_ms - mark.saved_wall_ms;
	rc = read_lines(text, &taking, why);
	if (rc != 0)
		return rc;
	*fleet_sessions(fleet) = (struct sessions){
		.conn_s = saved.conn_s,
		.ended = saved.ended,
		.faded = saved.faded,
	};
	/* Who wrote it knew no intents and skipped them: its revision does not
	 * say that all before it is here. Ask for everything. */
	if (!saved.intents)
		mark.epoch[0] = '\0';
	*mark_r = mark;
	return 0;
}

/* ---- disk ---- */

/* The whole of @fd into *@text_r (heap). */
static int read_all(int fd, char **text_r, size_t *len_r)
{
	struct stat st;
	size_t len = 0;
	char *text;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > STATE_FILE_BYTES_MAX)
		return ERR_TOOBIG;
	text = mem_alloc((size_t)st.st_size);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			mem_free(text);
			return -errno;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*text_r = text;
	*len_r = len;
	return 0;
}

int state_file_load(const char *path, struct fleet *fleet,
		    struct state_file_mark *mark_r, struct buf *why)
{
	char *text = NULL;
	size_t len = 0;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = read_all(fd, &text, &len);
	close(fd);
	if (rc != 0) {
		buf_str(why, err_str(rc));
		return rc;
	}
	rc = state_file_take(sv_of(text, len), fleet, clk_mono_ms(),
			     clk_wall_ms(), mark_r, why);
	mem_free(text);
	return rc;
}

static int write_all(int fd, struct sv text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text.ptr += n;
		text.len -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

/* The new name is durable once its folder is. */
static int sync_folder(const char *path)
{
	char folder[PATH_ROOM] = ".";
	const char *slash = strrchr(path, '/');
	int fd, rc = 0;

	if (slash && sv_copy(sv_of(path, (size_t)(slash - path)), folder,
			     sizeof(folder)) != 0)
		return -ENAMETOOLONG;
	fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

int state_file_save(const char *path, struct sv text)
{
	char temp[PATH_ROOM];
	struct buf name;
	int fd, rc;

	buf_init_fixed(&name, temp, sizeof(temp));
	buf_str(&name, path);
	buf_str(&name, ".new");
	if (name.failed || name.len == sizeof(temp))
		return -ENAMETOOLONG;
	temp[name.len] = '\0';
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, text);
	if (close(fd) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(temp, path) != 0)
		rc = -errno;
	if (rc != 0) {
		unlink(temp);
		return rc;
	}
	return sync_folder(path);
}
