/* What systemd wants to hear of a service of Type=notify (sd_notify(3)), said
 * without its library: datagrams to $NOTIFY_SOCKET. Nothing happens where
 * there is none. */
#ifndef ACO_NOTIFY_H
#define ACO_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status); /* READY=1 */
void notify_reloading(void);           /* RELOADING=1; READY follows */
void notify_stopping(void);
void notify_status(const char *status);
void notify_watchdog(void); /* WATCHDOG=1 */
/* How often the watchdog wants to hear of us, half its time; 0: not at all. */
int64_t notify_watchdog_us(void);

#endif
