/*
 * httpd_ahead.h - for handlers that wait for memory more than they work:
 * requests that come at one time are handled side by side.
 */
#ifndef PERI_LIB_NET_HTTPD_AHEAD_H
#define PERI_LIB_NET_HTTPD_AHEAD_H

#include "lib/net/httpd.h"

/* Requests of one batch: their slots are below it. */
#define HTTPD_BATCH 16

typedef void httpd_ahead_cb(struct httpd_request *req, unsigned step,
			    void *arg);

/*
 * httpd_look_ahead - have @ahead called @steps times before the handler.
 *
 * Requests that come at one time on several connections are handled in batches:
 * step 0 for each of them, then step 1 for each, and so on, then the handler
 * for each, all in one callback. So what one step asks for by
 * __builtin_prefetch() has come when the next one reads it. The same goes for
 * those of one pipeline; when the answer to one of them is its connection's
 * last, or comes later, those behind it have been looked ahead for in vain. A
 * request that comes alone goes through all steps too. Ahead does not answer.
 *
 * @ahead gets the request that the handler will get, and @arg is the handler's;
 * what a step found out can wait for the next one, and for the handler, at
 * index req->slot of an array of the caller's.
 */
void httpd_look_ahead(struct httpd *server, httpd_ahead_cb *ahead,
		      unsigned steps);

#endif
