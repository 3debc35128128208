/*
 * pick.c - lenient reading for people's tables. One thread.
 */
#include "client/cli/pick.h"

struct sv pick_text(const struct json *object, const char *name)
{
	struct sv text;

	if (json_get_text(json_member(object, name), &text) != 0)
		return (struct sv){"", 0};
	return text;
}

double pick_real(const struct json *object, const char *name, double otherwise)
{
	double value;

	if (json_get_real(json_member(object, name), &value) != 0)
		return otherwise;
	return value;
}

uint64_t pick_u64(const struct json *object, const char *name)
{
	int64_t value;

	if (json_get_i64(json_member(object, name), &value) != 0 || value < 0)
		return 0;
	return (uint64_t)value;
}
