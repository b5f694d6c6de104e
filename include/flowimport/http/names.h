/* What is known of addresses: the host's name by reverse DNS, its network and country by files in MaxMind's format.
 *
 * The first question for an address gets no host's name: it is asked for meanwhile, and the answer kept for as long as
 * NAMES_KEEP_S; of so many addresses: NAMES_KEPT, of 300 bytes at most, the oldest give way. */
#ifndef FLOWIMPORT_HTTP_NAMES_H
#define FLOWIMPORT_HTTP_NAMES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/show.h"
#include "http/api.h"

enum {
    NAMES_KEPT = 16384,
    NAMES_WAITING = 256, /* questions that are under way or wait to be sent; more are left out */
    NAMES_KEEP_S = 3600,
    NAMES_KEEP_NONE_S = 300, /* where there was no answer */
};

struct names_config {
    bool resolve;                    /* whether to ask DNS servers */
    const char *servers;             /* a file as resolv.conf(5) has it; NULL: the system's */
    const char *asn_db, *country_db; /* files; NULL: none */
    const struct clock *clock;
};

struct names; /* opaque */

/* NULL with the error set where a file can't be read. */
struct names *names_new(struct event_base *base, const struct names_config *config, struct error *error);
void names_free(struct names *names); /* NULL does nothing */
/* As api_names.find. */
void names_find(void *context, unsigned family, const uint8_t *address, struct api_name *name);
void names_show(struct names *names, struct show *show);

#endif
