/*
 * answer_id.c - see the header. Written for every answer: digits only.
 */
#include "balancer/answer_id.h"

#include <assert.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

#define KEY_DIGITS  16
#define DRAW_DIGITS 7

/* One digit each. */
static_assert(SNAPSHOT_SERVICES <= 16, "services fit");
static_assert(SNAPSHOT_FAMILIES <= 16, "families fit");
static_assert(DRAW_MAX <= 16, "counts fit");

void answer_id_fill(char *tail, const struct answer_id *id)
{
	uint32_t draw = (uint32_t)id->cell << 12 | (uint32_t)id->service << 8 |
			(uint32_t)id->family << 4 | (id->want - 1U);
	struct buf b;

	buf_init_fixed(&b, tail, sizeof(ANSWER_ID_TAIL) - 1);
	buf_hex(&b, id->key, KEY_DIGITS);
	buf_char(&b, ':');
	buf_hex(&b, draw, DRAW_DIGITS);
}

static bool read_draw(uint64_t draw, struct answer_id *id_r)
{
	id_r->cell = (uint16_t)(draw >> 12);
	id_r->service = draw >> 8 & 15;
	id_r->family = (enum snapshot_family)(draw >> 4 & 15);
	id_r->want = (uint8_t)((draw & 15) + 1);
	return id_r->family < SNAPSHOT_FAMILIES;
}

int answer_id_parse(struct sv text, struct answer_id *id_r)
{
	struct sv number, key;
	uint64_t value, draw;

	id_r->balancer = sv_cut(&text, ':');
	number = sv_cut(&text, ':');
	key = sv_cut(&text, ':');
	if (id_r->balancer.len == 0 || key.len != KEY_DIGITS ||
	    text.len != DRAW_DIGITS || num_u64(number, UINT32_MAX, &value) ||
	    num_hex(key, &id_r->key) || num_hex(text, &draw) ||
	    !read_draw(draw, id_r))
		return ERR_SYNTAX;
	id_r->number = (uint32_t)value;
	return 0;
}
