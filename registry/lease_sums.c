/*
 * lease_sums.c - sums by group. Invariant: a group is in the table while at
 * least one lease has joined it. Pure; the loop's thread.
 */
#include "registry/lease_sums.h"

#include <assert.h>

#include "registry/id_hash.h"

struct lease_group {
	struct lease_sum sum;
	uint32_t leases;
	char name[NODE_ID_BYTES];
	UT_hash_handle hh;
};

struct lease_sums {
	struct lease_group *groups;
	struct hash_key hash_key;
};

struct lease_sums *lease_sums_new(void)
{
	struct lease_sums *sums = mem_alloc(sizeof(*sums));

	sums->hash_key = id_hash_key();
	return sums;
}

static void group_free(struct lease_sums *sums, struct lease_group *group)
{
	HASH_DEL(sums->groups, group);
	mem_free(group);
}

void lease_sums_free(struct lease_sums **sums)
{
	struct lease_group *group, *next;

	if (!*sums)
		return;
	HASH_ITER(hh, (*sums)->groups, group, next)
	group_free(*sums, group);
	mem_free(*sums);
	*sums = NULL;
}

static struct lease_group *group_find(const struct lease_sums *sums,
				      struct sv name)
{
	struct lease_group *group;
	unsigned hash = id_hash(&sums->hash_key, name);

	HASH_FIND_BYHASHVALUE(hh, sums->groups, name.ptr, name.len, hash,
			      group);
	return group;
}

static struct lease_group *group_new(struct lease_sums *sums, struct sv name)
{
	struct lease_group *group = mem_alloc(sizeof(*group));
	unsigned hash = id_hash(&sums->hash_key, name);
	int rc = sv_copy(name, group->name, sizeof(group->name));

	assert(rc == 0); /* a checked record's names fit */
	group->sum.name = group->name;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, sums->groups, group->name, name.len,
				    hash, group);
	return group;
}

static void share_add(struct lease_sum *sum, const struct lease_share *share)
{
	sum->nodes[share->state]++;
	if (share->state == NODE_DOWN)
		return;
	sum->conns += share->conns;
	sum->capacity += share->capacity;
	sum->weight += share->weight;
}

static void share_del(struct lease_sum *sum, const struct lease_share *share)
{
	assert(sum->nodes[share->state] > 0);
	sum->nodes[share->state]--;
	if (share->state == NODE_DOWN)
		return;
	sum->conns -= share->conns;
	sum->capacity -= share->capacity;
	sum->weight -= share->weight;
}

struct lease_group *lease_sums_join(struct lease_sums *sums, const char *name,
				    const struct lease_share *share)
{
	struct lease_group *group = group_find(sums, sv_str(name));

	if (!group)
		group = group_new(sums, sv_str(name));
	group->leases++;
	share_add(&group->sum, share);
	return group;
}

void lease_sums_leave(struct lease_sums *sums, struct lease_group *group,
		      const struct lease_share *share)
{
	share_del(&group->sum, share);
	if (--group->leases == 0)
		group_free(sums, group);
}

void lease_sums_update(struct lease_group *group,
		       const struct lease_share *before,
		       const struct lease_share *after)
{
	share_del(&group->sum, before);
	share_add(&group->sum, after);
}

const struct lease_sum *lease_sums_find(const struct lease_sums *sums,
					const char *name)
{
	const struct lease_group *group = group_find(sums, sv_str(name));

	return group ? &group->sum : NULL;
}

size_t lease_sums_count(const struct lease_sums *sums)
{
	return HASH_COUNT(sums->groups);
}

void lease_sums_each(const struct lease_sums *sums, lease_sums_visit_cb *visit,
		     void *arg)
{
	const struct lease_group *group;

	for (group = sums->groups; group; group = group->hh.next)
		visit(&group->sum, arg);
}
