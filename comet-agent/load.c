/*
 * load.c - processor use of the whole machine: what matters to a client is
 * whether the machine has time, whoever uses it.
 */
#include "comet-agent/load.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

/* user nice system idle iowait irq softirq steal; guest is within user. */
#define COLUMNS	    8
#define COLUMN_IDLE 3
#define COLUMN_WAIT 4

int load_cpu_parse(struct sv text, struct load_cpu *cpu_r)
{
	struct sv line = sv_cut(&text, '\n');
	struct load_cpu cpu = {0};
	uint64_t ticks;

	if (!sv_eq(sv_cut(&line, ' '), SV("cpu")))
		return ERR_SYNTAX;
	line = sv_trim(line);
	for (unsigned i = 0; i < COLUMNS; i++) {
		if (num_u64(sv_cut(&line, ' '), UINT64_MAX / COLUMNS, &ticks))
			return ERR_SYNTAX;
		cpu.total += ticks;
		if (i != COLUMN_IDLE && i != COLUMN_WAIT)
			cpu.busy += ticks;
	}
	*cpu_r = cpu;
	return 0;
}

double load_cpu_pct(const struct load_cpu *before, const struct load_cpu *after)
{
	uint64_t total = after->total - before->total;
	uint64_t busy = after->busy - before->busy;

	/* Steal time may be corrected backwards; then nothing is said. */
	if (before->total == 0 || after->total <= before->total ||
	    after->busy < before->busy || busy > total)
		return -1;
	return 100.0 * (double)busy / (double)total;
}

static int read_cpu(struct load_cpu *cpu_r)
{
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t len;

	if (fd < 0)
		return ERR_NOTFOUND;
	len = read(fd, text, sizeof(text));
	close(fd);
	return len > 0 ? load_cpu_parse(sv_of(text, (size_t)len), cpu_r)
		       : ERR_SYNTAX;
}

double load_cpu_sample(struct load_cpu *cpu)
{
	struct load_cpu now;
	double pct;

	if (read_cpu(&now))
		return -1;
	pct = load_cpu_pct(cpu, &now);
	*cpu = now;
	return pct;
}
