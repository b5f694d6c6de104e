/* Lists of address prefixes: who may export, and at which sampling rate. */
#include "collect/prefixes.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAPPED_BITS = 96 }; /* of ::ffff:0:0/96, IPv4 in IPv6 */

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};
static const uint8_t family_bits[FLOW_FAMILIES] = {[FLOW_IPV4] = 32, [FLOW_IPV6] = 128};

static bool is_mapped(const uint8_t address[16]) { return memcmp(address, mapped, sizeof mapped) == 0; }

/* Whether the first `bits` of both are the same. */
static bool bits_agree(const uint8_t *a, const uint8_t *b, unsigned bits) {
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(a, b, bytes) != 0) return false;
    return !rest || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

/* Digits alone, up to `most`; else -1. */
static int64_t number_parse(const char *text, int64_t most) {
    int64_t number = 0;
    if (!*text) return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return -1;
        number = number * 10 + (*text - '0');
        if (number > most) return -1;
    }
    return number;
}

static void address_print(const struct prefix *prefix, char text[INET6_ADDRSTRLEN]) {
    inet_ntop(prefix->family == FLOW_IPV6 ? AF_INET6 : AF_INET, prefix->address, text, INET6_ADDRSTRLEN);
}

/* Refuses bits behind the length. */
static int tail_check(const struct prefix *prefix, const char *text, struct error *error) {
    struct prefix clean = *prefix;
    for (unsigned bit = prefix->bits; bit < family_bits[prefix->family]; bit++)
        clean.address[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
    if (memcmp(clean.address, prefix->address, sizeof clean.address) == 0) return 0;
    char address[INET6_ADDRSTRLEN];
    address_print(&clean, address);
    return error_set(error, "'%s' has bits after its prefix length: use %s/%u", text, address, clean.bits);
}

/* `text` without its number: "192.0.2.0/24" or "192.0.2.1". */
static int prefix_parse(struct prefix *prefix, char *text, struct error *error) {
    char *slash = strchr(text, '/');
    if (slash) *slash = '\0';
    int four = inet_pton(AF_INET, text, prefix->address), six = four ? 0 : inet_pton(AF_INET6, text, prefix->address);
    if (slash) *slash = '/';
    if (four != 1 && six != 1)
        return error_set(error, "'%s' is not an address or prefix such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32",
                         text);
    prefix->family = four ? FLOW_IPV4 : FLOW_IPV6;
    unsigned most = family_bits[prefix->family];
    int64_t bits = slash ? number_parse(slash + 1, most) : most;
    if (bits < 0) return error_set(error, "'%s': the prefix length must be a number from 0 to %u", text, most);
    prefix->bits = (uint8_t)bits;
    if (tail_check(prefix, text, error) != 0) return -1;
    if (six && prefix->bits >= MAPPED_BITS && is_mapped(prefix->address)) {
        prefix->family = FLOW_IPV4;
        prefix->bits -= MAPPED_BITS;
        memmove(prefix->address, prefix->address + sizeof mapped, 4);
        memset(prefix->address + 4, 0, 12);
    }
    return 0;
}

/* One item of the list. */
static int item_take(struct prefixes *prefixes, char *text, bool numbers, struct error *error) {
    struct prefix prefix = {.number = 0};
    char *equals = strchr(text, '=');
    int64_t number = numbers && equals ? number_parse(equals + 1, UINT32_MAX) : 0;
    if (numbers && number <= 0)
        return error_set(error,
                         "'%s' is not accepted: expected a prefix and a number from 1 to %u, such as 192.0.2.1=1000",
                         text, UINT32_MAX);
    if (numbers) *equals = '\0';
    if (prefix_parse(&prefix, text, error) != 0) return -1;
    for (unsigned i = 0; i < prefixes->n; i++) {
        const struct prefix *other = &prefixes->list[i];
        if (other->family == prefix.family && other->bits == prefix.bits &&
            memcmp(other->address, prefix.address, sizeof prefix.address) == 0)
            return error_set(error, "'%s' is repeated", text);
    }
    if (prefixes->n == PREFIXES_MAX)
        return error_set(error, "'%s' is one too many: at most %d prefixes are allowed", text, PREFIXES_MAX);
    prefix.number = (uint32_t)number;
    prefixes->list[prefixes->n++] = prefix;
    return 0;
}

static int longer_first(const void *a, const void *b) {
    const struct prefix *one = a, *other = b;
    return other->bits - one->bits;
}

int prefixes_parse(struct prefixes *prefixes, const char *text, bool numbers, struct error *error) {
    static const char separators[] = ", \t\n";
    char *copy = mem_strdup(text), *state = NULL;
    int failed = 0;
    prefixes->n = 0;
    for (char *item = strtok_r(copy, separators, &state); item && !failed; item = strtok_r(NULL, separators, &state))
        failed = item_take(prefixes, item, numbers, error);
    free(copy);
    qsort(prefixes->list, prefixes->n, sizeof prefixes->list[0], longer_first);
    return failed;
}

const struct prefix *prefixes_find(const struct prefixes *prefixes, uint8_t family, const uint8_t *address) {
    if (family == FLOW_IPV6 && is_mapped(address)) {
        family = FLOW_IPV4;
        address += sizeof mapped;
    }
    for (unsigned i = 0; i < prefixes->n; i++) {
        const struct prefix *prefix = &prefixes->list[i];
        if (prefix->family == family && bits_agree(prefix->address, address, prefix->bits)) return prefix;
    }
    return NULL;
}
