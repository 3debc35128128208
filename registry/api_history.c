/*
 * api_history.c - see the header. Which series a target has is a table. Loop
 * thread.
 */
#include "registry/api_history.h"

#include <math.h>

#include "lib/base/clk.h"
#include "lib/base/err.h"

#define BODY_MAX  (1u << 20)
#define DECIMALS  3
#define EXACT_MAX 16777216.0F /* beyond it floats have no fraction anyway */

struct series {
	const char *name;
	unsigned value; /* of the point */
};

static const struct series sums[] = {
	{"conns", HISTORY_SOURCE_CONNS},
	{"capacity", HISTORY_SOURCE_CAPACITY},
	{"first_per_s", HISTORY_SOURCE_FIRST_PER_S},
	{"weight", HISTORY_SOURCE_WEIGHT},
};

static const struct series queries[] = {
	{"resolves_per_s", HISTORY_SOURCE_RESOLVES_PER_S},
	{"p99_us", HISTORY_SOURCE_P99_US},
	{"nearest_share", HISTORY_SOURCE_NEAREST_SHARE},
};

/* What is asked for. */
struct question {
	struct sv target;
	enum history_span span;
	struct buf text;
	char storage[256];
};

static bool read_question(const struct api_call *call, struct question *q)
{
	static const char *const names[] = {"target", "span", NULL};
	struct sv span;

	buf_init_fixed(&q->text, q->storage, sizeof(q->storage));
	if (!api_check_parameters(call, names))
		return false;
	if (api_parameter(call, "target", &q->text, &q->target) != 0 ||
	    q->target.len == 0) {
		api_refuse_parameter(call, "target",
				     "must be fleet, region/ID or node/ID");
		return false;
	}
	if (api_parameter(call, "span", &q->text, &span) != 0 ||
	    (span.len > 0 && history_span_parse(span, &q->span) != 0)) {
		api_refuse_parameter(call, "span", "must be hour or day");
		return false;
	}
	return true;
}

static void put_value(struct jsonw *w, float value)
{
	if (isnan(value))
		jsonw_null(w, NULL);
	else if (fabsf(value) < EXACT_MAX && truncf(value) == value)
		jsonw_i64(w, NULL, (int64_t)value);
	else
		jsonw_fixed(w, NULL, (double)value, DECIMALS);
}

static void put_series(struct jsonw *w, const struct history_course *course,
		       const struct series *series, size_t count)
{
	for (size_t s = 0; s < count; s++) {
		jsonw_array(w, series[s].name);
		for (uint32_t i = 0; i < course->count; i++)
			put_value(w, course->points[i].value[series[s].value]);
		jsonw_array_end(w);
	}
}

static void put_course(struct jsonw *w, const struct api_call *call,
		       const struct question *q, uint32_t slot)
{
	const struct history *history = history_source_history(
		history_keeper_source(call->registry->history));
	struct history_course course;
	int64_t wall_s = clk_wall_s();

	history_read(history, slot, q->span, wall_s, &course);
	jsonw_text(w, "target", q->target);
	jsonw_i64(w, "step_s", history_step_s(q->span));
	jsonw_i64(w, "from_wall_s", course.from_wall_s);
	jsonw_object(w, "series");
	put_series(w, &course, sums, ARRAY_LEN(sums));
	history_course_fini(&course);
	if (sv_eq(q->target, SV(HISTORY_SOURCE_FLEET))) {
		slot = history_find(history, SV(HISTORY_SOURCE_QUERIES));
		history_read(history, slot, q->span, wall_s, &course);
		put_series(w, &course, queries, ARRAY_LEN(queries));
		history_course_fini(&course);
	}
	jsonw_object_end(w);
}

void api_history_read(const struct api_call *call)
{
	struct question q = {.span = HISTORY_HOUR};
	uint32_t slot;
	struct buf body;
	struct jsonw w;

	if (!read_question(call, &q))
		return;
	slot = history_find(history_source_history(history_keeper_source(
				    call->registry->history)),
			    q.target);
	if (slot == HISTORY_NONE ||
	    sv_eq(q.target, SV(HISTORY_SOURCE_QUERIES))) {
		api_refuse(call, REFUSAL_UNKNOWN_TARGET,
			   "nothing is known of it, or more nodes came than "
			   "history_nodes");
		return;
	}
	buf_init(&body, BODY_MAX);
	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	put_course(&w, call, &q, slot);
	jsonw_object_end(&w);
	api_reply_json(call, &body);
	buf_fini(&body);
}
