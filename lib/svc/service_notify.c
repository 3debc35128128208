/*
 * service_notify.c - one datagram each; failures are nobody's business here.
 */
#include "lib/svc/service_notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clk.h"

static void notify(struct sv message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@') /* the abstract name space */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, message.ptr, message.len, MSG_NOSIGNAL,
		     (const struct sockaddr *)&to,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

void service_notify_ready(void)
{
	notify(SV("READY=1"));
}

void service_notify_reloading(void)
{
	char storage[80];
	struct buf message;

	buf_init_fixed(&message, storage, sizeof(storage));
	buf_str(&message, "RELOADING=1\nMONOTONIC_USEC=");
	buf_i64(&message, clk_mono_us());
	notify(buf_view(&message));
}

void service_notify_stopping(void)
{
	notify(SV("STOPPING=1"));
}
