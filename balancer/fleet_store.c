/*
 * fleet_store.c - one large block, and slabs for nodes that came later.
 */
#include "balancer/fleet_store.h"

#include "balancer/fleet.h"
#include "lib/base/mem.h"

#define SLAB_NODES 256
/* One in so many may lie apart. */
#define APART_PART 16

static void free_all(struct fleet_store *store)
{
	for (unsigned i = 0; i < store->slab_count; i++)
		mem_free(store->slabs[i]);
	mem_free(store->slabs);
	mem_free_huge(store->block);
}

void fleet_store_fini(struct fleet_store *store)
{
	free_all(store);
	*store = (struct fleet_store){0};
}

struct fleet_node *fleet_store_take(struct fleet_store *store)
{
	if (store->taken == store->slab_count * SLAB_NODES) {
		store->slabs = mem_grow(store->slabs, store->slab_count + 1,
					sizeof(*store->slabs));
		store->slabs[store->slab_count++] =
			mem_array(SLAB_NODES, sizeof(struct fleet_node));
	}
	store->taken++;
	return &store->slabs[store->slab_count - 1]
			    [(store->taken - 1) % SLAB_NODES];
}

bool fleet_store_is_scattered(const struct fleet_store *store, unsigned count)
{
	return store->taken > count / APART_PART;
}

void fleet_store_arrange(struct fleet_store *store, struct fleet_node **nodes,
			 unsigned count)
{
	struct fleet_node *block =
		mem_array_huge(count, sizeof(struct fleet_node));

	for (unsigned i = 0; i < count; i++) {
		block[i] = *nodes[i];
		*block[i].handle = &block[i];
		nodes[i] = &block[i];
	}
	free_all(store);
	*store = (struct fleet_store){.block = block};
}
