/*
 * kappa.c - see the header. The window is a ring of buckets by report time; a
 * bucket counts while its number is less than KAPPA_BUCKETS behind the newest.
 */
#include "balancer/kappa.h"

#include <math.h>
#include <string.h>

#define WINDOW_RENEWS 4

struct kappa *kappa_of(struct kappa_table *table, struct sv service)
{
	struct kappa_row *row;

	for (unsigned i = 0; i < table->count; i++)
		if (sv_eq(service, sv_str(table->rows[i].service)))
			return &table->rows[i].kappa;
	if (table->count == KAPPA_SERVICES) {
		table->others.since_ms = INT64_MAX; /* see kappa_knows() */
		return &table->others;
	}
	row = &table->rows[table->count];
	/* No service has a longer name: records are checked. */
	if (sv_copy(service, row->service, sizeof(row->service)) == 0)
		table->count++;
	return &row->kappa;
}

static double in_force(const struct kappa *k)
{
	return k->in_force > 0 ? k->in_force : 1;
}

double kappa_step_s(const struct kappa *k, int64_t at_ms)
{
	return (double)(at_ms - k->built_at_ms) / 1000 / in_force(k);
}

bool kappa_knows(const struct kappa *k, int64_t at_ms)
{
	return k->since_ms > 0 && at_ms >= k->since_ms;
}

static bool counts(const struct kappa *k, unsigned bucket)
{
	return k->numbers[bucket] > k->newest - KAPPA_BUCKETS;
}

struct kappa_sums kappa_total(const struct kappa *k)
{
	struct kappa_sums total = {0, 0};

	for (unsigned i = 0; i < KAPPA_BUCKETS; i++) {
		if (!counts(k, i))
			continue;
		total.accepts += k->buckets[i].accepts;
		total.predicted += k->buckets[i].predicted;
	}
	return total;
}

void kappa_add(struct kappa *k, double accepts, double predicted, int64_t at_ms)
{
	int64_t number;
	unsigned i;

	if (k->bucket_ms <= 0 || at_ms < 0)
		return;
	number = at_ms / k->bucket_ms;
	i = (unsigned)(number % KAPPA_BUCKETS);
	if (number > k->newest)
		k->newest = number;
	if (number <= k->newest - KAPPA_BUCKETS)
		return;
	if (k->numbers[i] != number)
		k->buckets[i] = (struct kappa_sums){0, 0};
	k->numbers[i] = number;
	k->buckets[i].accepts += accepts;
	k->buckets[i].predicted += predicted;
}

void kappa_restore(struct kappa *k, const struct kappa_sums *sums,
		   int64_t now_ms)
{
	memset(k->buckets, 0, sizeof(k->buckets));
	if (k->bucket_ms == 0)
		k->bucket_ms = KAPPA_WINDOW_MS / KAPPA_BUCKETS;
	k->newest = 0;
	kappa_add(k, sums->accepts, sums->predicted, now_ms);
}

/* Another window: what is known counts as if it had just been reported. */
static void set_window(struct kappa *k, int64_t renew_ms, int64_t now_ms)
{
	int64_t window_ms = renew_ms * WINDOW_RENEWS;
	struct kappa_sums total = kappa_total(k);

	if (window_ms < KAPPA_WINDOW_MS)
		window_ms = KAPPA_WINDOW_MS;
	if (k->bucket_ms == window_ms / KAPPA_BUCKETS)
		return;
	k->bucket_ms = window_ms / KAPPA_BUCKETS;
	kappa_restore(k, &total, now_ms);
}

double kappa_renew(struct kappa *k, int64_t renew_ms, double demand_per_s,
		   int64_t now_ms)
{
	struct kappa_sums total;

	set_window(k, renew_ms, now_ms);
	total = kappa_total(k);
	k->in_force =
		fmin(KAPPA_MAX,
		     fmax(KAPPA_MIN, (total.accepts + KAPPA_PRIOR) /
					     (total.predicted + KAPPA_PRIOR)));
	k->built_at_ms = now_ms;
	if (k->since_ms == 0 && demand_per_s > 0)
		k->since_ms = now_ms;
	return k->in_force;
}
