/* Addresses and prefixes out of their text. */
#ifndef FLOWIMPORT_FLOW_ADDRESS_H
#define FLOWIMPORT_FLOW_ADDRESS_H

#include <stdint.h>

#include "base/error.h"

struct address {
    uint8_t family, bits; /* enum flow_family; of the prefix: 32 or 128 where there is none */
    uint8_t bytes[16];    /* IPv4: the first 4; what is behind `bits` is 0 */
};

/* "192.0.2.7", "2001:db8::/32". 0, or -1 with the error naming the text: no address, or bits behind the prefix. */
int address_parse(struct address *address, const char *text, struct error *error) __attribute__((warn_unused_result));
/* 32 or 128. */
unsigned address_width(unsigned family);

#endif
