/*
 * geodb_visits.h - for the tests of geo/geodb.c: the small databases of
 * tests/data. Include after cmocka.h.
 */
#ifndef PERI_TESTS_UNIT_GEO_GEODB_VISITS_H
#define PERI_TESTS_UNIT_GEO_GEODB_VISITS_H

#include "geo/geodb.h"

#define DATA	    "tests/data/mmdb/"
#define BYTES(text) text, sizeof(text) - 1

static inline struct geodb *open_db(const char *file)
{
	struct geodb *db = NULL;
	struct buf path, why;

	buf_init(&path, 256);
	buf_init(&why, 1024);
	buf_str(&path, DATA);
	buf_str(&path, file);
	if (geodb_open(buf_cstr(&path), GEODB_CITY, &db, &why) < 0)
		fail_msg("%s", buf_cstr(&why));
	buf_fini(&path);
	buf_fini(&why);
	return db;
}

/* A network as it was visited. */
struct visited {
	char text[ADDR_TEXT_MAX + 4];
	uint64_t record;
	struct geodb_place place;
};

struct visits {
	struct visited list[200];
	unsigned count, stop_at;
};

static inline int keep(const struct addr_prefix *network, uint64_t record,
		       const struct geodb_place *place, void *arg)
{
	struct visits *v = arg;
	struct visited *to = &v->list[v->count++];
	struct buf b;

	assert_true(v->count < ARRAY_LEN(v->list));
	buf_init_fixed(&b, to->text, sizeof(to->text));
	addr_put(&b, &network->base);
	buf_printf(&b, "/%u", (unsigned)network->bits);
	(void)buf_cstr(&b);
	to->record = record;
	to->place = *place;
	return v->count == v->stop_at ? 77 : 0;
}

static inline void visit_all(struct geodb *db, struct visits *v)
{
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	rc = geodb_visit(db, keep, v, &why);
	if (rc != (v->stop_at ? 77 : 0))
		fail_msg("%d: %s", rc, buf_cstr(&why));
	buf_fini(&why);
}

#endif
