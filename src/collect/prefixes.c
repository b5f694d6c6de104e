/* Lists of address prefixes: who may export, and at which sampling rate. */
#include "collect/prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/address.h"

enum { MAPPED_BITS = 96 }; /* of ::ffff:0:0/96, IPv4 in IPv6 */

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

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

/* "/024" is /24 here. */
static void zeros_drop(char *text) {
    char *slash = strchr(text, '/');
    if (!slash) return;
    char *bits = slash + 1;
    size_t zeros = strspn(bits, "0");
    if (zeros > 0 && (bits[zeros] < '0' || bits[zeros] > '9')) zeros--; /* that is the number */
    memmove(bits, bits + zeros, strlen(bits + zeros) + 1);
}

/* `text` without its number: "192.0.2.0/24" or "192.0.2.1". */
static int prefix_parse(struct prefix *prefix, char *text, struct error *error) {
    struct address address;
    zeros_drop(text);
    if (address_parse(&address, text, error) != 0) return -1;
    bool four_in_six = address.family == FLOW_IPV6 && address.bits >= MAPPED_BITS && is_mapped(address.bytes);
    prefix->family = four_in_six ? FLOW_IPV4 : address.family;
    prefix->bits = (uint8_t)(address.bits - (four_in_six ? MAPPED_BITS : 0));
    memcpy(prefix->address, address.bytes + (four_in_six ? sizeof mapped : 0), four_in_six ? 4 : sizeof address.bytes);
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
