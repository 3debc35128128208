/*
 * demo_line.c - one line for a person or for a program. One thread.
 */
#include "client/cli/demo_line.h"

#include "client/cli/cli.h"
#include "lib/proto/jsonw.h"

#define LINE_MAX 1024

void demo_line_init(struct demo_line *line, uint32_t json_lines)
{
	*line = (struct demo_line){.is_json = json_lines != 0};
}

/* Answers a second since the last line. */
static double resolve_rate(struct demo_line *line,
			   const struct demo_stats *stats, int64_t now_ms)
{
	int64_t span_ms = line->last_ms > 0 ? now_ms - line->last_ms : 1000;
	uint64_t answers = stats->resolves - line->last_resolves;

	line->last_ms = now_ms;
	line->last_resolves = stats->resolves;
	return (double)answers * 1000 / (double)(span_ms > 0 ? span_ms : 1);
}

static void put_json(struct buf *b, const struct demo_stats *s,
		     const struct demo_fleet *fleet, double rate,
		     int64_t now_ms)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_bool(&w, "registry", demo_fleet_is_known(fleet, now_ms));
	jsonw_u64(&w, "nodes_up", demo_fleet_nodes_up(fleet));
	jsonw_u64(&w, "nodes_total", demo_fleet_nodes_total(fleet));
	jsonw_u64(&w, "clients", s->clients);
	jsonw_u64(&w, "connections", s->up);
	jsonw_u64(&w, "located", s->up_located);
	jsonw_u64(&w, "nearest", s->up_nearest);
	jsonw_fixed(&w, "resolves_per_s", rate, 1);
	jsonw_u64(&w, "resolve_p99_us", demo_stats_quantile_us(s, 0.99));
	jsonw_u64(&w, "arrivals_total", s->arrivals);
	jsonw_u64(&w, "held_back_total", s->held_back);
	jsonw_u64(&w, "left_total", s->left);
	jsonw_u64(&w, "resolves_total", s->resolves);
	jsonw_u64(&w, "connects_total", s->connects);
	jsonw_u64(&w, "beats_total", s->beats);
	jsonw_u64(&w, "beats_answered_total", s->beats_answered);
	jsonw_u64(&w, "resolve_failed_total", s->resolve_failed);
	jsonw_u64(&w, "connect_failed_total", s->connect_failed);
	jsonw_u64(&w, "refused_total", s->refused);
	jsonw_u64(&w, "lost_total", s->lost);
	jsonw_object_end(&w);
}

static void put_failures(struct buf *b, const struct demo_stats *s)
{
	buf_printf(b, "failed %llu",
		   (unsigned long long)demo_stats_failures(s));
	if (demo_stats_failures(s) == 0)
		return;
	buf_printf(b, " (resolve %llu, connect %llu, refused %llu, lost %llu)",
		   (unsigned long long)s->resolve_failed,
		   (unsigned long long)s->connect_failed,
		   (unsigned long long)s->refused, (unsigned long long)s->lost);
}

static void put_text(struct buf *b, const struct demo_stats *s,
		     const struct demo_fleet *fleet, double rate,
		     int64_t now_ms)
{
	if (demo_fleet_is_known(fleet, now_ms))
		buf_printf(b, "nodes %u/%u", demo_fleet_nodes_up(fleet),
			   demo_fleet_nodes_total(fleet));
	else
		buf_str(b, "nodes ?/? (registry away)");
	buf_printf(b, "  connections %u  resolves/s %.0f  nearest region ",
		   s->up, rate);
	if (s->up_located > 0)
		buf_printf(b, "%.1f%%", 100.0 * s->up_nearest / s->up_located);
	else
		buf_str(b, "-");
	buf_printf(b, "  resolve p99 %.1f ms  ",
		   demo_stats_quantile_us(s, 0.99) / 1000.0);
	put_failures(b, s);
}

void demo_line_print(struct demo_line *line, const struct demo_stats *stats,
		     const struct demo_fleet *fleet, int64_t now_ms)
{
	double rate = resolve_rate(line, stats, now_ms);
	struct buf b;

	buf_init(&b, LINE_MAX);
	if (line->is_json)
		put_json(&b, stats, fleet, rate, now_ms);
	else
		put_text(&b, stats, fleet, rate, now_ms);
	buf_char(&b, '\n');
	(void)cli_print(&b);
}
