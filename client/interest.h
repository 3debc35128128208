/*
 * interest.h - how the machines of this folder say which sockets they wait
 * for, without knowing who waits: an epoll set of the handle's own
 * (perihelion.c) or one loop that drives thousands of links (demo-load).
 */
#ifndef PERI_CLIENT_INTEREST_H
#define PERI_CLIENT_INTEREST_H

enum interest_bits { INTEREST_NONE = 0, INTEREST_READ = 1, INTEREST_WRITE = 2 };

/*
 * Wait for @bits of @fd from now on (level-triggered), instead of what was
 * said before. INTEREST_NONE: forget it; comes before the fd is closed.
 */
typedef void interest_cb(int fd, unsigned bits, void *arg);

struct interest {
	interest_cb *set;
	void *arg;
};

static inline void interest_set(const struct interest *interest, int fd,
				unsigned bits)
{
	interest->set(fd, bits, interest->arg);
}

#endif
