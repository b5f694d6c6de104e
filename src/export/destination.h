/* One collector: the queue of messages before it, and the socket behind that. */
#ifndef FLOWIMPORT_EXPORT_DESTINATION_H
#define FLOWIMPORT_EXPORT_DESTINATION_H

#include <stdbool.h>

#include "export/exporter.h"

struct destination; /* opaque */

struct destination_target {
    char *url;  /* for messages */
    char *host; /* a name, or digits */
    int port;
    bool tcp, netflow9, uniflows;
};

struct destination_status {
    uint64_t messages, records, octets; /* sent; data records */
    uint64_t lost;                      /* data records */
    uint64_t failures;
    uint64_t queued;   /* bytes */
    bool connected;    /* UDP: there is a socket */
    char problem[160]; /* empty: none */
};

/* Its name is resolved on the loop, anew for each connection; where it has several addresses, a try that failed is
 * followed by one of the next. What comes before waits. Url and host are the destination's from then on. The
 * configuration, but for the templates, is borrowed. */
struct destination *destination_new(struct event_base *base, const struct destination_target *target,
                                    const struct exporter_config *config);
void destination_free(struct destination *destination);
void destination_flow(struct destination *destination, unsigned rule, const struct meter_flow *flow, int64_t now_us);
void destination_flush(struct destination *destination, int64_t now_us);
/* To be called each EXPORTER_DELAY_MS: what is begun goes, and troubles that are over are forgotten. */
void destination_tick(struct destination *destination, int64_t now_us);
size_t destination_backlog(const struct destination *destination); /* bytes, with a message that is begun */
const char *destination_url(const struct destination *destination);
const struct destination_status *destination_status(const struct destination *destination);

#endif
