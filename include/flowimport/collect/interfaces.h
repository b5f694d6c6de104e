/* Interfaces of sFlow agents, by their counter samples: how fast they are, and what they have carried.
 *
 * Sets of four entries of 56 bytes, found by a hash whose seed strangers don't know, the longest silent one
 * overwritten. */
#ifndef FLOWIMPORT_COLLECT_INTERFACES_H
#define FLOWIMPORT_COLLECT_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface {
    uint8_t address[16]; /* of the agent */
    uint8_t family;      /* enum flow_family */
    uint32_t index;      /* ifIndex */
    uint64_t speed;      /* bits a second; 0: not known */
    uint64_t in, out;    /* octets since it was started */
    uint32_t heard;      /* seconds since 1970; 0: no interface */
};

struct interfaces; /* opaque */

/* At most `bytes`, at least one set. */
struct interfaces *interfaces_new(size_t bytes, uint64_t seed);
void interfaces_free(struct interfaces *interfaces); /* NULL does nothing */
size_t interfaces_bytes(const struct interfaces *interfaces);
void interfaces_note(struct interfaces *interfaces, const struct interface *interface);
/* NULL: nothing is known of it; `interfaces` NULL: of any. */
const struct interface *interfaces_find(const struct interfaces *interfaces, uint8_t family, const uint8_t address[16],
                                        uint32_t index);
/* The first `max` of them, by address and index. `interfaces` NULL: none. */
unsigned interfaces_list(const struct interfaces *interfaces, struct interface *list, unsigned max);

#endif
