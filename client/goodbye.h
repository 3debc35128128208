/*
 * goodbye.h - the server's last word (op 6): why it closes, when to come back
 * and where to go. Comes from outside: everything is capped. Pure.
 */
#ifndef PERI_CLIENT_GOODBYE_H
#define PERI_CLIENT_GOODBYE_H

#include "client/targets.h"

#define GOODBYE_REASON_BYTES 65
#define GOODBYE_RETRY_MAX_MS 3600000

struct goodbye {
	int32_t code;
	char reason[GOODBYE_REASON_BYTES]; /* printable ASCII or blanks */
	int64_t retry_ms;		   /* come back not earlier */
	struct targets *targets;	   /* owned; NULL = no node was named */
};

/*
 * goodbye_read - {"code","reason","retry_ms","nodes":[as in /resolve]}.
 *
 * A body that is no JSON object is a goodbye without details: it is one in any
 * case. goodbye_fini() frees what it holds.
 */
void goodbye_read(struct sv body, enum targets_families families,
		  struct goodbye *goodbye_r);
void goodbye_fini(struct goodbye *goodbye);

#endif
