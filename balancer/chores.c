/*
 * chores.c - the thread for what takes long. It owns the list of map files and
 * looks at them every 5 s; a failed load keeps the map in force and is tried
 * again when the files change.
 */
#include "balancer/chores.h"

#include "balancer/explain_job.h"
#include "balancer/state_file.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/svc/worker.h"

#define LOOK_EVERY_MS 5000
#define WHY_BYTES     1024

struct chores {
	struct chores_config config; /* the thread's after the start */
	struct worker *worker;
	/* the thread's */
	struct loop_timer *look;
	uint64_t stamp;		 /* of the files at the last load */
	struct conf_list absent; /* databases that the map in force lacks */
};

/* One thing to do; the sender fills it, the thread frees it. */
struct chore {
	enum { CHORE_RELOAD, CHORE_SAVE, CHORE_EXPLAIN } kind;
	struct map_source source; /* CHORE_RELOAD */
	struct buf text;	  /* CHORE_SAVE; heap memory */
	struct explain_job *job;  /* CHORE_EXPLAIN */
};

static void load(struct chores *c)
{
	char why_text[WHY_BYTES];
	struct view_map *map = NULL;
	struct buf why;
	int rc;

	buf_init_fixed(&why, why_text, sizeof(why_text));
	c->stamp = map_source_stamp(&c->config.source);
	rc = map_source_check(&c->config.source, &c->absent, &why);
	if (rc == 0)
		rc = map_source_load(&c->config.source, &map, &why);
	if (rc == 0) {
		map_source_absent(&c->config.source, &c->absent);
		counter_add(&c->config.counters->maps_loaded, 1);
		mailbox_post(c->config.maps, map);
		return;
	}
	counter_add(&c->config.counters->map_errors, 1);
	log_err("geo.load_failed error=\"%s\" why=\"" SV_FMT
		"\" kept=\"the map in force\"",
		err_str(rc), SV_ARG(buf_view(&why)));
}

static void look(void *arg)
{
	struct chores *c = arg;

	if (map_source_stamp(&c->config.source) != c->stamp)
		load(c);
}

static void save(struct chores *c, struct buf *text)
{
	int rc = text->failed
			 ? ERR_TOOBIG
			 : state_file_save(c->config.save_path, buf_view(text));

	if (rc == 0) {
		counter_add(&c->config.counters->saves, 1);
		counter_set(&c->config.counters->save_bytes, text->len);
		return;
	}
	counter_add(&c->config.counters->save_errors, 1);
	log_err("state.save_failed file=%s error=\"%s\"", c->config.save_path,
		err_str(rc));
}

static int start(struct loop *loop, unsigned index, void *arg, void **state_r)
{
	struct chores *c = arg;

	(void)index;
	c->stamp = map_source_stamp(&c->config.source);
	map_source_absent(&c->config.source, &c->absent);
	c->look = loop_timer_new(loop, look, c);
	loop_timer_every(c->look, LOOK_EVERY_MS);
	*state_r = c;
	return 0;
}

static void message(void *state, void *message_arg)
{
	struct chores *c = state;
	struct chore *chore = message_arg;

	switch (chore->kind) {
	case CHORE_RELOAD:
		c->config.source = chore->source;
		load(c);
		break;
	case CHORE_SAVE:
		save(c, &chore->text);
		buf_fini(&chore->text);
		break;
	case CHORE_EXPLAIN:
		explain_job_run(chore->job);
		mailbox_post(chore->job->reply_to, chore->job);
		break;
	}
	mem_free(chore);
}

static void stop(void *state)
{
	struct chores *c = state;

	loop_timer_free(&c->look);
}

static const struct worker_role role = {
	.start = start,
	.message = message,
	.stop = stop,
	.niceness = 10, /* workers on the same core go first */
};

int chores_start(const struct chores_config *config, struct chores **chores_r)
{
	struct chores *c = mem_alloc(sizeof(*c));
	int rc;

	c->config = *config;
	rc = worker_start(&role, 0, c, &c->worker);
	if (rc != 0) {
		mem_free(c);
		return rc;
	}
	*chores_r = c;
	return 0;
}

void chores_stop(struct chores **chores)
{
	struct chores *c = *chores;

	*chores = NULL;
	if (!c)
		return;
	worker_stop(&c->worker);
	mem_free(c);
}

void chores_reload(struct chores *chores, const struct map_source *source)
{
	struct chore *chore = mem_alloc(sizeof(*chore));

	chore->kind = CHORE_RELOAD;
	chore->source = *source;
	worker_post(chores->worker, chore);
}

void chores_save(struct chores *chores, struct buf *text)
{
	struct chore *chore = mem_alloc(sizeof(*chore));

	chore->kind = CHORE_SAVE;
	chore->text = *text;
	buf_init(text, 0); /* given away */
	worker_post(chores->worker, chore);
}

void chores_explain(struct chores *chores, struct explain_job *job)
{
	struct chore *chore = mem_alloc(sizeof(*chore));

	chore->kind = CHORE_EXPLAIN;
	chore->job = job;
	worker_post(chores->worker, chore);
}
