/*
 * test_explain_job.c - which questions take long, and which snapshot answers.
 */
#include "balancer/explain_job.h"

#include "tests/unit/balancer/random_world.h"

#define KEPT  3
#define FIRST 100 /* 100 and 101 are gone, 104 is the newest */
#define COUNT 5

struct setting {
	struct world world;
	struct view_shelf *shelf;
};

static void put(struct setting *s, struct view_map *map, struct policy *policy)
{
	struct view_parts parts = {.map = map, .policy = policy};
	struct view *view;

	s->world.now_ms += 1000;
	parts.snapshot = world_build(&s->world);
	view = view_new(&parts);
	view_shelf_put(s->shelf, view);
	view_unref(&view);
}

static void set_up(struct setting *s, unsigned count)
{
	static struct balancer_settings settings = {.balancer_id = "b1"};
	const struct cellmap_config config = {0};
	struct policy *policy = policy_new(&settings);
	struct cellmap *cells;
	struct view_map *map;
	char why[128];
	struct buf b;

	buf_init_fixed(&b, why, sizeof(why));
	assert_int_equal(cellmap_build(&config, &cells, &b), 0);
	map = view_map_new(cells, 0);
	map->serial = 1;
	world_random(&s->world, 3);
	snapshot_builder_free(&s->world.builder);
	s->world.builder = snapshot_builder_new(FIRST);
	s->shelf = view_shelf_new(KEPT);
	for (unsigned i = 0; i < count; i++)
		put(s, map, policy);
	view_map_unref(&map);
	policy_unref(&policy);
}

static void tear_down(struct setting *s)
{
	view_shelf_free(&s->shelf);
	world_fini(&s->world);
}

#define ID(balancer, number)                                                   \
	"id=" balancer ":" number ":0123456789abcdef:0000004"

static const struct row {
	const char *rule, *query;
	bool is_long;
	unsigned count;	  /* of snapshots made so far */
	const char *type; /* of the problem; NULL: an explanation */
} rows[] = {
	{"the newest snapshot is at hand", ID("b1", "104"), false, COUNT, NULL},
	{"a past one is unpacked", ID("b1", "103"), true, COUNT, NULL},
	{"the oldest kept, too", ID("b1", "102"), true, COUNT, NULL},
	{"one before is gone, at once", ID("b1", "101"), false, COUNT,
	 "snapshot-gone"},
	{"one that never was", ID("b1", "105"), false, COUNT, "snapshot-gone"},
	{"another balancer's", ID("b2", "104"), false, COUNT, "snapshot-gone"},
	{"and of a past one", ID("b2", "103"), true, COUNT, "snapshot-gone"},
	{"a client's is that of now", "ip=10.1.2.3", false, COUNT, NULL},
	{"a host that nobody has", "ip=10.1.2.3&host=x", false, COUNT,
	 "unknown-host"},
	{"nothing yet", "ip=10.1.2.3", false, 0, "not-ready"},
};

static void check(const struct row *row)
{
	struct setting s;
	struct explain_job *job;

	set_up(&s, row->count);
	job = explain_job_new(s.shelf, WHAT_IF_CLIENT);
	assert_null(question_parse(sv_str(row->query), &job->question));
	if (explain_job_is_long(job) != row->is_long)
		fail_msg("%s: long or not", row->rule);
	explain_job_run(job);
	if ((job->problem.status != 0) != (row->type != NULL))
		fail_msg("%s: a problem or not", row->rule);
	if (row->type && strcmp(job->problem.type, row->type) != 0)
		fail_msg("%s: %s", row->rule, job->problem.type);
	if ((job->what_if->body.len > 0) != (row->type == NULL))
		fail_msg("%s: a body or not", row->rule);
	explain_job_free(&job);
	tear_down(&s);
}

static void test_questions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

static void test_changes_take_long(void **state)
{
	struct setting s;
	struct explain_job *job;

	(void)state;
	set_up(&s, COUNT);
	job = explain_job_new(s.shelf, WHAT_IF_ALL);
	assert_null(question_parse_changes(SV("without=a"), &job->question));
	assert_true(explain_job_is_long(job));
	explain_job_free(&job);
	explain_job_free(&job); /* NULL is fine */
	tear_down(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_changes_take_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
