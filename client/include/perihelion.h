/*
 * perihelion.h - C client of Perihelion: where to connect, connecting,
 * authenticating, the adaptive heartbeat, reconnecting. No event loop is
 * forced on you: give poll(2) what perihelion_poll_fd() and
 * perihelion_next_ms() say and call perihelion_step(), or let
 * perihelion_run() do it. One client belongs to one thread.
 * (Shape to be completed by the client's author; opaque handles, stable ABI.)
 */
#ifndef PERIHELION_H
#define PERIHELION_H
#endif
