/*
 * builder.c - the builder's thread. It is the only writer of the fleet, the
 * only publisher, and it never blocks: what blocks is the chores thread's.
 * Snapshots and views are built only from a whole state: from the saved file
 * or since the registry's first "synced".
 */
#include "balancer/builder.h"

#include <inttypes.h>
#include <errno.h>
#include <sys/stat.h>

#include "balancer/cell_carry.h"
#include "balancer/explain_job.h"
#include "balancer/snapshot_builder.h"
#include "lib/base/clk.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/svc/worker.h"

#define BUILD_EVERY_MS 1000
#define BUILD_GAP_MS   50 /* between two builds for changes */
#define REPORTS_MS     20 /* between two looks at what clients report */
#define SAVE_GAP_MS    3000
#define SAVE_IDLE_MS   30000 /* loads alone are saved this often */
#define WHY_BYTES      1024

struct builder {
	struct builder_config config; /* settings: see below */
	struct balancer_settings settings;
	char save_path[BALANCER_PATH_BYTES + sizeof(STATE_FILE_NAME) + 1];
	struct worker *worker;
	struct chores *chores;
	struct mailbox *maps, *questions;
	/* the thread's */
	struct loop *loop;
	struct fleet *fleet;
	struct snapshot_builder *snapshots;
	struct sync *sync;
	struct suspects *suspects;
	struct view_map *map;
	uint32_t map_serial;
	struct policy *policy;
	struct state_file_mark loaded; /* from the file, or epoch "" */
	bool has_state;		       /* there is something to answer from */
	bool complete;		       /* the registry was heard in this life */
	bool dirty;		       /* changed since the last save */
	bool pending;		       /* a build for a change is under way */
	int64_t built_at_ms, saved_at_ms;
	struct loop_timer *tick, *change, *look;
};

/* ---- publishing ---- */

/* R: what the registry says, else what the settings say. While it is away its
 * last word counts, as kappa does, which was measured with it. */
static unsigned replicas(const struct builder *b)
{
	unsigned told =
		b->sync ? sync_mark(b->sync)->balancers : b->loaded.balancers;

	return told > 0 ? told : b->policy->ranking.replica_count;
}

static struct snapshot *build(struct builder *b)
{
	unsigned cell_count;
	const struct cellmap_cell *cells =
		cellmap_cells(b->map->map, &cell_count);
	struct snapshot_input input = {
		.fleet = b->fleet,
		.cells = cells,
		.cell_count = cell_count,
		.demand = b->config.demand,
		.policy = b->policy->ranking,
		.revision = b->sync ? sync_mark(b->sync)->rev : b->loaded.rev,
		.now_ms = loop_now_ms(b->loop),
		.synced_at_ms = b->sync ? sync_heard_at_ms(b->sync) : -1,
	};
	struct builder_counters *counters = b->config.counters;
	struct snapshot *snap;

	input.policy.replica_count = replicas(b);
	snap = snapshot_builder_build(b->snapshots, &input);
	counter_add(&counters->builds, 1);
	counter_set(&counters->build_us_last, (uint64_t)snap->build_us);
	counter_add(&counters->build_us_total, (uint64_t)snap->build_us);
	counter_set(&counters->fleet_dropped, fleet_dropped(b->fleet));
	for (unsigned i = INTENT_NODE; i <= INTENT_REGION; i++)
		counter_set(&counters->intents[i],
			    fleet_intents_count(fleet_intents(b->fleet),
						(enum intent_scope)i));
	if (input.synced_at_ms >= 0)
		counter_set(&counters->heard_at_ms,
			    (uint64_t)input.synced_at_ms);
	return snap;
}

/* Before the workers have the view, so that each answer can be explained. */
static void shelve(struct builder *b, struct view *view)
{
	struct view_shelf_stats stats;

	view_shelf_put(b->config.shelf, view);
	stats = view_shelf_stats(b->config.shelf);
	counter_set(&b->config.counters->past_snapshots, stats.past_count);
	counter_set(&b->config.counters->past_bytes, stats.past_bytes);
}

static void publish(struct builder *b)
{
	struct view_parts parts = {
		.map = b->map,
		.policy = b->policy,
		.from_file = !b->complete,
	};
	struct view *view;

	if (b->has_state)
		parts.snapshot = build(b);
	view = view_new(&parts);
	shelve(b, view);
	qsbr_publish(b->config.domain, b->config.slot, view, view_retire);
	counter_set(&b->config.counters->publish_held,
		    qsbr_reclaim(b->config.domain));
	b->built_at_ms = loop_now_ms(b->loop);
}

/* ---- saving ---- */

static void save(struct builder *b)
{
	struct state_file_mark mark;
	struct buf text;

	if (!b->save_path[0] || !b->sync || !sync_is_whole(b->sync))
		return;
	mark = *sync_mark(b->sync);
	mark.saved_wall_ms = clk_wall_ms();
	buf_init(&text, STATE_FILE_BYTES_MAX);
	state_file_put(&text, b->fleet, &mark, loop_now_ms(b->loop));
	chores_save(b->chores, &text);
	b->dirty = false;
	b->saved_at_ms = loop_now_ms(b->loop);
}

static void save_if_due(struct builder *b)
{
	int64_t since_ms = loop_now_ms(b->loop) - b->saved_at_ms;

	if (since_ms >= (b->dirty ? SAVE_GAP_MS : SAVE_IDLE_MS))
		save(b);
}

/* ---- what moves it ---- */

static void on_tick(void *arg)
{
	struct builder *b = arg;

	if (b->has_state)
		publish(b);
	save_if_due(b);
}

static void on_change(void *arg)
{
	struct builder *b = arg;

	b->pending = false;
	publish(b);
}

static void build_soon(struct builder *b)
{
	int64_t since_ms = loop_now_ms(b->loop) - b->built_at_ms;

	if (b->pending)
		return;
	b->pending = true;
	loop_timer_once(b->change,
			since_ms >= BUILD_GAP_MS ? 0 : BUILD_GAP_MS - since_ms);
}

static bool take_reports(struct builder *b, struct suspect_ring *ring)
{
	struct suspects_report report;
	bool news = false;

	while (suspect_ring_take(ring, &report))
		news |= suspects_report(b->suspects, b->fleet, &report,
					loop_now_ms(b->loop));
	return news;
}

static void on_look(void *arg)
{
	struct builder *b = arg;
	struct builder_counters *counters = b->config.counters;
	const struct suspects_counts *now = suspects_counts(b->suspects);
	bool news = false;

	for (unsigned i = 0; i < b->config.report_count; i++)
		news |= take_reports(b, &b->config.reports[i]);
	counter_set(&counters->reports, now->reports);
	counter_set(&counters->reports_unknown, now->unknown);
	counter_set(&counters->doubts, now->doubts);
	if (news && b->has_state)
		build_soon(b);
}

static void on_sync(enum sync_change change, void *arg)
{
	struct builder *b = arg;

	b->dirty = true;
	if (change == SYNC_COMPLETE) {
		b->has_state = true;
		b->complete = true;
	}
	if (b->has_state)
		build_soon(b);
}

/* The cells of @next have other numbers: take what was counted by the old ones
 * and move it. Workers go on by the old ones until their next turn; so few
 * queries do not show. */
static void carry_demand(struct builder *b, const struct view_map *next)
{
	unsigned old_count, new_count;
	const struct cellmap_cell *old = cellmap_cells(b->map->map, &old_count);
	const struct cellmap_cell *new = cellmap_cells(next->map, &new_count);
	uint16_t *to = mem_array(old_count, sizeof(*to));

	demand_update(b->config.demand, loop_now_ms(b->loop));
	cell_carry_find(old, old_count, new, new_count, to);
	demand_carry(b->config.demand, to, old_count);
	mem_free(to);
}

static void on_map(void *message, void *arg)
{
	struct builder *b = arg;

	if (b->loop)
		carry_demand(b, message);
	view_map_unref(&b->map);
	b->map = message;
	b->map->serial = ++b->map_serial;
	if (b->loop)
		publish(b);
}

/* Only the copies are made here; the rest takes too long. The newest view has
 * the map whose cells the demand is of. */
static void on_question(void *message, void *arg)
{
	struct builder *b = arg;
	struct explain_job *job = message;
	struct what_if *w = job->what_if;

	if (job->question.change_count > 0) {
		w->view = view_shelf_take_newest(b->config.shelf);
		w->fleet = fleet_copy(b->fleet);
		w->demand = demand_copy(b->config.demand);
		w->revision = b->sync ? sync_mark(b->sync)->rev : b->loaded.rev;
		w->now_ms = loop_now_ms(b->loop);
		w->synced_at_ms = b->sync ? sync_heard_at_ms(b->sync) : -1;
		w->replica_count = replicas(b);
	}
	chores_explain(b->chores, job);
}

static void source_of(const struct balancer_settings *settings,
		      struct map_source *source)
{
	source->databases = settings->geo_databases;
	source->asn_databases = settings->geo_asn_databases;
	memcpy(source->overrides, settings->geo_overrides,
	       sizeof(source->overrides));
}

static void on_message(void *state, void *message)
{
	struct builder *b = state;
	struct balancer_settings *settings = message;
	struct map_source source;

	policy_unref(&b->policy);
	b->policy = policy_new(settings);
	source_of(settings, &source);
	chores_reload(b->chores, &source);
	mem_free(settings);
	publish(b);
}

/* ---- start ---- */

static int load_map(struct builder *b)
{
	char why_text[WHY_BYTES];
	struct map_source source;
	struct buf why;
	int rc;

	source_of(&b->settings, &source);
	buf_init_fixed(&why, why_text, sizeof(why_text));
	rc = map_source_load(&source, &b->map, &why);
	if (rc != 0) {
		log_err("geo.load_failed error=\"%s\" why=\"" SV_FMT "\"",
			err_str(rc), SV_ARG(buf_view(&why)));
		return rc;
	}
	b->map->serial = ++b->map_serial;
	counter_add(&b->config.counters->chores.maps_loaded, 1);
	return 0;
}

static void load_state(struct builder *b)
{
	char why_text[WHY_BYTES];
	struct buf why;
	unsigned count = 0;
	int rc;

	if (!b->save_path[0])
		return;
	buf_init_fixed(&why, why_text, sizeof(why_text));
	rc = state_file_load(b->save_path, b->fleet, &b->loaded, &why);
	if (rc == -ENOENT)
		return;
	if (rc != 0) {
		counter_add(&b->config.counters->state_refused, 1);
		log_err("state.refused file=%s error=\"%s\" why=\"" SV_FMT
			"\" fix=\"starting without it\"",
			b->save_path, err_str(rc), SV_ARG(buf_view(&why)));
		return;
	}
	fleet_nodes(b->fleet, &count);
	counter_set(&b->config.counters->state_loaded_nodes, count);
	b->has_state = true;
	log_info("state.loaded file=%s nodes=%u rev=%" PRIu64 " age_s=%" PRId64,
		 b->save_path, count, b->loaded.rev,
		 (clk_wall_ms() - b->loaded.saved_wall_ms) / 1000);
}

static int start_chores(struct builder *b)
{
	struct chores_config config = {
		.maps = b->maps,
		.counters = &b->config.counters->chores,
		.save_path = b->save_path,
	};

	source_of(&b->settings, &config.source);
	return chores_start(&config, &b->chores);
}

static void start_sync(struct builder *b)
{
	const struct sync_config config = {
		.loop = b->loop,
		.urls = &b->settings.registry,
		.fleet = b->fleet,
		.counters = &b->config.counters->sync,
		.changed = on_sync,
		.arg = b,
	};

	b->sync = sync_new(&config, &b->loaded);
}

/* Everything but the threads of others, in reverse order of its making. */
static void fini(struct builder *b)
{
	mailbox_free(&b->questions); /* what was asked is answered still */
	sync_free(&b->sync);
	chores_stop(&b->chores);
	b->loop = NULL; /* on_map() of unread maps only takes them over */
	mailbox_free(&b->maps);
	loop_timer_free(&b->tick);
	loop_timer_free(&b->change);
	loop_timer_free(&b->look);
	snapshot_builder_free(&b->snapshots);
	suspects_free(&b->suspects);
	fleet_free(&b->fleet);
	policy_unref(&b->policy);
	view_map_unref(&b->map);
}

static int start(struct loop *loop, unsigned index, void *arg, void **state_r)
{
	struct builder *b = arg;
	struct rng rng;
	int rc;

	(void)index;
	/* Ids from before a restart, or of a namesake, must name no snapshot of
	 * ours: from anywhere among 2^32, trusting neither clock nor file. */
	rng_seed_os(&rng);
	b->snapshots = snapshot_builder_new((uint32_t)rng_u64(&rng));
	b->loop = loop;
	b->fleet = fleet_new();
	b->suspects = suspects_new();
	b->policy = policy_new(&b->settings);
	b->tick = loop_timer_new(loop, on_tick, b);
	b->change = loop_timer_new(loop, on_change, b);
	b->look = loop_timer_new(loop, on_look, b);
	rc = mailbox_new(loop, on_map, b, &b->maps);
	if (rc == 0)
		rc = mailbox_new(loop, on_question, b, &b->questions);
	if (rc == 0)
		rc = load_map(b);
	if (rc == 0)
		rc = start_chores(b);
	if (rc != 0) {
		fini(b);
		return rc;
	}
	load_state(b);
	publish(b);
	start_sync(b);
	loop_timer_every(b->tick, BUILD_EVERY_MS);
	loop_timer_every(b->look, REPORTS_MS);
	*state_r = b;
	return 0;
}

static void stop(void *state)
{
	struct builder *b = state;

	save(b);
	qsbr_publish(b->config.domain, b->config.slot, NULL, view_retire);
	qsbr_reclaim(b->config.domain);
	fini(b);
}

static const struct worker_role role = {
	.start = start,
	.message = on_message,
	.stop = stop,
	.niceness = 10, /* workers on the same core go first */
};

static void set_save_path(struct builder *b)
{
	struct buf path;

	if (!b->settings.state_dir[0])
		return;
	/* What is wrong with it is said by the first save. */
	(void)mkdir(b->settings.state_dir, 0750);
	buf_init_fixed(&path, b->save_path, sizeof(b->save_path) - 1);
	buf_str(&path, b->settings.state_dir);
	buf_str(&path, "/" STATE_FILE_NAME);
}

int builder_start(const struct builder_config *config,
		  struct builder **builder_r)
{
	struct builder *b = mem_alloc(sizeof(*b));
	int rc;

	b->config = *config;
	b->settings = *config->settings;
	b->config.settings = NULL;
	set_save_path(b);
	rc = worker_start(&role, 0, b, &b->worker);
	if (rc != 0) {
		mem_free(b);
		return rc;
	}
	*builder_r = b;
	return 0;
}

void builder_stop(struct builder **builder)
{
	struct builder *b = *builder;

	*builder = NULL;
	if (!b)
		return;
	worker_stop(&b->worker);
	mem_free(b);
}

void builder_reload(struct builder *builder,
		    const struct balancer_settings *settings)
{
	worker_post(builder->worker, mem_dup(settings, sizeof(*settings)));
}

void builder_explain(struct builder *builder, struct explain_job *job)
{
	mailbox_post(builder->questions, job);
}
