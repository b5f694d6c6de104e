/* How full the interfaces of exporters are: what their flows carry in a period, beside their speed, and beside what
 * they have counted themselves.
 *
 * A flow's octets are those of its IP packets. Of an interface's speed, which is Ethernet's in most cases, a packet
 * takes LINK_WIRE octets more: header and checksum (18), preamble and the gap behind it (20). Its own counters have the
 * first of them (ifHCInOctets, RFC 3635), LINK_FRAME. Frames that are padded, tags and other links are not known of. */
#ifndef FLOWIMPORT_STORE_QUERY_LINKS_H
#define FLOWIMPORT_STORE_QUERY_LINKS_H

#include "store/query/query.h"

enum {
    LINK_FRAME = 18,
    LINK_WIRE = 38,
    LINKS_MAX = 1000, /* in a direction; those with the most octets */
    LINK_POINTS = 96, /* parts of the period, of which the busiest is told */
};
enum link_direction { LINK_IN, LINK_OUT, LINK_DIRECTIONS };

struct link_way {
    sum_wide octets, packets;
    uint64_t bits, peak_bits; /* a second, on the wire; the peak's is of the busiest part */
    sum_wide hour_octets;     /* of frames, by its flows, in the hour that it has counted; where has_hour */
};

struct link {
    unsigned family; /* of the exporter */
    uint8_t exporter[16];
    uint32_t index;
    const struct name_interface *known; /* the book's; NULL: nothing */
    bool has_hour;                      /* its counters and its flows can be compared */
    struct link_way way[LINK_DIRECTIONS];
};

struct links {
    const char *lacking; /* the flow key without which nothing can be said; NULL: it was answered */
    uint64_t from, to;
    uint32_t step; /* of the parts */
    uint32_t hour; /* that counters are of; 0: none are known */
    unsigned n;
    struct link *list; /* the fullest first, then those of no known speed by their octets */
};

/* `committed`: when the store's last commit was; flows of the time behind it may be missing. `now` cuts the period that
 * rates are of. STORE_OK: to be released. */
enum store_status links_read(struct store *store, const struct schema *schema, const struct name_book *book,
                             int64_t from, int64_t to, int64_t now, int64_t committed, struct links *links,
                             struct error *error) __attribute__((warn_unused_result));
void links_release(struct links *links);
/* Of its speed, in thousandths of a percent, in the busier direction at its peak; 0: the speed is not known. */
uint64_t link_use(const struct link *link);

#endif
