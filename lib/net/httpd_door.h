/* httpd_door.h - private to httpd*.c: who may come in, and who has to go. */
#ifndef PERI_LIB_NET_HTTPD_DOOR_H
#define PERI_LIB_NET_HTTPD_DOOR_H

#include "lib/net/httpd_conn.h"

/* Connections above conns_max that are open only to be refused. */
#define HTTPD_REFUSED_CONNS 256

/* httpd_door_init - make the server's table, if its limits want one. */
void httpd_door_init(struct httpd *server);
/* httpd_door_enter - let @conn in, whose peer is known, and hold its entry.
 * Returns false, counted, for one address too many or too bad. */
MUST_CHECK bool httpd_door_enter(struct httpd_conn *conn);
/* httpd_door_leave - the reverse; nothing when it holds none. */
void httpd_door_leave(struct httpd_conn *conn);
/* httpd_door_header - take the PROXY header at @bytes. Returns its length, 0 if
 * it is not whole; the connection may be dead or refused. */
size_t httpd_door_header(struct httpd_conn *conn, struct sv bytes);
/* httpd_door_note_bad - a request of @conn was refused: its connection is to
 * close if that was one too many. */
void httpd_door_note_bad(struct httpd_conn *conn);
/* httpd_door_is_barred - whether @conn deserves no courtesy. */
bool httpd_door_is_barred(const struct httpd_conn *conn);

#endif
