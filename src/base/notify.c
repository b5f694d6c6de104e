/* Datagrams to the service manager (sd_notify(3), sd_watchdog_enabled(3)). */
#include "base/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOTIFY_TEXT_MAX = 2048 };

/* The length of the socket's address, or 0: nobody asked, or not an address we know. */
static socklen_t notify_address(struct sockaddr_un *address) {
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof address->sun_path || (path[0] != '/' && path[0] != '@')) return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, len);
    if (path[0] == '@') address->sun_path[0] = '\0'; /* the abstract name space: the name isn't NUL-terminated */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
}

void notify_send(const char *format, ...) {
    struct sockaddr_un address;
    socklen_t address_len = notify_address(&address);
    if (!address_len) return;
    char text[NOTIFY_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, address_len) < 0) errno = 0;
    close(fd);
}

/* A variable's positive decimal number, or 0. */
static int64_t variable_number(const char *name) {
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9') return 0;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return *end || errno ? 0 : number;
}

int64_t notify_watchdog_us(void) {
    int64_t pid = variable_number("WATCHDOG_PID");
    if (getenv("WATCHDOG_PID") && pid != getpid()) return 0;
    return variable_number("WATCHDOG_USEC") / 2;
}
