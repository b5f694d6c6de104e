/* Names as texts that can be shown anywhere. */
#include "names/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

unsigned text_char(const uint8_t *at, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = *at < 0x80 ? 1 : *at >= 0xf8 ? 0 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc0 ? 2 : 0;
    if (n == 0 || n > left) return 0;
    *code = n == 1 ? *at : *at & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

bool text_is_hidden(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c || code == 0x180e ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f);
}

void name_id_number(uint32_t number, char id[NAMES_ID_MAX + 1]) {
    memset(id, 0, NAMES_ID_MAX + 1);
    snprintf(id, NAMES_ID_MAX + 1, "%" PRIu32, number);
}

size_t text_clean(const uint8_t *bytes, size_t len, char out[NAMES_TEXT_MAX + 1]) {
    static const char unreadable[] = "\xef\xbf\xbd"; /* U+FFFD, once for each byte */
    size_t n = 0, end = strnlen((const char *)bytes, len);
    for (size_t i = 0, width; i < end; i += width) {
        uint32_t code;
        width = text_char(bytes + i, end - i, &code);
        const char *from = width ? (const char *)bytes + i : unreadable;
        size_t wanted = width ? width : sizeof unreadable - 1;
        if (width == 0)
            width = 1;
        else if (text_is_hidden(code) || (n == 0 && code == ' '))
            continue;
        if (n + wanted > NAMES_TEXT_MAX) break;
        memcpy(out + n, from, wanted);
        n += wanted;
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n;
}
