/* Values of a packed key, big-endian as the layout has them, as numbers. */
#ifndef FLOWIMPORT_STORE_KEY_H
#define FLOWIMPORT_STORE_KEY_H

#include <string.h>

#include "base/bytes.h"
#include "store/store.h"

enum key_form { KEY_UNSIGNED, KEY_SIGNED, KEY_REAL, KEY_BYTES };

static inline enum key_form key_form(const struct key_column *key) {
    switch (key->type) {
    case ELEMENT_SIGNED8:
    case ELEMENT_SIGNED16:
    case ELEMENT_SIGNED32:
    case ELEMENT_SIGNED64: return KEY_SIGNED;
    case ELEMENT_FLOAT32:
    case ELEMENT_FLOAT64: return KEY_REAL;
    case ELEMENT_OCTET_ARRAY:
    case ELEMENT_STRING:
    case ELEMENT_MAC_ADDRESS:
    case ELEMENT_IPV6_ADDRESS: return KEY_BYTES;
    default: return KEY_UNSIGNED;
    }
}

static inline int64_t key_signed(const uint8_t *bytes, unsigned width) {
    uint64_t number = be_number(bytes, width), sign = UINT64_C(1) << (8 * width - 1);
    return (int64_t)((number ^ sign) - sign);
}

static inline double key_real(const uint8_t *bytes) {
    uint64_t bits = be64(bytes);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* The bytes that count: a string's without the NULs that fill its place. */
static inline size_t key_length(const struct key_column *key, const uint8_t *bytes) {
    size_t len = key->width;
    if (key->type == ELEMENT_STRING)
        while (len > 0 && bytes[len - 1] == 0)
            len--;
    return len;
}

/* key.c */
/* The packed value out of a query's column. */
void key_pack(const struct key_column *key, const char *column, size_t len, uint8_t *packed);
/* The packed value as a person reads it: "192.0.2.7", "443", "00:1b:21:0a:ff:3c". */
void key_text(const struct key_column *key, const uint8_t *packed, struct buffer *out);
/* The packed value as SQL compares it. Bytes are borrowed. */
struct store_param key_param(const struct key_column *key, const uint8_t *packed);

#endif
