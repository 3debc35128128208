/* Any bytes as the query of /explain: refused with a reason, or what is named
 * is within its limits. */
#include "balancer/question.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct question q;

	if (question_parse(sv_of(data, size), &q) != NULL)
		return 0;
	if (!q.has_id && !q.query.has_ip)
		abort();
	if (q.has_id && (q.id.want < 1 || q.id.want > DRAW_MAX ||
			 q.id.family >= SNAPSHOT_FAMILIES))
		abort();
	for (unsigned i = 0; i < q.change_count; i++)
		if (!node_id_is_valid(sv_str(q.changes[i].name)) ||
		    q.changes[i].weight > NODE_WEIGHT_MAX ||
		    !(q.changes[i].bias_km >= -INTENT_BIAS_KM_MAX &&
		      q.changes[i].bias_km <= INTENT_BIAS_KM_MAX))
			abort();
	return 0;
}
