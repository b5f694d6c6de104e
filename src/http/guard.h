/* Who is answered: those who ask for us by a name of ours, and, where there are users, those who are one.
 *
 * A page elsewhere can have its own name resolved to our address, and then its scripts could read what a browser inside
 * the network may (DNS rebinding). They can't do so by address: so addresses are ours, localhost, what the machine is
 * called, and the names that are configured. */
#ifndef FLOWIMPORT_HTTP_GUARD_H
#define FLOWIMPORT_HTTP_GUARD_H

#include "base/clock.h"
#include "http/auth.h"
#include "http/server.h"
#include "http/workers.h"

struct guard {         /* all borrowed */
    const char *hosts; /* "flows.example, flows"; NULL: no more names */
    struct auth *auth; /* NULL: no users */
    struct workers *workers;
    const struct clock *clock;
};

/* Has the exchange go on, or refuses it; at once or later. */
void guard_admit(struct guard *guard, struct http_exchange *exchange);
/* Whether a host of a request is ours. */
bool guard_host_is_ours(const char *host, const char *hosts);

#endif
