/*
 * pauses.c - how long this machine keeps a program waiting that never waits:
 * looks at the clock again and again and prints the longest time between two
 * looks, in microseconds. Only tests/bench/resolve.py runs it.
 *
 * pauses SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	double last_s = now_s(), worst_s = 0, end_s;

	if (argc != 2)
		return 2;
	end_s = last_s + strtod(argv[1], NULL);
	while (last_s < end_s) {
		double at_s = now_s();

		if (at_s - last_s > worst_s)
			worst_s = at_s - last_s;
		last_s = at_s;
	}
	printf("%.0f\n", worst_s * 1e6);
	return 0;
}
