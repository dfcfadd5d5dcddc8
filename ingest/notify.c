#include "ingest/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/str.h"

/* Best effort: whoever started us may have gone. */
static void notify_send(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (!n || n >= sizeof(to.sun_path) || !strchr("/@", *path))
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@') /* the abstract name space */
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&to,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

void notify_ready(const char *status)
{
	char text[512];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s\nMAINPID=%ld", status,
		 (long)getpid());
	notify_send(text);
}

void notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)clock_mono_us());
	notify_send(text);
}

void notify_stopping(void)
{
	notify_send("STOPPING=1\nSTATUS=finishing what is under way");
}

void notify_status(const char *status)
{
	char text[512];

	snprintf(text, sizeof(text), "STATUS=%s", status);
	notify_send(text);
}

void notify_watchdog(void)
{
	notify_send("WATCHDOG=1");
}

int64_t notify_watchdog_us(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	const char *whom = getenv("WATCHDOG_PID");
	int64_t us = 0, pid = 0;

	if (!text || !str_i64(str_from(text), &us) || us <= 0)
		return 0;
	if (whom && (!str_i64(str_from(whom), &pid) || pid != getpid()))
		return 0;
	return us / 2;
}
