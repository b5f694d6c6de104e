/* Entries: names prepared once, and numbers written two digits at a time. */
#include "input/meter_entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    NAME_MAX = 40,  /* {"revDestinationTransportPort": */
    VALUE_MAX = 41, /* an IPv6 address in quotes */
    ITEMS_MAX = 2 * METER_FIELDS_MAX,
};

_Static_assert(ITEMS_MAX *(NAME_MAX + VALUE_MAX) + 1 <= METER_ENTRY_MAX, "the longest entry fits");

enum item_kind {
    ITEM_NUMBER8,
    ITEM_NUMBER16,
    ITEM_NUMBER32,
    ITEM_NUMBER64,
    ITEM_SECONDS,
    ITEM_MILLISECONDS,
    ITEM_MICROSECONDS,
    ITEM_NANOSECONDS,
    ITEM_IPV4,
    ITEM_IPV6,
    ITEM_MAC,
    ITEM_MPLS,
};

/* A name and where its value is. */
struct item {
    uint16_t offset; /* in struct meter_flow */
    uint8_t kind;    /* enum item_kind */
    uint8_t len;
    char name[NAME_MAX]; /* with what stands before and behind it */
};

struct meter_entry {
    unsigned n, n_biflow; /* items of a flow of one direction, and of two */
    struct item items[FLOW_FAMILIES][ITEMS_MAX];
};

static uint8_t kind_of(const struct meter_field *field, enum flow_family family) {
    switch (field->type) {
    case ELEMENT_IPV4_ADDRESS: return family == FLOW_IPV4 ? ITEM_IPV4 : ITEM_IPV6;
    case ELEMENT_MAC_ADDRESS: return ITEM_MAC;
    case ELEMENT_OCTET_ARRAY: return ITEM_MPLS;
    case ELEMENT_DATE_TIME_SECONDS: return ITEM_SECONDS;
    case ELEMENT_DATE_TIME_MILLISECONDS: return ITEM_MILLISECONDS;
    case ELEMENT_DATE_TIME_MICROSECONDS: return ITEM_MICROSECONDS;
    case ELEMENT_DATE_TIME_NANOSECONDS: return ITEM_NANOSECONDS;
    default: return (uint8_t)(ITEM_NUMBER8 + __builtin_ctz(field->width));
    }
}

static void item_set(struct item *item, const struct meter_field *field, enum flow_family family, bool first,
                     bool reverse) {
    const char *name = family == FLOW_IPV6 && field->name6 ? field->name6 : field->name;
    char text[2 * NAME_MAX] = "";
    size_t len = 0;
    text[len++] = first ? '{' : ',';
    text[len++] = '"';
    if (reverse) len = (size_t)(stpcpy(text + len, "rev") - text);
    strcpy(text + len, name);
    if (reverse) text[len] &= ~0x20; /* "revPacketDeltaCount" */
    len += strlen(name);
    text[len++] = '"';
    text[len++] = ':';
    item->len = (uint8_t)len;
    memcpy(item->name, text, NAME_MAX);
    item->kind = kind_of(field, family);
    item->offset = field->offset;
    if (reverse)
        item->offset =
            (uint16_t)(field->offset - offsetof(struct meter_flow, forward) + offsetof(struct meter_flow, reverse));
}

struct meter_entry *meter_entry_new(const struct meter_template *fields) {
    struct meter_entry *entry = mem_zalloc(1, sizeof *entry);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        struct item *item = entry->items[family];
        for (unsigned i = 0; i < fields->n; i++)
            item_set(item++, fields->fields[i], (enum flow_family)family, i == 0, false);
        entry->n = (unsigned)(item - entry->items[family]);
        for (unsigned i = 0; i < fields->n && fields->biflow; i++)
            if (fields->fields[i]->reversible)
                item_set(item++, fields->fields[i], (enum flow_family)family, false, true);
        entry->n_biflow = (unsigned)(item - entry->items[family]);
    }
    return entry;
}

void meter_entry_free(struct meter_entry *entry) { free(entry); }

/* --- values --- */

static const char hex[] = "0123456789abcdef";

static char *number_write(char *out, uint64_t number) {
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
        "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
        "888990919293949596979899";
    char digits[20], *at = digits + sizeof digits;
    while (number >= 100) {
        at -= 2;
        memcpy(at, pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(at, pairs + number * 2, 2);
    } else {
        *--at = (char)('0' + number);
    }
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, len);
    return out + len;
}

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

static char *ipv6_write(char *out, const uint8_t *address) {
    unsigned groups[8], skipped;
    for (unsigned i = 0; i < 8; i++)
        groups[i] = (unsigned)address[2 * i] << 8 | address[2 * i + 1];
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

static char *octets_write(char *out, const uint8_t *octets, unsigned n, bool colons) {
    *out++ = '"';
    for (unsigned i = 0; i < n; i++) {
        if (i > 0 && colons) *out++ = ':';
        *out++ = hex[octets[i] >> 4];
        *out++ = hex[octets[i] & 0xf];
    }
    *out++ = '"';
    return out;
}

static char *value_write(char *out, const struct item *item, const struct meter_flow *flow) {
    const uint8_t *at = (const uint8_t *)flow + item->offset;
    uint64_t number = 0;
    uint32_t word;
    switch ((enum item_kind)item->kind) {
    case ITEM_NUMBER8: number = *at; break;
    case ITEM_NUMBER16: number = *(const uint16_t *)(const void *)at; break;
    case ITEM_NUMBER32: number = *(const uint32_t *)(const void *)at; break;
    case ITEM_IPV4:
        memcpy(&word, at, sizeof word);
        number = __builtin_bswap32(word);
        break;
    case ITEM_IPV6: return ipv6_write(out, at);
    case ITEM_MAC: return octets_write(out, at, 6, true);
    case ITEM_MPLS: /* the label, and 4 bits that are 0 (RFC 3032) */
        word = __builtin_bswap32(flow->mpls_label << 4);
        return octets_write(out, (const uint8_t *)&word + 1, 3, false);
    default: memcpy(&number, at, sizeof number);
    }
    switch ((enum item_kind)item->kind) {
    case ITEM_SECONDS: number /= 1000000; break;
    case ITEM_MILLISECONDS: number /= 1000; break;
    case ITEM_NANOSECONDS: number *= 1000; break;
    default: break;
    }
    return number_write(out, number);
}

size_t meter_entry_write(const struct meter_entry *entry, const struct meter_flow *flow, char out[METER_ENTRY_MAX]) {
    const struct item *items = entry->items[flow->family];
    unsigned n = flow->reverse.packets ? entry->n_biflow : entry->n;
    char *at = out;
    for (unsigned i = 0; i < n; i++) {
        memcpy(at, items[i].name, NAME_MAX); /* as a whole: that is faster than its length */
        at = value_write(at + items[i].len, &items[i], flow);
    }
    *at++ = '}';
    return (size_t)(at - out);
}
