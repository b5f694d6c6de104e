/* The plain case of an entry, without a parser: what stands between values guessed from the last entry, digits taken
 * where they stand. */
#include "flow/scanner.h"

#include "base/bytes.h"

/* The four white-space characters of RFC 8259. */
static inline const char *space_skip(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* The closing quote of a string that begins at `at`, or NULL where it isn't plain or isn't closed. */
static inline const char *quote_find(const char *at, const char *end) {
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"') return at;
        if (c < 0x20 || c == '\\' || c >= 0x80) return NULL;
    }
    return NULL;
}

/* What stands instead of a name: the object's end, or what is not plain. */
enum { LEAD_END = -2, LEAD_ODD = -3 };

/* The first value's begins with a brace, all others with a comma: they are never taken for each other. */
static inline struct lead *lead_of(struct slots *slots, unsigned place) {
    return &slots->leads[place < LEADS ? place : LEADS - 1];
}

/* From the value before, or the beginning, to the next value: the name's index, -1 for an unknown one, LEAD_END or
 * LEAD_ODD. *text is set behind it. */
static int lead_parse(struct slots *slots, unsigned place, const char **text, const char *end) {
    const char *at = space_skip(*text, end);
    if (at == end) return LEAD_ODD;
    if (*at != (place == 0 ? '{' : ',')) {
        bool ends = place > 0 && *at == '}';
        *text = at + 1;
        return ends ? LEAD_END : LEAD_ODD;
    }
    at = space_skip(at + 1, end);
    if (at == end || *at != '"') return LEAD_ODD;
    const char *name = at + 1, *quote = quote_find(name, end);
    if (!quote) return LEAD_ODD;
    at = space_skip(quote + 1, end);
    if (at == end || *at != ':') return LEAD_ODD;
    at = space_skip(at + 1, end);
    int found = slots_find(slots, name, (size_t)(quote - name));
    struct lead *lead = lead_of(slots, place);
    size_t len = (size_t)(at - *text);
    lead->name = (int16_t)found;
    lead->len = len <= sizeof lead->text ? (uint8_t)len : 0;
    memcpy(lead->text, *text, lead->len);
    *text = at;
    return found;
}

/* The same, guessed from the last entry. */
static inline int lead_read(struct slots *slots, unsigned place, const char **text, const char *end) {
    const struct lead *lead = lead_of(slots, place);
    if (lead->len == 0 || (size_t)(end - *text) < lead->len || memcmp(*text, lead->text, lead->len) != 0)
        return lead_parse(slots, place, text, end);
    *text = space_skip(*text + lead->len, end);
    return lead->name;
}

/* The number of decimal digits that the eight bytes begin with (0 to 8), the first of them the lowest byte; `digits`
 * are set to their values, 0 to 9, the last digit the highest byte, zeros before the first. */
static inline unsigned digits_take(uint64_t bytes, uint64_t *digits) {
    uint64_t values = bytes ^ UINT64_C(0x3030303030303030);
    uint64_t others = ((values + UINT64_C(0x7676767676767676)) | values) & UINT64_C(0x8080808080808080);
    unsigned n = others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
    *digits = n ? values << (64 - 8 * n) : 0;
    return n;
}

/* The number that eight such digits are: neighbours are joined to pairs, then the four pairs. */
static inline uint64_t digits_join(uint64_t digits) {
    uint64_t pairs = digits * 10 + (digits >> 8), mask = UINT64_C(0x000000ff000000ff);
    return ((pairs & mask) * UINT64_C(0x000f424000000064) + (pairs >> 16 & mask) * UINT64_C(0x0000271000000001)) >> 32;
}

enum { DIGITS_MAX = 19 }; /* of a number below 2^63 */

/* Digits from `at` on; returns what follows them. Of more than DIGITS_MAX the number is not right. */
static inline const char *digits_read(const char *at, const char *end, uint64_t *number) {
    static const uint32_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    const char *most = at + DIGITS_MAX;
    uint64_t digits;
    *number = 0;
    for (unsigned n = 8; n == 8 && end - at >= 8 && at <= most; at += n) {
        n = digits_take(le64((const uint8_t *)at), &digits);
        *number = *number * powers[n] + digits_join(digits);
    }
    for (; at < end && (unsigned char)(*at - '0') < 10 && at <= most; at++)
        *number = *number * 10 + (unsigned char)(*at - '0');
    return at;
}

/* The value at `at`; returns what follows it, or NULL. */
static inline const char *value_read(const char *at, const char *end, struct value *value) {
    if (at == end) return NULL;
    if (*at == '"') {
        const char *quote = quote_find(at + 1, end);
        if (!quote || quote - at > UINT32_MAX) return NULL;
        value->kind = VALUE_TEXT;
        value->text = at + 1;
        value->len = (uint32_t)(quote - at - 1);
        return quote + 1;
    }
    const char *first = at;
    uint64_t number;
    at = digits_read(first, end, &number);
    if (at == first || at - first > DIGITS_MAX || (*first == '0' && at - first > 1) || number > INT64_MAX) return NULL;
    if (at < end && (*at == '.' || *at == 'e' || *at == 'E')) return NULL;
    value->kind = VALUE_INTEGER;
    value->integer = (int64_t)number;
    return at;
}

bool scanner_read(struct slots *slots, const char *text, size_t len, uint64_t *unknown) {
    const char *at = text, *end = text + len;
    uint64_t strangers = 0;
    slots_clear(slots);
    for (unsigned place = 0;; place++) {
        struct value ignored, *value = &ignored;
        int name = lead_read(slots, place, &at, end);
        if (name == LEAD_END) break;
        if (name == LEAD_ODD) return false;
        unsigned slot = name < 0 ? SLOT_UNKNOWN : slots->names[name].slot;
        if (slot < SLOT_COUNT) {
            if (slots_has(slots, slot)) return false;
            value = slots_add(slots, slot);
            value->name = (uint16_t)name;
        } else if (slot == SLOT_UNKNOWN) {
            strangers++;
        }
        at = value_read(at, end, value);
        if (!at) return false;
    }
    if (space_skip(at, end) != end) return false;
    *unknown += strangers;
    return true;
}
