/* Values of a packed key: out of SQL, into SQL, and as text. */
#include "store/key.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

void key_pack(const struct key_column *key, const char *column, size_t len, uint8_t *packed) {
    uint64_t number = 0;
    switch (key_form(key)) {
    case KEY_BYTES:
        memset(packed, 0, key->width);
        memcpy(packed, column, len < key->width ? len : key->width);
        return;
    case KEY_SIGNED: number = (uint64_t)strtoll(column, NULL, 10); break;
    /* SQLite shows one beyond INT64_MAX as its complement. */
    case KEY_UNSIGNED: number = strtoull(column, NULL, 10); break;
    case KEY_REAL: {
        double real = strtod(column, NULL);
        memcpy(&number, &real, sizeof number);
        break;
    }
    }
    be_put(packed, number, key->width);
}

static void bytes_text(const struct key_column *key, const uint8_t *packed, struct buffer *out) {
    char address[INET6_ADDRSTRLEN];
    size_t len = key_length(key, packed);
    switch (key->type) {
    case ELEMENT_IPV6_ADDRESS: buffer_add_text(out, inet_ntop(AF_INET6, packed, address, sizeof address)); return;
    case ELEMENT_MAC_ADDRESS:
        for (size_t i = 0; i < len; i++)
            buffer_printf(out, "%s%02x", i ? ":" : "", packed[i]);
        return;
    default:
        while (len > 0 && packed[len - 1] == 0)
            len--;
        buffer_add(out, packed, len);
    }
}

void key_text(const struct key_column *key, const uint8_t *packed, struct buffer *out) {
    char address[INET_ADDRSTRLEN];
    switch (key_form(key)) {
    case KEY_BYTES: bytes_text(key, packed, out); return;
    case KEY_SIGNED: buffer_printf(out, "%" PRId64, key_signed(packed, key->width)); return;
    case KEY_REAL: buffer_printf(out, "%.17g", key_real(packed)); return;
    case KEY_UNSIGNED:
        if (key->type == ELEMENT_IPV4_ADDRESS)
            buffer_add_text(out, inet_ntop(AF_INET, packed, address, sizeof address));
        else
            buffer_printf(out, "%" PRIu64, be_number(packed, key->width));
    }
}

struct store_param key_param(const struct key_column *key, const uint8_t *packed) {
    struct store_param param = {.type = STORE_PARAM_BYTES, .bytes = packed, .len = key_length(key, packed)};
    switch (key_form(key)) {
    case KEY_SIGNED: return store_integer(key_signed(packed, key->width));
    case KEY_UNSIGNED: return store_integer((int64_t)be_number(packed, key->width));
    case KEY_REAL:
    case KEY_BYTES: return param;
    }
    return param;
}
