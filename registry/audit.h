/*
 * audit.h - who changed what on the admin listener, and why: the newest
 * entries in memory, all that the store keeps. An entry is JSON text from the
 * beginning, so that what is shown is what was written. Loop thread.
 *
 *   {"seq","wall_s","by","role","from","action","target","before":INTENT|null,
 *    "after":INTENT|null,"reason"}
 */
#ifndef PERI_REGISTRY_AUDIT_H
#define PERI_REGISTRY_AUDIT_H

#include "registry/store.h"

#define AUDIT_JSON_MAX (2 * INTENT_JSON_MAX + 4096) /* bytes of one entry */

struct audit;

/* Who does it; borrowed texts. */
struct audit_actor {
	const char *by;	  /* the name of who logged in */
	const char *role; /* as which */
	const char *from; /* address */
};

/* One entry to be made; borrowed. */
struct audit_event {
	struct audit_actor actor;
	const char *action;		     /* "intent.put", "login", ... */
	const char *target;		     /* "node/x", "region/y" or "" */
	const char *reason;		     /* for people, may be "" */
	const struct intent *before, *after; /* NULL = none */
	int64_t wall_s;
};

/* audit_new - empty. Owned by the caller. */
struct audit *audit_new(void);
void audit_free(struct audit **audit);

/*
 * audit_render - give @event the next number and its JSON text.
 *
 * @json     out: appended, at most AUDIT_JSON_MAX bytes
 * @entry_r  out: borrows from @event and @json
 */
void audit_render(struct audit *audit, const struct audit_event *event,
		  struct buf *json, struct store_audit *entry_r);
/* audit_keep - show @entry (copied) from now on, at its place: it is durable.
 * Numbers given away after that of a restored one are larger. */
void audit_keep(struct audit *audit, const struct store_audit *entry);
/* audit_write - both for what no change hangs on (log-ins): on its way to
 * @store, and shown. Who calls bounds how often. */
void audit_write(struct audit *audit, struct store *store,
		 const struct audit_event *event);

/* Which entries. */
struct audit_filter {
	uint64_t after;	  /* numbers above; 0 = the newest ones */
	uint64_t below;	  /* numbers below; 0 = no bound */
	struct sv target; /* empty = all */
	size_t limit;
};

/*
 * audit_read - the elements of a JSON array, in the order of their numbers.
 *
 * @more_r  out: whether there are others on the side where the limit cut:
 *	    behind these when filter->after is set, else before them
 *
 * Returns the number of the last one, or filter->after when there is none.
 */
uint64_t audit_read(const struct audit *audit,
		    const struct audit_filter *filter, struct buf *out,
		    bool *more_r);

#endif
