/* Telling the service manager how we are: the protocol of sd_notify(3), a datagram to $NOTIFY_SOCKET. Where nobody
 * asked (the variable isn't set) every call does nothing. The variables are left in the environment. */
#ifndef FLOWIMPORT_BASE_NOTIFY_H
#define FLOWIMPORT_BASE_NOTIFY_H

#include <stdint.h>

/* Sends "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." or several lines of them. A message that can't be sent is
 * dropped: the manager's own timeouts deal with it. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How often, in microseconds, the manager wants WATCHDOG=1: half of $WATCHDOG_USEC. 0: not at all, or not from this
 * process ($WATCHDOG_PID). */
int64_t notify_watchdog_us(void);

#endif
