/*
 * lookup.c - getaddrinfo() in a detached thread. The thread owns its job and
 * its end of the socket pair; the answer is one datagram, so it is never
 * seen in parts. When the caller has gone the send fails and nobody cares.
 */
#include "client/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct answer {
	int rc;
	unsigned count;
	struct addr addrs[LOOKUP_ADDRS_MAX];
};

struct job {
	int fd;
	char name[LOOKUP_NAME_BYTES];
};

struct lookup {
	int fd;
	const struct interest *interest; /* borrowed */
};

static void collect(struct addrinfo *list, struct answer *answer)
{
	uint16_t port;

	for (struct addrinfo *a = list; a; a = a->ai_next) {
		if (answer->count < LOOKUP_ADDRS_MAX &&
		    addr_from_sockaddr(a->ai_addr,
				       &answer->addrs[answer->count],
				       &port) == 0)
			answer->count++;
	}
}

static void *run_job(void *arg)
{
	struct job *job = arg;
	struct answer answer = {0};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo(job->name, NULL, &hints, &list);

	if (rc == 0) {
		collect(list, &answer);
		freeaddrinfo(list);
	}
	if (rc == EAI_AGAIN || rc == EAI_SYSTEM)
		answer.rc = ERR_UNAVAILABLE;
	else if (answer.count == 0)
		answer.rc = ERR_NOTFOUND;
	(void)send(job->fd, &answer, sizeof(answer), MSG_NOSIGNAL);
	close(job->fd);
	mem_free(job);
	return NULL;
}

static int start_thread(struct job *job)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (rc != 0)
		return -rc;
	rc = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (rc == 0)
		rc = pthread_create(&thread, &attr, run_job, job);
	pthread_attr_destroy(&attr);
	return -rc;
}

int lookup_start(struct sv name, const struct interest *interest,
		 struct lookup **lookup_r)
{
	struct lookup *lookup;
	struct job *job = mem_alloc(sizeof(*job));
	int fds[2], rc;

	rc = sv_copy(name, job->name, sizeof(job->name));
	if (rc != 0)
		goto err_job;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0) {
		rc = -errno;
		goto err_job;
	}
	job->fd = fds[1];
	rc = start_thread(job);
	if (rc != 0)
		goto err_fds;
	lookup = mem_alloc(sizeof(*lookup));
	lookup->fd = fds[0];
	lookup->interest = interest;
	interest_set(interest, lookup->fd, INTEREST_READ);
	*lookup_r = lookup;
	return 0;
err_fds:
	close(fds[0]);
	close(fds[1]);
err_job:
	mem_free(job);
	return rc;
}

void lookup_free(struct lookup **lookup)
{
	if (!*lookup)
		return;
	interest_set((*lookup)->interest, (*lookup)->fd, INTEREST_NONE);
	close((*lookup)->fd);
	mem_free(*lookup);
	*lookup = NULL;
}

int lookup_result(struct lookup *lookup, struct addr *addrs_r,
		  unsigned *count_r)
{
	struct answer answer;
	ssize_t n = recv(lookup->fd, &answer, sizeof(answer), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_AGAIN;
	if (n != (ssize_t)sizeof(answer))
		return ERR_UNAVAILABLE;
	if (answer.rc != 0)
		return answer.rc;
	memcpy(addrs_r, answer.addrs, answer.count * sizeof(*addrs_r));
	*count_r = answer.count;
	return 0;
}
