/* Flows to collectors, as IPFIX over UDP or TCP (RFC 7011) or NetFlow v9 over UDP, on the event loop.
 *
 * Never blocks: what can't be sent at once waits, up to EXPORTER_BUFFER bytes for each collector; flows beyond are
 * counted as lost, and a gap in the sequence numbers tells the collector. Over UDP the templates are sent again every
 * `template_refresh` seconds and every EXPORTER_TEMPLATE_MESSAGES messages, over TCP once for each connection. A TCP
 * connection that is lost is made again; a message that was cut off is sent again whole. What the kernel had taken from
 * us, and the collector had not from the kernel, is then lost without our knowing. */
#ifndef FLOWIMPORT_EXPORT_EXPORTER_H
#define FLOWIMPORT_EXPORT_EXPORTER_H

#include <event2/event.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/show.h"
#include "meter/meter_flow.h"

enum {
    EXPORTER_COLLECTORS = 8,
    EXPORTER_BUFFER = 4 << 20,
    EXPORTER_TEMPLATE_MESSAGES = 1000,
    EXPORTER_DELAY_MS = 1000, /* a message that isn't full is sent after at most so long */
};

struct exporter_config {
    const char *collectors;   /* URLs, as udp://host[:4739], tcp://host[:4739] or udp://host[:2055]?v9. With
                               ?uniflows a biflow is two records there: for collectors that don't know RFC 5103 */
    uint32_t domain;          /* observation domain id; in NetFlow v9 the source id */
    uint32_t sampling;        /* as in struct ipfix_config */
    unsigned mtu;             /* bytes of a message, at most */
    int64_t template_refresh; /* seconds */
    uint64_t max_rate;        /* data records a second, to each collector; 0: as fast as they come */
    int64_t retry_max_ms;
    const struct meter_template *templates; /* of the rules; borrowed while the exporter is made */
    unsigned n_templates;
    const struct clock *clock; /* of the export times */
};

struct exporter; /* opaque */

/* What the collectors' URLs must be. 0, or -1 with the error naming the URL. */
int exporter_check(const char *collectors, struct error *error) __attribute__((warn_unused_result));
/* Whether their names can be resolved, which may take half a minute: for who has no event loop to hold up. 0, or -1
 * with the error naming the first that can't. */
int exporter_find(const char *collectors, struct error *error) __attribute__((warn_unused_result));
/* NULL with the error set: a URL is wrong. A name that can't be resolved is asked for again, as a collector that is
 * away is connected to again. The clock is borrowed. */
struct exporter *exporter_new(struct event_base *base, const struct exporter_config *config, struct error *error);
/* What still waits is dropped. */
void exporter_free(struct exporter *exporter);
/* A flow of the rule with this index. */
void exporter_put(struct exporter *exporter, unsigned rule, const struct meter_flow *flow);
void exporter_flush(struct exporter *exporter);
/* Bytes that wait, of the collector for which most do; messages that are begun count with their room. */
size_t exporter_backlog(const struct exporter *exporter);
uint64_t exporter_lost(const struct exporter *exporter); /* data records, of all collectors */

void exporter_show(const struct exporter *exporter, struct show *show);
/* A line for each collector that takes nothing. */
void exporter_problems(const struct exporter *exporter, struct buffer *out);

#endif
