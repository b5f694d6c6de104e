/* What is wrong with an exporter again and again: enough of it to say that its operator has to look. Pure: times are
 * handed in.
 *
 * One datagram proves nothing: anybody can send it, under anybody's address. So a fault is reported where it came
 * TROUBLE_MANY times, each within TROUBLE_RECENT_S of the one before, from an exporter that has been heard of for as
 * long; until it has not come for as long. */
#ifndef FLOWIMPORT_COLLECT_TROUBLE_H
#define FLOWIMPORT_COLLECT_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum { TROUBLE_MANY = 3, TROUBLE_RECENT_S = 60 };

struct trouble {   /* zeroed: none */
    uint32_t n;    /* in a row */
    uint32_t last; /* seconds since 1970, as all times here */
};

void trouble_note(struct trouble *trouble, uint32_t now);
/* `known`: when the exporter was heard of first. A clock that was set back makes nothing recent. */
bool trouble_tells(const struct trouble *trouble, uint32_t known, uint32_t now);

#endif
