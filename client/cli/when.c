/*
 * when.c - see the header; the calendar is libc's.
 */
#include "client/cli/when.h"

#include <time.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

#define DAY_S 86400

void when_put(struct buf *b, int64_t wall_s)
{
	time_t at = (time_t)wall_s;
	struct tm tm;
	char text[32];

	if (!gmtime_r(&at, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		buf_char(b, '-');
	else
		buf_str(b, text);
}

void when_put_age(struct buf *b, int64_t age_s)
{
	static const struct {
		int64_t unit_s;
		char letter;
	} units[] = {{DAY_S, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	age_s = age_s > 0 ? age_s : 0;
	while (i + 1 < ARRAY_LEN(units) && age_s < units[i].unit_s)
		i++;
	buf_i64(b, age_s / units[i].unit_s);
	buf_char(b, units[i].letter);
}

/* "06:00" or "06:00:30" of a day, within it. */
static int parse_clock(struct sv text, int64_t *day_s_r)
{
	uint64_t hour, minute, second = 0;
	struct sv part = sv_cut(&text, ':');

	if (part.len != 2 || num_u64(part, 23, &hour) != 0)
		return ERR_SYNTAX;
	part = sv_cut(&text, ':');
	if (part.len != 2 || num_u64(part, 59, &minute) != 0)
		return ERR_SYNTAX;
	if (text.len > 0 && (text.len != 2 || num_u64(text, 59, &second) != 0))
		return ERR_SYNTAX;
	*day_s_r = (int64_t)(hour * 3600 + minute * 60 + second);
	return 0;
}

/* "2026-11-23"; a day that there is not (02-30) is refused. */
static int parse_date(struct sv text, int64_t *wall_s_r)
{
	uint64_t year, month, day;
	struct tm tm = {0};

	if (text.len != 10 || num_u64(sv_cut(&text, '-'), 9999, &year) != 0 ||
	    num_u64(sv_cut(&text, '-'), 12, &month) != 0 ||
	    num_u64(text, 31, &day) != 0 || year < 1970 || month == 0 ||
	    day == 0)
		return ERR_SYNTAX;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	*wall_s_r = (int64_t)timegm(&tm);
	return tm.tm_mday == (int)day ? 0 : ERR_SYNTAX;
}

int when_parse(struct sv text, int64_t now_wall_s, int64_t *wall_s_r)
{
	int64_t day_s, midnight_s;

	if (text.len > 0 && text.ptr[text.len - 1] == 'Z')
		text.len--;
	if (text.len > 10 && (text.ptr[10] == 'T' || text.ptr[10] == ' ')) {
		if (parse_date(sv_of(text.ptr, 10), &midnight_s) != 0)
			return ERR_SYNTAX;
		text = sv_of(text.ptr + 11, text.len - 11);
		if (parse_clock(text, &day_s) != 0)
			return ERR_SYNTAX;
		*wall_s_r = midnight_s + day_s;
		return 0;
	}
	if (parse_clock(text, &day_s) != 0)
		return ERR_SYNTAX;
	*wall_s_r = now_wall_s - now_wall_s % DAY_S + day_s;
	if (*wall_s_r <= now_wall_s)
		*wall_s_r += DAY_S;
	return 0;
}
