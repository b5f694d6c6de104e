/* The cases of tests/unit/packets.txt, one by one, and packets as they are written there. */
#ifndef TESTS_UNIT_PACKET_CASES_H
#define TESTS_UNIT_PACKET_CASES_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"

enum { PACKET_CASE_BYTES = 4096, PACKET_TEXT_BYTES = 1024 };

struct packet_case {
    char name[64];
    int link_type;
    unsigned tunnels;
    size_t original, captured;
    uint8_t bytes[PACKET_CASE_BYTES];
    char expected[PACKET_TEXT_BYTES];
};

/* True, and the next case; false at the file's end. What isn't a case ends the program. */
static inline bool packet_case_next(FILE *file, struct packet_case *one) {
    static char line[2 * PACKET_CASE_BYTES + 2];
    do {
        if (!fgets(line, sizeof line, file)) return false;
    } while (line[0] == '#');
    if (sscanf(line, "= %63s %d %u %zu", one->name, &one->link_type, &one->tunnels, &one->original) != 4) abort();
    if (!fgets(line, sizeof line, file)) abort();
    one->captured = 0;
    for (const char *digits = line; *digits != '\n'; digits += 2) {
        unsigned byte;
        if (sscanf(digits, "%2x", &byte) != 1) abort();
        one->bytes[one->captured++] = (uint8_t)byte;
    }
    if (!fgets(one->expected, sizeof one->expected, file)) abort();
    one->expected[strcspn(one->expected, "\n")] = '\0';
    return true;
}

enum packet_field_kind { FIELD_NUMBER, FIELD_FAMILY, FIELD_ADDRESS, FIELD_MAC };

static const struct packet_field {
    const char *name;
    size_t offset, bytes;
    enum packet_field_kind kind;
} packet_fields[] = {
#define FIELD(member, kind) {#member, offsetof(struct packet, member), sizeof((struct packet *)0)->member, kind}
    FIELD(family, FIELD_FAMILY),
    FIELD(source, FIELD_ADDRESS),
    FIELD(destination, FIELD_ADDRESS),
    FIELD(octets, FIELD_NUMBER),
    FIELD(source_port, FIELD_NUMBER),
    FIELD(destination_port, FIELD_NUMBER),
    FIELD(protocol, FIELD_NUMBER),
    FIELD(tcp_flags, FIELD_NUMBER),
    FIELD(tos, FIELD_NUMBER),
    FIELD(ttl, FIELD_NUMBER),
    FIELD(header_bytes, FIELD_NUMBER),
    FIELD(next_header, FIELD_NUMBER),
    FIELD(flow_label, FIELD_NUMBER),
    FIELD(fragment_id, FIELD_NUMBER),
    FIELD(fragment_offset, FIELD_NUMBER),
    FIELD(fragment_flags, FIELD_NUMBER),
    FIELD(tunnel, FIELD_NUMBER),
    FIELD(vlan, FIELD_NUMBER),
    FIELD(customer_vlan, FIELD_NUMBER),
    FIELD(vlan_tags, FIELD_NUMBER),
    FIELD(mpls_labels, FIELD_NUMBER),
    FIELD(tunnels, FIELD_NUMBER),
    FIELD(outgoing, FIELD_NUMBER),
    FIELD(mpls_top, FIELD_NUMBER),
    FIELD(tunnel_id, FIELD_NUMBER),
    FIELD(interface, FIELD_NUMBER),
    FIELD(source_mac, FIELD_MAC),
    FIELD(destination_mac, FIELD_MAC),
    FIELD(ip_offset, FIELD_NUMBER),
    FIELD(transport_offset, FIELD_NUMBER),
#undef FIELD
};

static inline uint64_t packet_field_number(const struct packet_field *field, const uint8_t *at) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (field->bytes) {
    case 1: return *at;
    case 2: memcpy(&two, at, sizeof two); return two;
    case 4: memcpy(&four, at, sizeof four); return four;
    default: memcpy(&eight, at, sizeof eight); return eight;
    }
}

/* The verdict, and where the packet counts each member that is not 0. */
static inline void packet_describe(enum packet_verdict verdict, const struct packet *packet,
                                   char text[PACKET_TEXT_BYTES]) {
    static const uint8_t zero[16];
    int len = snprintf(text, PACKET_TEXT_BYTES, "%s", packet_texts[verdict].token);
    for (unsigned i = 0; packet_texts[verdict].counts && i < sizeof packet_fields / sizeof packet_fields[0]; i++) {
        const struct packet_field *field = &packet_fields[i];
        const uint8_t *at = (const uint8_t *)packet + field->offset;
        char value[INET6_ADDRSTRLEN];
        if (field->kind == FIELD_FAMILY) {
            snprintf(value, sizeof value, "%d", *at == FLOW_IPV4 ? 4 : 6);
        } else if (memcmp(at, zero, field->bytes) == 0) {
            continue;
        } else if (field->kind == FIELD_ADDRESS) {
            inet_ntop(packet->family == FLOW_IPV4 ? AF_INET : AF_INET6, at, value, sizeof value);
        } else if (field->kind == FIELD_MAC) {
            snprintf(value, sizeof value, "%02x:%02x:%02x:%02x:%02x:%02x", at[0], at[1], at[2], at[3], at[4], at[5]);
        } else {
            snprintf(value, sizeof value, "%llu", (unsigned long long)packet_field_number(field, at));
        }
        len += snprintf(text + len, PACKET_TEXT_BYTES - (size_t)len, " %s=%s", field->name, value);
    }
}

#endif
