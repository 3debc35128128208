/*
 * question.h - what the admin listener's /explain and /v1/geo may be asked: the
 * language of /resolve, an answer's id, and the changes of a what-if. Pure.
 */
#ifndef PERI_BALANCER_QUESTION_H
#define PERI_BALANCER_QUESTION_H

#include "balancer/answer_id.h"
#include "balancer/query.h"
#include "balancer/what_if.h"
#include "lib/proto/http1.h"

struct question {
	struct query query; /* host, ip, n, family, device */
	bool has_id;
	struct answer_id id; /* instead of all of it but ip */
	struct what_if_change changes[WHAT_IF_CHANGES_MAX];
	unsigned change_count;
	/* what the views above are of */
	char id_text[128];
	char query_text[HTTP1_TARGET_MAX];
};

/*
 * question_parse - read the query string @text.
 *
 * Returns NULL and *@question_r, or why it is refused: constant.
 */
MUST_CHECK const struct query_refusal_row *
question_parse(struct sv text, struct question *question_r);

/* question_parse_changes - the same for changes alone, one at least: of a
 * question about all clients. */
MUST_CHECK const struct query_refusal_row *
question_parse_changes(struct sv text, struct question *question_r);

#endif
