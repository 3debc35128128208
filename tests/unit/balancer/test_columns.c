/*
 * test_columns.c - an array comes back member by member, and likeness is small.
 */
#include "balancer/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"

struct elem {
	uint64_t eight;
	double shown;
	double exact;
	uint32_t four;
	uint16_t two;
	uint8_t one;
	uint8_t other; /* in no column */
};

static const struct column members[] = {
	COLUMN(elem, eight), {offsetof(struct elem, shown), 8, 2},
	COLUMN(elem, exact), COLUMN(elem, four),
	COLUMN(elem, two),   COLUMN(elem, one),
};
static const struct columns columns = {members, ARRAY_LEN(members),
				       sizeof(struct elem)};

static double any_double(struct rng *rng)
{
	static const double odd[] = {0,	  -0.0,	 1e300,	   -1e300,
				     0.5, 1e-30, INFINITY, -0.005};

	if (rng_below(rng, 4) == 0)
		return odd[rng_below(rng, ARRAY_LEN(odd))];
	return (rng_unit(rng) - 0.5) * 1e6;
}

static void randomise(struct elem *e, struct rng *rng)
{
	e->eight = rng_u64(rng) >> rng_below(rng, 64);
	e->shown = (rng_unit(rng) - 0.5) * 1e7;
	e->exact = any_double(rng);
	e->four = (uint32_t)rng_u64(rng);
	e->two = (uint16_t)rng_u64(rng);
	e->one = (uint8_t)rng_u64(rng);
	e->other = (uint8_t)rng_u64(rng);
}

static void check(const struct elem *got, const struct elem *want,
		  const struct elem *base)
{
	assert_int_equal(got->eight, want->eight);
	assert_memory_equal(&got->exact, &want->exact, sizeof(got->exact));
	assert_int_equal(got->four, want->four);
	assert_int_equal(got->two, want->two);
	assert_int_equal(got->one, want->one);
	assert_int_equal(got->other, base->other);
	assert_true(fabs(got->shown - want->shown) <= 0.005001);
}

/* One element in @part differs. */
static void round_trip(unsigned count, unsigned part, struct rng *rng)
{
	struct elem *base = mem_array(count + 1U, sizeof(*base));
	struct elem *target = mem_array(count + 1U, sizeof(*target));
	struct elem *got;
	struct buf out;

	buf_init(&out, 1 << 20);
	for (unsigned i = 0; i < count; i++) {
		randomise(&base[i], rng);
		target[i] = base[i];
		if (rng_below(rng, part) == 0)
			randomise(&target[i], rng);
	}
	columns_put(&out, &columns, base, target, count);
	assert_false(out.failed);
	got = mem_dup(base, (count + 1U) * sizeof(*base));
	assert_ptr_equal(columns_apply(&columns, got, count, out.data),
			 out.data + out.len);
	for (unsigned i = 0; i < count; i++)
		check(&got[i], &target[i], &base[i]);
	buf_fini(&out);
	mem_free(base);
	mem_free(target);
	mem_free(got);
}

static void test_round_trip(void **state)
{
	static const unsigned counts[] = {1, 7, 8, 9, 255, 256, 257, 1000};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (unsigned i = 0; i < ARRAY_LEN(counts); i++)
		for (unsigned part = 1; part < 600; part = part * 3 + 1)
			round_trip(counts[i], part, &rng);
}

/* What was shown rounded is rounded the same way when it is done again. */
static void test_rounding_settles(void **state)
{
	struct elem a = {.shown = 1.125}, b = {.shown = 7.344999};
	struct elem at = a;
	struct buf out, back;

	(void)state;
	buf_init(&out, 4096);
	buf_init(&back, 4096);
	columns_put(&out, &columns, &a, &b, 1);
	columns_put(&back, &columns, &b, &a, 1);
	for (unsigned i = 0; i < 100; i++) {
		columns_apply(&columns, &at, 1, out.data);
		assert_true(at.shown == 7.34);
		columns_apply(&columns, &at, 1, back.data);
		assert_true(at.shown == 1.13);
	}
	buf_fini(&out);
	buf_fini(&back);
}

static size_t bytes_of(const struct elem *base, const struct elem *target,
		       unsigned count)
{
	struct buf out;
	size_t bytes;

	buf_init(&out, 1 << 20);
	columns_put(&out, &columns, base, target, count);
	bytes = out.len;
	buf_fini(&out);
	return bytes;
}

static void test_likeness_is_small(void **state)
{
	static struct elem base[1024], target[1024];

	(void)state;
	assert_int_equal(bytes_of(base, target, 1024), 4); /* a byte a block */
	for (unsigned i = 0; i < 1024; i++)
		target[i].four =
			123456789; /* all change alike: one byte each */
	assert_true(bytes_of(base, target, 1024) < 1024 + 4 * (1 + 6 + 32) + 5);
}

/* One member of one element differs, or something that is in no column: the
 * others are not written, and not touched when it is applied. */
static void test_one_member(void **state)
{
	static struct elem base[300], target[300], got[300];
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	target[7].two = 5;
	target[7].other = 1; /* in no column */
	target[299].other = 1;
	columns_put(&out, &columns, base, target, 300);
	got[7].other = 2;
	assert_ptr_equal(columns_apply(&columns, got, 300, out.data),
			 out.data + out.len);
	assert_int_equal(got[7].two, 5);
	assert_int_equal(got[7].other, 2);
	got[7] = base[7];
	assert_memory_equal(got, base, sizeof(got));
	/* the block with the member; the one with nothing that is kept */
	assert_int_equal(out.len, 2 * (1 + ARRAY_LEN(members)) + 32 + 1);
	buf_fini(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_rounding_settles),
		cmocka_unit_test(test_one_member),
		cmocka_unit_test(test_likeness_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
