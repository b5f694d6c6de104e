/* Values as JSON text: addresses, octets, and strings of any bytes. */
#include "flow/entry_text.h"

#include <stdbool.h>

#include "base/bytes.h"

const char entry_pairs[201] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
                              "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
                              "888990919293949596979899";
const uint64_t entry_powers[ENTRY_NUMBER_MAX] = {0,
                                                 10,
                                                 100,
                                                 1000,
                                                 10000,
                                                 100000,
                                                 1000000,
                                                 10000000,
                                                 100000000,
                                                 1000000000,
                                                 10000000000,
                                                 100000000000,
                                                 1000000000000,
                                                 10000000000000,
                                                 100000000000000,
                                                 1000000000000000,
                                                 10000000000000000,
                                                 100000000000000000,
                                                 1000000000000000000,
                                                 UINT64_C(10000000000000000000)};

static const char hex[] = "0123456789abcdef";

/* The longest run of zero groups, the first of the longest; RFC 5952 leaves out none of a single group. */
static unsigned zeros_find(const unsigned groups[8], unsigned *len) {
    unsigned best = 8;
    *len = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && groups[end] == 0)
            end++;
        if (end - i > *len) {
            *len = end - i;
            best = i;
        }
    }
    return best;
}

char *entry_ipv6(char *out, const uint8_t address[16]) {
    unsigned groups[8], skipped;
    for (unsigned i = 0; i < 8; i++)
        groups[i] = be16(address + (size_t)2 * i);
    unsigned zeros = zeros_find(groups, &skipped);
    *out++ = '"';
    for (unsigned i = 0; i < 8; i++) {
        if (i == zeros) {
            *out++ = ':';
            i += skipped - 1;
            if (i == 7) *out++ = ':';
            continue;
        }
        if (i > 0) *out++ = ':';
        for (unsigned shift = groups[i] >= 0x1000 ? 16 : groups[i] >= 0x100 ? 12 : groups[i] >= 0x10 ? 8 : 4; shift;) {
            shift -= 4;
            *out++ = hex[groups[i] >> shift & 0xf];
        }
    }
    *out++ = '"';
    return out;
}

static char *octets_write(char *out, const uint8_t *octets, size_t n, bool colons) {
    *out++ = '"';
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && colons) *out++ = ':';
        *out++ = hex[octets[i] >> 4];
        *out++ = hex[octets[i] & 0xf];
    }
    *out++ = '"';
    return out;
}

char *entry_mac(char *out, const uint8_t octets[6]) { return octets_write(out, octets, 6, true); }

char *entry_hex(char *out, const uint8_t *octets, size_t n) { return octets_write(out, octets, n, false); }

/* The next character's bytes: those that stand there, or U+FFFD's for a byte that begins none (RFC 3629, section 4). */
static const char *character_next(const char **text, const char *end, size_t *len) {
    const char *at = *text;
    uint8_t first = (uint8_t)*at, second = end - at > 1 ? (uint8_t)at[1] : 0;
    size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (n > (size_t)(end - at)) n = 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        n = 0;
    for (size_t i = 1; i < n; i++)
        if (((uint8_t)at[i] & 0xc0) != 0x80) n = 0;
    *text += n ? n : 1;
    *len = n ? n : 3;
    return n ? at : "\xef\xbf\xbd";
}

char *entry_string(char *out, const char *text, size_t n) {
    const char *end = text + n;
    *out++ = '"';
    while (text < end) {
        size_t len;
        const char *character = character_next(&text, end, &len);
        if ((uint8_t)*character < 0x20) {
            memcpy(out, "\\u00", 4);
            out[4] = hex[*character >> 4];
            out[5] = hex[*character & 0xf];
            out += 6;
            continue;
        }
        if (*character == '"' || *character == '\\') *out++ = '\\';
        memcpy(out, character, len);
        out += len;
    }
    *out++ = '"';
    return out;
}

size_t entry_string_read(char *out, size_t max, const char *text, size_t n) {
    const char *end = text + n;
    size_t len, at = 0;
    while (text < end) {
        const char *character = character_next(&text, end, &len);
        if (len > max - at) break;
        memcpy(out + at, character, len);
        at += len;
    }
    return at;
}
