/* The plain case of an entry, without a parser: names guessed from the last entry, digits taken where they stand. */
#include "flow/scanner.h"

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

/* The index of the name behind the opening quote, -1 for an unknown one; *next is set behind its closing quote, or
 * NULL. */
static inline int name_read(struct slots *slots, unsigned place, const char *at, const char *end, const char **next) {
    unsigned guess = slots->guess[place % GUESSES];
    const struct slot_name *name = &slots->names[guess];
    if ((size_t)(end - at) > name->len && memcmp(at, name->name, name->len) == 0 && at[name->len] == '"') {
        *next = at + name->len + 1;
        return (int)guess;
    }
    const char *quote = quote_find(at, end);
    *next = quote ? quote + 1 : NULL;
    if (!quote) return -1;
    int found = slots_find(slots, at, (size_t)(quote - at));
    if (found >= 0) slots->guess[place % GUESSES] = (uint16_t)found;
    return found;
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
    uint64_t number = 0;
    while (at < end && (unsigned char)(*at - '0') < 10 && at - first < 19)
        number = number * 10 + (unsigned char)(*at++ - '0');
    if (at == first || (*first == '0' && at - first > 1) || number > INT64_MAX) return NULL;
    if (at < end && ((unsigned char)(*at - '0') < 10 || *at == '.' || *at == 'e' || *at == 'E')) return NULL;
    value->kind = VALUE_INTEGER;
    value->integer = (int64_t)number;
    return at;
}

bool scanner_read(struct slots *slots, const char *text, size_t len, uint64_t *unknown) {
    const char *at = text, *end = text + len;
    uint64_t strangers = 0;
    slots_clear(slots);
    at = space_skip(at, end);
    if (at == end || *at++ != '{') return false;
    for (unsigned place = 0;; place++) {
        struct value ignored, *value = &ignored;
        at = space_skip(at, end);
        if (at == end || *at++ != '"') return false;
        int name = name_read(slots, place, at, end, &at);
        if (!at) return false;
        unsigned slot = name < 0 ? SLOT_UNKNOWN : slots->names[name].slot;
        if (slot < SLOT_COUNT) {
            if (slots_has(slots, slot)) return false;
            value = slots_add(slots, slot);
            value->name = (uint16_t)name;
        } else if (slot == SLOT_UNKNOWN) {
            strangers++;
        }
        at = space_skip(at, end);
        if (at == end || *at++ != ':') return false;
        at = value_read(space_skip(at, end), end, value);
        if (!at) return false;
        at = space_skip(at, end);
        if (at == end) return false;
        if (*at == ',') {
            at++;
        } else if (*at == '}') {
            break;
        } else {
            return false;
        }
    }
    if (space_skip(at + 1, end) != end) return false;
    *unknown += strangers;
    return true;
}
