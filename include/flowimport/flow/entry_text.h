/* Values of queue entries as JSON text: numbers two digits at a time, addresses by RFC 5952. Each function writes at
 * `out`, which has room, and returns the end; nothing is terminated. */
#ifndef FLOWIMPORT_FLOW_ENTRY_TEXT_H
#define FLOWIMPORT_FLOW_ENTRY_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ENTRY_NUMBER_MAX = 20, ENTRY_IPV6_MAX = 41, ENTRY_MAC_MAX = 19 };

extern const char entry_pairs[201];                   /* "000102" ... "99" */
extern const uint64_t entry_powers[ENTRY_NUMBER_MAX]; /* of ten; the first is 0, so that 0 has a digit */

/* Here, so that it is compiled into the loops that write entries: most of their time is spent in it. */
static inline char *entry_number(char *out, uint64_t number) {
    unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
    unsigned digits = bits * 1233 >> 12; /* log 2 is 1233 / 4096: one too few, or right */
    char *end = out + digits + (number >= entry_powers[digits]), *at = end;
    while (number >= 100) {
        at -= 2;
        memcpy(at, entry_pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10)
        memcpy(out, entry_pairs + number * 2, 2);
    else
        *out = (char)('0' + number);
    return end;
}

char *entry_ipv6(char *out, const uint8_t address[16]);      /* in quotes */
char *entry_mac(char *out, const uint8_t octets[6]);         /* in quotes, with colons */
char *entry_hex(char *out, const uint8_t *octets, size_t n); /* in quotes; 2 + 2n bytes */
/* In quotes, escaped as JSON wants it; bytes that are no UTF-8 become U+FFFD; at most 2 + 6n bytes. */
char *entry_string(char *out, const char *text, size_t n);
/* What a reader of entry_string()'s text has: its first `max` bytes, cut between two characters. Returns the length. */
size_t entry_string_read(char *out, size_t max, const char *text, size_t n);

#endif
