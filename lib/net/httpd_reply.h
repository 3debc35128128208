/* httpd_reply.h - private to httpd*.c: the bytes of answers. */
#ifndef PERI_LIB_NET_HTTPD_REPLY_H
#define PERI_LIB_NET_HTTPD_REPLY_H

#include "lib/net/httpd_conn.h"

/* httpd_reply_put - append a whole answer to @out and count it. */
void httpd_reply_put(struct httpd *server, struct buf *out,
		     const struct httpd_framing *framing, unsigned status,
		     const char *content_type, struct sv headers,
		     struct sv body);
/* httpd_reply_date - renew the server's head for this second. */
void httpd_reply_date(struct httpd *server);
/* httpd_reply_status - append status line and Date; counts the status. */
void httpd_reply_status(struct httpd *server, struct buf *out, unsigned status);
/* httpd_reply_connection - append the Connection header where one is due. */
void httpd_reply_connection(struct buf *out,
			    const struct httpd_framing *framing);

#endif
