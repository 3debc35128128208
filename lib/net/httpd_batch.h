/*
 * httpd_batch.h - private to httpd*.c: the input of several connections that
 * is handled together. One batch per server, on its loop's thread.
 */
#ifndef PERI_LIB_NET_HTTPD_BATCH_H
#define PERI_LIB_NET_HTTPD_BATCH_H

#include "lib/base/sv.h"

struct httpd;
struct httpd_batch;
struct httpd_conn;

/* httpd_batch_new - made with the server. httpd_batch_free - with it, when its
 * connections are gone. */
struct httpd_batch *httpd_batch_new(struct httpd *server);
void httpd_batch_free(struct httpd_batch *batch);

/* httpd_batch_read - read from @conn, which is between requests and has kept
 * nothing; what comes is handled before the turn ends, beside that of others.
 * @what is the event's. */
void httpd_batch_read(struct httpd_conn *conn, short what);

/* httpd_batch_pipeline - have the whole plain requests at the start of @bytes
 * handled that @conn, the server's current one, may have handled now: looked
 * ahead in side by side, answered in order into the server's scratch. Returns
 * how many bytes they took; 0: what comes first is none. */
size_t httpd_batch_pipeline(struct httpd_conn *conn, struct sv bytes);

#endif
