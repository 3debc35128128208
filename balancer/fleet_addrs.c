/*
 * fleet_addrs.c - see the header. Linear probing, at most three quarters full,
 * no tombstones. Invariant: from a slot's home to the slot no slot is empty.
 */
#include "balancer/fleet_addrs.h"

#include "balancer/fleet.h"
#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define SLOTS_MIN 64

struct fleet_addrs_slot {
	uint64_t hash;		    /* of the address; stands for it */
	struct fleet_node **handle; /* of a node; NULL = empty */
};

static uint64_t hash_of(const struct addr *addr)
{
	/* Who makes two addresses collide could name both. */
	static const struct hash_key key = {0x7065726968656c69ULL,
					    0x616464726573736eULL};
	char bytes[sizeof(addr->bytes) + 1];

	memcpy(bytes, addr->bytes, sizeof(addr->bytes));
	bytes[sizeof(addr->bytes)] = (char)addr->family;
	return hash_sip(&key, sv_of(bytes, sizeof(bytes)));
}

void fleet_addrs_fini(struct fleet_addrs *addrs)
{
	mem_free(addrs->slots);
	*addrs = (struct fleet_addrs){0};
}

static uint32_t next(const struct fleet_addrs *addrs, uint32_t at)
{
	return (at + 1) & (addrs->slot_count - 1);
}

static uint32_t home(const struct fleet_addrs *addrs, uint64_t hash)
{
	return (uint32_t)hash & (addrs->slot_count - 1);
}

static void put_slot(struct fleet_addrs *addrs,
		     const struct fleet_addrs_slot *slot)
{
	uint32_t at = home(addrs, slot->hash);

	while (addrs->slots[at].handle)
		at = next(addrs, at);
	addrs->slots[at] = *slot;
	addrs->used++;
}

static void grow(struct fleet_addrs *addrs)
{
	struct fleet_addrs old = *addrs;

	addrs->slot_count = old.slot_count ? 2 * old.slot_count : SLOTS_MIN;
	addrs->slots = mem_array(addrs->slot_count, sizeof(*addrs->slots));
	addrs->used = 0;
	for (uint32_t i = 0; i < old.slot_count; i++)
		if (old.slots[i].handle)
			put_slot(addrs, &old.slots[i]);
	fleet_addrs_fini(&old);
}

/* A whole fleet behind one address would make one endless chain. */
static bool is_crowded(const struct fleet_addrs *addrs, uint64_t hash)
{
	unsigned count = 0;

	for (uint32_t at = home(addrs, hash); addrs->slots[at].handle;
	     at = next(addrs, at))
		count += addrs->slots[at].hash == hash;
	return count >= FLEET_ADDRS_SHARED;
}

static void add_one(struct fleet_addrs *addrs, struct fleet_node *node,
		    const struct addr *addr)
{
	const struct fleet_addrs_slot slot = {hash_of(addr), node->handle};

	if (4 * (addrs->used + 1) > 3 * addrs->slot_count)
		grow(addrs);
	if (!is_crowded(addrs, slot.hash))
		put_slot(addrs, &slot);
}

/* What follows moves up wherever its home does not forbid it. */
static void empty_slot(struct fleet_addrs *addrs, uint32_t hole)
{
	uint32_t mask = addrs->slot_count - 1, at = hole;

	for (;;) {
		uint32_t from_home;

		at = next(addrs, at);
		if (!addrs->slots[at].handle)
			break;
		from_home = at - home(addrs, addrs->slots[at].hash);
		if ((from_home & mask) < ((at - hole) & mask))
			continue;
		addrs->slots[hole] = addrs->slots[at];
		hole = at;
	}
	addrs->slots[hole].handle = NULL;
	addrs->used--;
}

static void del_one(struct fleet_addrs *addrs, const struct fleet_node *node,
		    const struct addr *addr)
{
	uint64_t hash = hash_of(addr);
	uint32_t at;

	if (addrs->used == 0)
		return;
	for (at = home(addrs, hash); addrs->slots[at].handle;
	     at = next(addrs, at)) {
		if (addrs->slots[at].hash != hash ||
		    addrs->slots[at].handle != node->handle)
			continue;
		empty_slot(addrs, at);
		return;
	}
}

void fleet_addrs_add(struct fleet_addrs *addrs, struct fleet_node *node)
{
	const struct card_record *record = &node->card->record;

	for (unsigned i = 0; i < record->ipv4_count; i++)
		add_one(addrs, node, &record->ipv4[i]);
	for (unsigned i = 0; i < record->ipv6_count; i++)
		add_one(addrs, node, &record->ipv6[i]);
}

void fleet_addrs_del(struct fleet_addrs *addrs, const struct fleet_node *node)
{
	const struct card_record *record = &node->card->record;

	for (unsigned i = 0; i < record->ipv4_count; i++)
		del_one(addrs, node, &record->ipv4[i]);
	for (unsigned i = 0; i < record->ipv6_count; i++)
		del_one(addrs, node, &record->ipv6[i]);
}

unsigned fleet_addrs_find(const struct fleet_addrs *addrs,
			  const struct addr *addr, struct fleet_node **nodes_r)
{
	uint64_t hash = hash_of(addr);
	unsigned count = 0;
	uint32_t at;

	if (addrs->used == 0)
		return 0;
	for (at = home(addrs, hash); addrs->slots[at].handle;
	     at = next(addrs, at))
		if (addrs->slots[at].hash == hash)
			nodes_r[count++] = *addrs->slots[at].handle;
	return count;
}
