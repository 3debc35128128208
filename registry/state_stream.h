/*
 * state_stream.h - who reads the whole picture (/v1/state): a large fleet's is
 * written piece by piece, as fast as its reader takes it, so that the loop
 * turns in between. What changes meanwhile comes with the events behind the
 * picture's id. Loop thread.
 */
#ifndef PERI_REGISTRY_STATE_STREAM_H
#define PERI_REGISTRY_STATE_STREAM_H

#include "lib/net/httpd.h"

#define STATE_STREAM_READERS_MAX 32

struct pulse;
struct state_streams;

/* state_stream_new - nobody reads. @pulse is borrowed and outlives it. */
struct state_streams *state_stream_new(struct pulse *pulse, struct loop *loop);
/* state_stream_free - ends all. Before the httpd. */
void state_stream_free(struct state_streams **streams);

/* state_stream_answer - answer @req with the picture. Returns 0, or ERR_LIMIT
 * when too many read it now: then the request is not answered. */
MUST_CHECK int state_stream_answer(struct state_streams *streams,
				   struct httpd_request *req);

#endif
