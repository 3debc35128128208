/*
 * num.c - strict numbers. The grammar is checked here by hand, so that strtod
 * only ever sees plain decimal text. Pure, any thread.
 */
#include "lib/base/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

/* Longer decimal texts than this are nobody's configuration or request. */
#define NUM_DOUBLE_CHARS    64
#define NUM_DURATION_MAX_MS (366LL * 24 * 3600 * 1000)

static bool num_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int num_u64(struct sv text, uint64_t max, uint64_t *value_r)
{
	bool over = false;
	uint64_t value = 0;

	if (text.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		if (!num_is_digit(text.ptr[i]))
			return ERR_SYNTAX;
		over |= __builtin_mul_overflow(value, 10, &value);
		over |= __builtin_add_overflow(
			value, (uint64_t)(text.ptr[i] - '0'), &value);
	}
	if (over || value > max)
		return ERR_RANGE;
	*value_r = value;
	return 0;
}

int num_i64(struct sv text, int64_t min, int64_t max, int64_t *value_r)
{
	bool negative = text.len && text.ptr[0] == '-';
	uint64_t magnitude;
	int64_t value;
	int rc;

	if (negative)
		text = sv_of(text.ptr + 1, text.len - 1);
	rc = num_u64(text, (uint64_t)INT64_MAX + negative, &magnitude);
	if (rc)
		return rc;
	if (!negative)
		value = (int64_t)magnitude;
	else
		value = magnitude ? -(int64_t)(magnitude - 1) - 1 : 0;
	if (value < min || value > max)
		return ERR_RANGE;
	*value_r = value;
	return 0;
}

static int num_hex_digit(char c)
{
	if (num_is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int num_hex(struct sv text, uint64_t *value_r)
{
	uint64_t value = 0;

	if (text.len < 1 || text.len > 16)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		int digit = num_hex_digit(text.ptr[i]);

		if (digit < 0)
			return ERR_SYNTAX;
		value = value << 4 | (uint64_t)digit;
	}
	*value_r = value;
	return 0;
}

/* Step over one or more digits; false when there is none. */
static bool num_skip_digits(const char **p)
{
	if (!num_is_digit(**p))
		return false;
	while (num_is_digit(**p))
		++*p;
	return true;
}

/* -?digits(.digits)?([eE][+-]?digits)? and nothing behind it. */
static bool num_is_decimal(const char *p)
{
	p += *p == '-';
	if (!num_skip_digits(&p))
		return false;
	if (*p == '.') {
		p++;
		if (!num_skip_digits(&p))
			return false;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!num_skip_digits(&p))
			return false;
	}
	return *p == '\0';
}

int num_double(struct sv text, double min, double max, double *value_r)
{
	char copy[NUM_DOUBLE_CHARS + 1];
	double value;

	if (sv_copy(text, copy, sizeof(copy)) || strlen(copy) != text.len ||
	    !num_is_decimal(copy))
		return ERR_SYNTAX;
	value = strtod(copy, NULL);
	if (!isfinite(value) || value < min || value > max)
		return ERR_RANGE;
	*value_r = value;
	return 0;
}

int num_duration_ms(struct sv text, int64_t *value_ms_r)
{
	static const struct {
		struct sv name;
		uint64_t ms;
	} UNITS[] = {
		{{"ms", 2}, 1},
		{{"s", 1}, 1000},
		{{"m", 1}, 60 * 1000},
		{{"h", 1}, 3600 * 1000},
	};
	size_t digits = 0;
	uint64_t value;

	if (text.len == 0)
		return ERR_SYNTAX;
	while (digits < text.len && num_is_digit(text.ptr[digits]))
		digits++;
	for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
		int rc;

		if (!sv_eq(sv_of(text.ptr + digits, text.len - digits),
			   UNITS[i].name))
			continue;
		rc = num_u64(sv_of(text.ptr, digits),
			     NUM_DURATION_MAX_MS / UNITS[i].ms, &value);
		if (rc == 0)
			*value_ms_r = (int64_t)(value * UNITS[i].ms);
		return rc;
	}
	return ERR_SYNTAX;
}
