/*
 * registry_store.h - the daemon's store at its start: where the file is, and
 * what it holds into the tables. Main loop.
 */
#ifndef PERI_REGISTRY_REGISTRY_STORE_H
#define PERI_REGISTRY_REGISTRY_STORE_H

#include "lib/base/def.h"

struct registry;

/* registry_store_open - r->store is STATE_DIR/registry.db; the folder is made.
 * Returns 0 or what is wrong with it (logged). */
MUST_CHECK int registry_store_open(struct registry *r);

/* registry_store_load - turn the loop until the store has given everything.
 * Returns 0; ERR_CLOSED when the program was told to stop meanwhile; or why not
 * everything could be read (logged). */
MUST_CHECK int registry_store_load(struct registry *r);

#endif
