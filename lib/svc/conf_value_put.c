/*
 * conf_value_put.c - values of options for people and for help texts. Pure,
 * any thread.
 */
#include "lib/svc/conf_value.h"

void conf_value_put_duration(struct buf *b, int64_t duration_ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} UNITS[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (duration_ms % UNITS[i].ms || (duration_ms == 0 && i < 2))
		i++;
	buf_i64(b, duration_ms / UNITS[i].ms);
	buf_str(b, UNITS[i].name);
}

void conf_value_put_range(struct buf *b, const struct conf_option *o)
{
	if (o->min == 0 && o->max == 0)
		return;
	if (o->kind == CONF_DURATION) {
		conf_value_put_duration(b, (int64_t)o->min);
		buf_str(b, "..");
		conf_value_put_duration(b, (int64_t)o->max);
	} else if (o->kind == CONF_U32 || o->kind == CONF_REAL) {
		buf_double(b, o->min);
		buf_str(b, "..");
		buf_double(b, o->max);
	}
}

void conf_value_put_listen(struct buf *b, const struct conf_listen *listen)
{
	if (!listen->on) {
		buf_str(b, "off");
		return;
	}
	if (listen->at.family == ADDR_V6)
		buf_char(b, '[');
	addr_put(b, &listen->at);
	if (listen->at.family == ADDR_V6)
		buf_char(b, ']');
	buf_char(b, ':');
	buf_u64(b, listen->port);
}
