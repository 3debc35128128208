/*
 * idset.h - finds the dense id (0, 1, 2, ...) of a thing by its content. The
 * things themselves live in the caller's array, so a set is four bytes of
 * hash and four of id a slot; millions of look-ups a second while a map is
 * built are why this is not a general hash table. One thread.
 */
#ifndef PERI_GEO_IDSET_H
#define PERI_GEO_IDSET_H

#include <stdbool.h>
#include <stdint.h>

#define IDSET_NONE UINT32_MAX

struct idset_slot {
	uint32_t hash;
	uint32_t id; /* IDSET_NONE = free */
};

struct idset {
	struct idset_slot *slots; /* owned */
	uint32_t mask;		  /* slots - 1, a power of two less one */
	uint32_t count;
};

/* Whether thing @id is the one described by @wanted. */
typedef bool idset_eq_cb(uint32_t id, const void *wanted, const void *arg);

/* idset_init - an empty set in the caller's storage. */
void idset_init(struct idset *set);
/* idset_fini - free it; a zeroed struct is allowed. */
void idset_fini(struct idset *set);

/* idset_find - the id of the thing with @hash that @eq accepts, or IDSET_NONE.
 * @hash is used as it is: all its bits must be mixed. */
uint32_t idset_find(const struct idset *set, uint32_t hash, idset_eq_cb *eq,
		    const void *wanted, const void *arg);

/* idset_add - remember @id, which must not be there yet. */
void idset_add(struct idset *set, uint32_t hash, uint32_t id);

#endif
