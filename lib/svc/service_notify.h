/*
 * service_notify.h - tells the service manager about our state (the datagram
 * protocol of sd_notify(3), without its library). Does nothing when no
 * NOTIFY_SOCKET is set. Main thread.
 */
#ifndef PERI_LIB_SVC_SERVICE_NOTIFY_H
#define PERI_LIB_SVC_SERVICE_NOTIFY_H

/* service_notify_ready - "READY=1": started, or reloaded. */
void service_notify_ready(void);
/* service_notify_reloading - "RELOADING=1" with the monotonic time. */
void service_notify_reloading(void);
/* service_notify_stopping - "STOPPING=1". */
void service_notify_stopping(void);

#endif
