/* What later fragments lack: ports and protocol of their first fragment, remembered for as long as a datagram's
 * fragments may take to arrive. Nothing is reassembled and no packet waits.
 *
 * A later fragment that comes before its first one, or without one, keeps its port of 0 and is counted as an orphan.
 * Memory: 64 bytes an entry, all of it taken at the start; each step looks at 4 entries. */
#ifndef FLOWIMPORT_PACKET_FRAGMENTS_H
#define FLOWIMPORT_PACKET_FRAGMENTS_H

#include "base/show.h"
#include "packet/packet.h"

enum { /* seconds; a receiver's own: what Linux and most take for IPv4, and RFC 8200 for IPv6 */
       FRAGMENTS_IPV4_TIMEOUT = 30,
       FRAGMENTS_IPV6_TIMEOUT = 60,
};

struct fragments; /* opaque */

struct fragments_counts {
    uint64_t firsts;  /* first fragments remembered */
    uint64_t found;   /* later fragments that were given their ports */
    uint64_t orphans; /* later fragments that were not */
    uint64_t evicted; /* first fragments discarded early for lack of room */
};

/* `entries` is rounded up to a power of two, at least 4. `seed`: any number that strangers don't know. */
struct fragments *fragments_new(size_t entries, uint64_t seed);
void fragments_free(struct fragments *fragments);
/* For every packet that counts and packet_is_fragment(). `now_us`: the packet's time. A later fragment gets
 * source_port, destination_port and protocol of its first one. */
void fragments_apply(struct fragments *fragments, struct packet *packet, int64_t now_us);
struct fragments_counts fragments_counts(const struct fragments *fragments);
void fragments_show(const struct fragments *fragments, struct show *show); /* module "fragments" */

#endif
