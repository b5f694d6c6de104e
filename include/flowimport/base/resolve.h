/* Host names into addresses, without holding up the event loop.
 *
 * getaddrinfo(3) waits for name servers, for half a minute where they don't answer, and can't be told to stop. It runs
 * in a thread of its own for each question, and not in libevent's resolver, because that one reads /etc/hosts and
 * resolv.conf but not nsswitch.conf: a name that only mDNS, LDAP or systemd-resolved know would no longer be found.
 * Addresses in digits need no thread.
 *
 * A question that is cancelled lets its thread go: it touches nothing of the caller's, and ends when getaddrinfo
 * returns, or with the process. One question of each caller at a time is therefore the bound on threads. */
#ifndef FLOWIMPORT_BASE_RESOLVE_H
#define FLOWIMPORT_BASE_RESOLVE_H

#include <event2/event.h>
#include <netdb.h>

struct resolve; /* a question; opaque */

/* On the loop, once, never from within resolve_start(). `found` is the caller's from then on, for freeaddrinfo(3), in
 * the order of RFC 6724; NULL: `why` says what is wrong with the name. The question is over. */
typedef void resolve_fn(void *context, struct addrinfo *found, const char *why);

/* `type`: SOCK_STREAM or SOCK_DGRAM. All is copied. */
struct resolve *resolve_start(struct event_base *base, const char *host, int port, int type, resolve_fn *done,
                              void *context);
/* `done` will not be called. NULL is ignored. */
void resolve_cancel(struct resolve *resolve);

/* getaddrinfo(3); for tests: another of the same kind, to be set while there is no question. */
extern int (*resolve_name)(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found);

#endif
