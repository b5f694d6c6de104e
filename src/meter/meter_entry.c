/* Entries: names prepared once, and values behind them. */
#include "meter/meter_entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/entry_text.h"

enum {
    NAME_MAX = 40, /* {"revDestinationTransportPort": */
    ITEMS_MAX = 2 * METER_FIELDS_MAX,
};

_Static_assert(ITEMS_MAX *(NAME_MAX + ENTRY_IPV6_MAX) + 1 <= METER_ENTRY_MAX, "the longest entry fits");

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
    if (reverse) text[len] = (char)(text[len] - 'a' + 'A'); /* "revPacketDeltaCount" */
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

static char *value_write(char *out, const struct item *item, const struct meter_flow *flow) {
    const uint8_t *at = (const uint8_t *)flow + item->offset;
    uint64_t number = 0;
    uint8_t label[3];
    switch ((enum item_kind)item->kind) {
    case ITEM_NUMBER8: number = *at; break;
    case ITEM_NUMBER16: number = host_number(at, 2); break;
    case ITEM_NUMBER32: number = host_number(at, 4); break;
    case ITEM_IPV4: number = be32(at); break;
    case ITEM_IPV6: return entry_ipv6(out, at);
    case ITEM_MAC: return entry_mac(out, at);
    case ITEM_MPLS: /* the label, and 4 bits that are 0 (RFC 3032) */
        be_put(label, flow->mpls_label << 4, sizeof label);
        return entry_hex(out, label, sizeof label);
    default: number = host_number(at, 8);
    }
    switch ((enum item_kind)item->kind) {
    case ITEM_SECONDS: number /= 1000000; break;
    case ITEM_MILLISECONDS: number /= 1000; break;
    case ITEM_NANOSECONDS: number *= 1000; break;
    default: break;
    }
    return entry_number(out, number);
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
