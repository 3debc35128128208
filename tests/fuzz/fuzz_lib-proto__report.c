/* Reports of balancers that may be anything: what is taken is within its
 * limits, and is taken again after it was written. */
#include <assert.h>
#include <stdint.h>

#include "lib/proto/report.h"

static void write_again(const struct report *report)
{
	struct report again;
	struct json_problem p;
	struct jsonw w;
	struct buf b;

	buf_init(&b, 1 << 20);
	jsonw_init(&w, &b);
	jsonw_object(&w, NULL);
	report_put(&w, report);
	jsonw_object_end(&w);
	assert(!b.failed);
	assert(report_decode(buf_view(&b), &again, &p) == 0);
	assert(again.areas.count == report->areas.count);
	report_fini(&again);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_problem p = {.rc = 0};
	struct report report;
	int rc = report_decode(sv_of(data, size), &report, &p);

	if (rc != 0) {
		assert(p.rc == rc && p.rule[0]);
		return 0;
	}
	assert(report.boot_epoch > 0);
	assert(report.sites.count <= REPORT_SITES_MAX);
	for (unsigned i = 0; i < report.sites.count; i++)
		assert(node_id_is_valid(sv_str(report.sites.items[i].region)));
	write_again(&report);
	report_fini(&report);
	return 0;
}
