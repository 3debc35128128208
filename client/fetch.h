/*
 * fetch.h - one HTTP/1.1 exchange as a machine that never blocks: connect,
 * send, read with limits, done. Whoever waits calls fetch_step() when a socket
 * of its interest is ready or fetch_due_ms() has come. One thread.
 */
#ifndef PERI_CLIENT_FETCH_H
#define PERI_CLIENT_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "client/interest.h"
#include "lib/base/addr.h"
#include "lib/base/buf.h"

struct fetch;

struct fetch_call {
	struct addr address;
	uint16_t port;
	struct sv host;		 /* for the Host header: name or address */
	struct sv target;	 /* path and query */
	struct sv if_none_match; /* an ETag; "" = no such header */
	struct sv method;	 /* "" = GET */
	struct sv headers;	 /* more lines, each with its CRLF; ours */
	struct sv body;		 /* with a method that has one */
	int64_t timeout_ms;	 /* of the whole exchange */
	int64_t silence_ms;	 /* > 0: a stream. Then timeout_ms holds until
				  * the first byte, this between two others. */
	size_t answer_max_bytes; /* of the body: a longer one is ERR_TOOBIG */
};

/* fetch_start - begin; everything of @call is copied. @interest is borrowed.
 * Returns the machine, owned by the caller (fetch_free()); an error that comes
 * at once is reported by fetch_result() like every other. */
struct fetch *fetch_start(const struct fetch_call *call,
			  const struct interest *interest, int64_t now_ms);
/* fetch_start_on - the same over @fd, a non-blocking stream socket that is
 * connected or connecting already; it is taken over. The address is ignored. */
struct fetch *fetch_start_on(int fd, const struct fetch_call *call,
			     const struct interest *interest, int64_t now_ms);
void fetch_free(struct fetch **fetch);

/* fetch_step - do what can be done now. */
void fetch_step(struct fetch *fetch, int64_t now_ms);

/* fetch_due_ms - when to step although no socket is ready. */
int64_t fetch_due_ms(const struct fetch *fetch);

/*
 * fetch_result - 0 when the whole answer is there, ERR_AGAIN before that;
 * -errno (connect, read), ERR_TIMEOUT, ERR_CLOSED (in the middle), ERR_SYNTAX
 * or ERR_TOOBIG (of the answer).
 */
int fetch_result(const struct fetch *fetch);

/* fetch_status - HTTP status once the head is there, else 0. */
unsigned fetch_status(const struct fetch *fetch);
/* fetch_body - the body, borrowed; when fetch_result() is 0. */
struct sv fetch_body(const struct fetch *fetch);
/* fetch_take_body - append what has come of a chunked body so far to @b and
 * forget it: for streams, which never end. */
void fetch_take_body(struct fetch *fetch, struct buf *b);
/* fetch_header - a header's value, borrowed; NULL ptr when absent. */
struct sv fetch_header(const struct fetch *fetch, struct sv name);

#endif
