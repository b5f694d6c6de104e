/* What the columns of VERMONT's tables mean: the legacy names, and how each type is stored in MySQL. */
#include "files/vermont_row.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "flow/element.h"
#include "flow/entry_text.h"

enum {
    NAME_MAX = 64,
    NONE = -1,
};

/* Other names that VERMONT has had for elements. */
static const struct {
    const char *column, *element;
} aliases[] = {
    {"dstIP", "destinationIPv4Address"},
    {"srcIP", "sourceIPv4Address"},
    {"srcPort", "sourceTransportPort"},
    {"dstPort", "destinationTransportPort"},
    {"proto", "protocolIdentifier"},
    {"dstTos", "ipClassOfService"},
    {"classOfServiceIPv4", "ipClassOfService"},
    {"bytes", "octetDeltaCount"},
    {"pkts", "packetDeltaCount"},
    {"flowStartMilliSeconds", "flowStartMilliseconds"},
    {"flowEndMilliSeconds", "flowEndMilliseconds"},
    {"flowStartMicroSeconds", "flowStartMicroseconds"},
    {"flowEndMicroSeconds", "flowEndMicroseconds"},
    {"flowStartNanoSeconds", "flowStartNanoseconds"},
    {"flowEndNanoSeconds", "flowEndNanoseconds"},
};

/* Times whose unit is told by the value, the column with their milliseconds, and the element without its unit. */
static const struct {
    const char *column, *millis, *element;
} times[] = {
    {"firstSwitched", "firstSwitchedMillis", "flowStart"},
    {"lastSwitched", "lastSwitchedMillis", "flowEnd"},
};
enum { TIMES = sizeof times / sizeof times[0] };

struct column {
    char name[NAME_MAX + 8];       /* of the entry's field; of a time without its unit; "": the column is passed over */
    const struct element *element; /* NULL: one of `times` */
    int millis;                    /* the column with the time's milliseconds, or NONE */
};

struct vermont_row {
    unsigned n;
    struct column *columns;
    struct buffer text;
};

/* "revFirstSwitched" is "firstSwitched" in the other direction. */
static bool reverse_strip(const char *column, char name[NAME_MAX + 1]) {
    static const char *const prefixes[] = {"reverse", "rev"};
    snprintf(name, NAME_MAX + 1, "%s", column);
    for (unsigned i = 0; i < 2; i++) {
        size_t len = strlen(prefixes[i]);
        if (strncasecmp(column, prefixes[i], len) != 0 || !column[len]) continue;
        snprintf(name, NAME_MAX + 1, "%s", column + len);
        name[0] = (char)tolower((unsigned char)name[0]);
        return true;
    }
    return false;
}

static void name_set(struct column *column, bool reverse, const char *name) {
    snprintf(column->name, sizeof column->name, "%s%s", reverse ? "rev" : "", name);
    if (reverse) column->name[3] = (char)toupper((unsigned char)column->name[3]);
}

/* 0, or -1: the name means nothing. */
static int column_find(const char *text, struct column *column) {
    char name[NAME_MAX + 1];
    bool reverse = reverse_strip(text, name);
    const char *wanted = name;
    *column = (struct column){.millis = NONE};
    for (unsigned i = 0; i < TIMES; i++) {
        if (strcasecmp(name, times[i].column) != 0) continue;
        name_set(column, reverse, times[i].element);
        return 0;
    }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcasecmp(name, aliases[i].column) == 0) wanted = aliases[i].element;
    column->element = element_by_name(wanted, strlen(wanted));
    if (!column->element) return -1;
    name_set(column, reverse, wanted);
    return 0;
}

static bool is_millis(const char *text) {
    char name[NAME_MAX + 1];
    (void)reverse_strip(text, name);
    for (unsigned i = 0; i < TIMES; i++)
        if (strcasecmp(name, times[i].millis) == 0) return true;
    return false;
}

bool vermont_column_is_known(const char *column) {
    struct column unused;
    return is_millis(column) || column_find(column, &unused) == 0;
}

static void millis_find(struct column *column, const char *const *columns, unsigned n, const char *text) {
    char wanted[NAME_MAX + 8];
    snprintf(wanted, sizeof wanted, "%.64sMillis", text);
    for (unsigned i = 0; i < n; i++)
        if (strcasecmp(columns[i], wanted) == 0) column->millis = (int)i;
}

/* Whether the entry gets a time whose name begins so. */
static bool row_has(const struct vermont_row *row, const char *prefix) {
    for (unsigned i = 0; i < row->n; i++) {
        const struct element *element = row->columns[i].element;
        bool is_time =
            !element || (element->type >= ELEMENT_DATE_TIME_SECONDS && element->type <= ELEMENT_DATE_TIME_NANOSECONDS);
        if (is_time && strncmp(row->columns[i].name, prefix, strlen(prefix)) == 0) return true;
    }
    return false;
}

struct vermont_row *vermont_row_new(const char *const *columns, unsigned n, struct error *error) {
    struct vermont_row *row = mem_zalloc(1, sizeof *row);
    row->n = n;
    row->columns = mem_zalloc(n, sizeof row->columns[0]);
    for (unsigned i = 0; i < n; i++) {
        struct column *column = &row->columns[i];
        if (column_find(columns[i], column) == 0 && !column->element) millis_find(column, columns, n, columns[i]);
    }
    const char *missing = !row_has(row, "flowStart") ? "start, firstSwitched or flowStartSeconds"
                          : !row_has(row, "flowEnd") ? "end, lastSwitched or flowEndSeconds"
                                                     : NULL;
    if (!missing) return row;
    error_set(error, "no column with the flow's %s or an equivalent", missing);
    vermont_row_free(row);
    return NULL;
}

void vermont_row_free(struct vermont_row *row) {
    if (!row) return;
    buffer_release(&row->text);
    free(row->columns);
    free(row);
}

/* A number as JSON takes it, of at most 64 bits. */
static bool digits_read(const char *text, size_t len, uint64_t *number) {
    *number = 0;
    if (len == 0 || (len > 1 && text[0] == '0')) return false;
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)text[i]) || __builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(text[i] - '0'), number))
            return false;
    return true;
}

static size_t digits_count(const char *text, size_t len) {
    size_t n = 0;
    while (n < len && isdigit((unsigned char)text[n]))
        n++;
    return n;
}

/* Whether JSON has the same text for it (RFC 8259, section 6). */
static bool is_number(const char *text, size_t len) {
    const char *end = text + len;
    if (text < end && *text == '-') text++;
    size_t n = digits_count(text, (size_t)(end - text));
    if (n == 0 || (n > 1 && *text == '0')) return false;
    text += n;
    if (text < end && *text == '.') {
        n = digits_count(text + 1, (size_t)(end - text) - 1);
        if (n == 0) return false;
        text += 1 + n;
    }
    if (text < end && (*text | 32) == 'e') {
        text++;
        if (text < end && (*text == '+' || *text == '-')) text++;
        n = digits_count(text, (size_t)(end - text));
        if (n == 0) return false;
        text += n;
    }
    return text == end;
}

static void string_add(struct buffer *out, const char *text, size_t len) {
    buffer_reserve(out, 2 + 6 * len);
    out->len = (size_t)(entry_string(out->data + out->len, text, len) - out->data);
}

static void octets_add(struct buffer *out, const struct element *element, const uint8_t *octets, size_t len) {
    buffer_reserve(out, 2 * len + ENTRY_IPV6_MAX);
    char *end = out->data + out->len;
    if (element->type == ELEMENT_MAC_ADDRESS)
        end = entry_mac(end, octets);
    else if (element->type == ELEMENT_IPV6_ADDRESS)
        end = entry_ipv6(end, octets);
    else
        end = entry_hex(end, octets, len);
    out->len = (size_t)(end - out->data);
}

/* "Seconds":1700000000 or "Milliseconds":1700000000123, behind the name that has been begun. */
static void time_add(struct buffer *out, const char *text, size_t len, const char *millis, size_t millis_len) {
    uint64_t number, fraction;
    bool readable = digits_read(text, len, &number), is_millis_already = readable && number > UINT32_MAX;
    bool is_whole = readable && !is_millis_already && millis && digits_read(millis, millis_len, &fraction);
    if (is_whole && fraction < 1000)
        buffer_printf(out, "Milliseconds\":%" PRIu64, 1000 * number + fraction);
    else if (readable)
        buffer_printf(out, "%s\":%" PRIu64, is_millis_already ? "Milliseconds" : "Seconds", number);
    else {
        buffer_add_text(out, "Seconds\":");
        string_add(out, text, len);
    }
}

/* Parts of a second since 1970 of an NTP timestamp. */
static uint64_t ntp_convert(uint64_t ntp, uint64_t per_second) {
    return ((ntp >> 32) - (uint64_t)NTP_EPOCH) * per_second + ((ntp & UINT32_MAX) * per_second >> 32);
}

/* A value that MySQL has otherwise than entries do: whether it was one. */
static bool value_convert(struct buffer *out, const struct element *element, const char *text, size_t len) {
    uint64_t number;
    bool is_whole = digits_read(text, len, &number);
    switch (element->type) {
    case ELEMENT_OCTET_ARRAY: octets_add(out, element, (const uint8_t *)text, len); return true;
    case ELEMENT_IPV6_ADDRESS:
        if (len != 16) return false;
        octets_add(out, element, (const uint8_t *)text, len);
        return true;
    case ELEMENT_MAC_ADDRESS: {
        uint8_t octets[6];
        if (!is_whole || number >> 48) return false;
        for (unsigned i = 0; i < 6; i++)
            octets[i] = (uint8_t)(number >> (40 - 8 * i));
        octets_add(out, element, octets, 6);
        return true;
    }
    case ELEMENT_DATE_TIME_MICROSECONDS:
    case ELEMENT_DATE_TIME_NANOSECONDS:
        if (!is_whole || !(number >> 63)) return false;
        buffer_printf(out, "%" PRIu64,
                      ntp_convert(number, element->type == ELEMENT_DATE_TIME_MICROSECONDS ? 1000000 : 1000000000));
        return true;
    default: return false;
    }
}

static void value_add(struct buffer *out, const struct element *element, const char *text, size_t len) {
    if (value_convert(out, element, text, len)) return;
    if (element->type != ELEMENT_STRING && is_number(text, len))
        buffer_add(out, text, len);
    else
        string_add(out, text, len);
}

const char *vermont_row_entry(struct vermont_row *row, const char *const *values, const size_t *lengths, size_t *len) {
    struct buffer *out = &row->text;
    const char *separator = "{\"";
    buffer_clear(out);
    for (unsigned i = 0; i < row->n; i++) {
        const struct column *column = &row->columns[i];
        if (!values[i] || !column->name[0]) continue;
        buffer_add_text(out, separator);
        buffer_add_text(out, column->name);
        separator = ",\"";
        if (!column->element) {
            int millis = column->millis;
            time_add(out, values[i], lengths[i], millis == NONE ? NULL : values[millis],
                     millis == NONE ? 0 : lengths[millis]);
            continue;
        }
        buffer_add_text(out, "\":");
        value_add(out, column->element, values[i], lengths[i]);
    }
    buffer_add_text(out, *separator == '{' ? "{}" : "}");
    *len = out->len;
    return out->data;
}
