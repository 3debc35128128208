/*
 * sse.h - server-sent events out of a stream's pieces (WHATWG HTML 9.2): lines
 * may be cut anywhere. Pure.
 */
#ifndef PERI_CLIENT_CLI_SSE_H
#define PERI_CLIENT_CLI_SSE_H

#include "lib/base/buf.h"

#define SSE_LINE_MAX   (1u << 20)
#define SSE_ID_BYTES   64
#define SSE_NAME_BYTES 32

struct sse {
	struct buf line, data;
	char id[SSE_ID_BYTES];	   /* the last one seen, "" = none */
	char name[SSE_NAME_BYTES]; /* of the event that is being read */
	bool too_long;		   /* line or data: it is left out */
	bool after_cr;
};

/* One event. @id, @name ("message" when there is none) and @data are borrowed
 * until it returns. */
typedef void sse_event_cb(const char *name, struct sv data, void *arg);

/* sse_init - nothing read yet; sse_fini() frees what is kept. */
void sse_init(struct sse *sse);
void sse_fini(struct sse *sse);

/* sse_begin - a new stream goes on where the last one ended: what was begun is
 * forgotten, the id stays. */
void sse_begin(struct sse *sse);

/* sse_feed - read @piece; @event is called for each that is whole. Events whose
 * data or line is longer than SSE_LINE_MAX are left out. */
void sse_feed(struct sse *sse, struct sv piece, sse_event_cb *event, void *arg);

#endif
