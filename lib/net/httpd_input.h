/* httpd_input.h - private to httpd*.c: from bytes to handled requests. */
#ifndef PERI_LIB_NET_HTTPD_INPUT_H
#define PERI_LIB_NET_HTTPD_INPUT_H

#include "lib/net/httpd_conn.h"

/*
 * httpd_input_take - parse and handle the requests in @bytes, as many as may be
 * handled now; the answers are in the server's scratch. The server's current
 * connection is @conn. Returns how many bytes are used up.
 */
size_t httpd_input_take(struct httpd_conn *conn, struct sv bytes);
/* httpd_input_request - @head and @body as handlers see them. */
struct httpd_request httpd_input_request(struct httpd_conn *conn,
					 const struct http1_request *head,
					 struct sv body);
/* httpd_input_dispatch - have @req answered, after all steps ahead. */
void httpd_input_dispatch(struct httpd_conn *conn, struct httpd_request *req);
/* httpd_input_drop_body - forget the request whose body is incomplete. */
void httpd_input_drop_body(struct httpd_conn *conn);

#endif
