/*
 * suspects.c - see the header. Who reported a node lately is kept in a table
 * of fixed size, four places a set: with more nodes under report than it holds
 * the one that was silent for longest makes room.
 */
#include "balancer/suspects.h"

#include "lib/base/def.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define WAYS	     4
#define SETS	     1024
#define ALLOWED_PART 5 /* one node of so many */

/* The networks that reported a node last. */
struct watch {
	uint64_t node; /* its card's id_hash; 0 = nobody's */
	int64_t heard_at_ms;
	uint64_t network[SUSPECTS_NETWORKS]; /* 0 = none */
	int64_t at_ms[SUSPECTS_NETWORKS];
};

struct suspects {
	struct suspects_counts counts;
	struct watch watches[SETS][WAYS];
};

struct suspects *suspects_new(void)
{
	return mem_alloc(sizeof(struct suspects));
}

void suspects_free(struct suspects **suspects)
{
	mem_free(*suspects);
	*suspects = NULL;
}

static struct watch *watch_of(struct suspects *suspects, uint64_t node,
			      int64_t now_ms)
{
	struct watch *set = suspects->watches[hash_mix(node) % SETS];
	struct watch *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].node == node)
			return &set[i];
		if (set[i].heard_at_ms < oldest->heard_at_ms)
			oldest = &set[i];
	}
	*oldest = (struct watch){.node = node, .heard_at_ms = now_ms};
	return oldest;
}

/* Note @network, in place of itself or of the oldest. */
static void note(struct watch *watch, uint64_t network, int64_t now_ms)
{
	unsigned at = 0;

	for (unsigned i = 0; i < SUSPECTS_NETWORKS; i++) {
		if (watch->network[i] == network) {
			at = i;
			break;
		}
		if (!watch->network[i] || watch->at_ms[i] < watch->at_ms[at])
			at = i;
	}
	watch->network[at] = network;
	watch->at_ms[at] = now_ms;
	watch->heard_at_ms = now_ms;
}

static bool is_enough(const struct watch *watch, int64_t now_ms)
{
	for (unsigned i = 0; i < SUSPECTS_NETWORKS; i++)
		if (!watch->network[i] ||
		    now_ms - watch->at_ms[i] > SUSPECTS_WINDOW_MS)
			return false;
	return true;
}

/* Returns whether @node just became doubted. */
static bool doubt(struct suspects *suspects, struct fleet_node *node,
		  uint64_t network, int64_t now_ms)
{
	struct watch *watch = watch_of(suspects, node->card->id_hash, now_ms);
	bool was_doubted = node->doubted_until_ms > now_ms;

	note(watch, network, now_ms);
	if (!is_enough(watch, now_ms))
		return false;
	node->doubted_until_ms = now_ms + SUSPECTS_DOUBT_MS;
	suspects->counts.doubts += !was_doubted;
	return !was_doubted;
}

bool suspects_report(struct suspects *suspects, struct fleet *fleet,
		     const struct suspects_report *report, int64_t now_ms)
{
	struct fleet_node *nodes[FLEET_ADDRS_SHARED];
	unsigned count = fleet_find_addr(fleet, &report->node, nodes);
	uint64_t network = addr_network(&report->reporter);
	bool news = false, known = false;

	for (unsigned i = 0; i < count; i++) {
		const char *service = nodes[i]->card->record.service;

		if (hash_text(sv_str(service)) != report->service_hash)
			continue;
		known = true;
		news |= doubt(suspects, nodes[i], network, now_ms);
	}
	suspects->counts.reports++;
	suspects->counts.unknown += !known;
	return news;
}

uint32_t suspects_allowed(uint32_t up_count)
{
	if (up_count < ALLOWED_PART)
		return up_count > 1;
	return up_count / ALLOWED_PART;
}

const struct suspects_counts *suspects_counts(const struct suspects *suspects)
{
	return &suspects->counts;
}
