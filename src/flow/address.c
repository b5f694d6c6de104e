/* An address, or a prefix: what may stand behind its slash. */
#include "flow/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "flow/layout.h"

unsigned address_width(unsigned family) { return family == FLOW_IPV4 ? 32 : 128; }

/* "0" to "128", without leading zeros; else -1. */
static int bits_read(const char *text, unsigned most) {
    size_t len = strlen(text);
    if (len < 1 || len > 3 || strspn(text, "0123456789") != len || (*text == '0' && len > 1)) return -1;
    int bits = atoi(text);
    return bits <= (int)most ? bits : -1;
}

static int tail_check(const struct address *address, const char *text, struct error *error) {
    struct address clean = *address;
    char shown[INET6_ADDRSTRLEN];
    for (unsigned bit = address->bits; bit < address_width(address->family); bit++)
        clean.bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
    if (memcmp(clean.bytes, address->bytes, sizeof clean.bytes) == 0) return 0;
    inet_ntop(clean.family == FLOW_IPV4 ? AF_INET : AF_INET6, clean.bytes, shown, sizeof shown);
    return error_set(error, "'%s' has bits after its prefix length: use %s/%u", text, shown, clean.bits);
}

int address_parse(struct address *address, const char *text, struct error *error) {
    static const int families[FLOW_FAMILIES] = {[FLOW_IPV4] = AF_INET, [FLOW_IPV6] = AF_INET6};
    char alone[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    unsigned family = 0;
    *address = (struct address){.family = 0};
    if (len >= sizeof alone) len = 0;
    memcpy(alone, text, len);
    alone[len] = '\0';
    while (family < FLOW_FAMILIES && inet_pton(families[family], alone, address->bytes) != 1)
        family++;
    if (family == FLOW_FAMILIES)
        return error_set(error, "'%.64s' is not an address or prefix such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32",
                         text);
    int bits = slash ? bits_read(slash + 1, address_width(family)) : (int)address_width(family);
    if (bits < 0)
        return error_set(error, "'%.64s': the prefix length must be a number from 0 to %u", text,
                         address_width(family));
    address->family = (uint8_t)family;
    address->bits = (uint8_t)bits;
    return tail_check(address, text, error);
}
