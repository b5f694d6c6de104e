/* Interfaces on top of others: bridges, bonds, VLANs. A capture of "any" sees a frame at each of them, and counts it
 * once only where a filter leaves the others out. */
#ifndef FLOWIMPORT_PACKET_STACKED_H
#define FLOWIMPORT_PACKET_STACKED_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum { STACKED_LINKS_MAX = 1024 };

/* An interface, as the kernel describes it. Numbers are its indexes; 0: none. */
struct stacked_link {
    uint32_t index;
    uint32_t master; /* the bridge or bond that it is a port of */
    uint32_t lower;  /* of a VLAN: the interface that its frames go through */
    char name[IFNAMSIZ];
};

/* The interfaces of this network namespace, up to STACKED_LINKS_MAX. How many, or -1 with the error set. */
int stacked_links(struct stacked_link links[STACKED_LINKS_MAX], struct error *error)
    __attribute__((warn_unused_result));
/* Adds the filter (pcap-filter(7), of LINUX_SLL2) that takes of each frame one sight: at ports of bridges and bonds
 * those that come in, at bridges and bonds those that the host itself sends, and none at VLANs. Nothing is added where
 * there are no such interfaces. */
void stacked_filter(const struct stacked_link *links, unsigned n, struct buffer *filter);
/* Adds for a person which interfaces the filter is about: "br0 (eth0, eth1), eth2.5 on eth2". */
void stacked_describe(const struct stacked_link *links, unsigned n, struct buffer *out);

#endif
