/* A list of address prefixes, each with a number: "192.0.2.0/24, 2001:db8::/32, 198.51.100.7" or
 * "192.0.2.1=1000, 10.0.0.0/8=512". The longest prefix that holds an address counts. IPv4 in IPv6 (::ffff:0:0/96) is
 * IPv4, in prefixes and in addresses. */
#ifndef FLOWIMPORT_COLLECT_PREFIXES_H
#define FLOWIMPORT_COLLECT_PREFIXES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/layout.h"

enum { PREFIXES_MAX = 256 };

struct prefix {
    uint8_t address[16]; /* IPv4: the first 4 bytes; bits behind `bits` are 0 */
    uint8_t family, bits;
    uint32_t number;
};
struct prefixes {
    unsigned n;
    struct prefix list[PREFIXES_MAX]; /* the longest first */
};

/* `numbers`: each prefix has one, 1 to 2^32-1; else none has. 0, or -1 with the error naming the prefix at fault: bits
 * behind the prefix's length, given twice, not an address. */
int prefixes_parse(struct prefixes *prefixes, const char *text, bool numbers, struct error *error)
    __attribute__((warn_unused_result));
/* NULL: none of them holds the address. */
const struct prefix *prefixes_find(const struct prefixes *prefixes, uint8_t family, const uint8_t *address);

#endif
