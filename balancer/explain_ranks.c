/*
 * explain_ranks.c - see the header.
 */
#include "balancer/explain_ranks.h"

struct explain_ranks explain_ranks_of(const struct draw_query *query,
				      const struct draw_list *list)
{
	const struct snapshot_service *service = query->service;
	struct explain_ranks ranks = {.service = service};

	if (list->anywhere) {
		ranks.count = service->anywhere_count;
		return ranks;
	}
	ranks.cell = &service->cells[query->cell < service->cell_count
					     ? query->cell
					     : CELLMAP_UNKNOWN];
	ranks.count = ranks.cell->candidate_count;
	return ranks;
}

uint32_t explain_ranks_site(const struct explain_ranks *ranks, uint32_t rank)
{
	return ranks->cell ? ranks->cell->site[rank]
			   : ranks->service->anywhere[rank].site;
}

static uint32_t upto(const struct explain_ranks *ranks, uint32_t rank)
{
	return ranks->cell ? ranks->cell->cumulative[rank]
			   : ranks->service->anywhere[rank].cumulative;
}

double explain_ranks_share(const struct explain_ranks *ranks, uint32_t rank)
{
	uint32_t before = rank > 0 ? upto(ranks, rank - 1) : 0;

	return (double)(upto(ranks, rank) - before) / SNAPSHOT_TOP;
}

void explain_ranks_put_name(struct jsonw *w, const char *key,
			    const struct snapshot_site *site)
{
	char text[2 * NODE_ID_BYTES];
	struct buf b;

	buf_init_fixed(&b, text, sizeof(text));
	buf_str(&b, site->region);
	if (*site->zone) {
		buf_char(&b, '/');
		buf_str(&b, site->zone);
	}
	jsonw_text(w, key, buf_view(&b));
}
