/*
 * load.h - how busy this machine is, for the renewals. Main thread.
 */
#ifndef PERI_COMET_AGENT_LOAD_H
#define PERI_COMET_AGENT_LOAD_H

#include <stdint.h>

#include "lib/base/sv.h"

/* Processor time since boot, in the kernel's ticks; zeroed = none read yet. */
struct load_cpu {
	uint64_t busy, total;
};

/* load_cpu_parse - the first line of /proc/stat. Returns 0 or ERR_SYNTAX. */
MUST_CHECK int load_cpu_parse(struct sv text, struct load_cpu *cpu_r);

/* load_cpu_pct - share of all cores in use from @before to @after, 0..100;
 * -1 when nothing can be said. */
double load_cpu_pct(const struct load_cpu *before,
		    const struct load_cpu *after);

/* load_cpu_sample - share in use since the last call with this @cpu, which is
 * updated; -1 the first time or when the system does not tell. */
double load_cpu_sample(struct load_cpu *cpu);

#endif
