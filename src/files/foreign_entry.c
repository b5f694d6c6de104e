/* A record's values into a queue entry: one set of rules for all tools. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "flow/layout.h"
#include "flow/names.h"
#include "flow/entry_text.h"
#include "files/foreign_impl.h"

enum {
    ETHERTYPES = 1536, /* from here on (IEEE 802.3) */
    MEMBER_MAX = 48,   /* ,"revDestinationTransportPort": */
    ENTRY_FIXED = 16,  /* members that are no elements of ROLE_NUMBER and so on, at most */
    OBJECT_MAX = (ENTRY_FIXED + COLUMNS_MAX) * (MEMBER_MAX + 2 + 6 * FOREIGN_TEXT_MAX),
    ENTRY_MAX = 2 * OBJECT_MAX, /* a list of two */
    UDP_LITE = 136,
    MICROSECONDS = 1000000,
};
static const int64_t UPTIME_MAX_US = INT64_C(100000000) * MICROSECONDS; /* in 1973 */

/* The two ends of a flow, and what each has sent. */
struct flow {
    int protocol; /* -1: not known */
    enum flow_family family;
    struct end {
        uint8_t address[16];
        uint64_t port, packets, octets;
    } source, destination;
    int64_t start_us, end_us;
    int reply; /* ICMP's type and code of the other direction, as a port; -1: the same */
};

/* --- values by their role --- */

/* The first value of a role; NULL: none. */
static const struct cell *role_cell(const struct foreign *foreign, enum column_role role) {
    if (foreign->first[role] < 0) return NULL;
    for (unsigned i = (unsigned)foreign->first[role]; foreign->tool->columns[i].role == role; i++)
        if (foreign->cells.at[i].text) return &foreign->cells.at[i];
    return NULL;
}

static const char *cell_name(const struct foreign *foreign, const struct cell *cell) {
    return foreign->tool->columns[cell - foreign->cells.at].names[0];
}

/* The first spelling of a role, for messages. */
static const char *role_name(const struct foreign *foreign, enum column_role role) {
    return foreign->tool->columns[foreign->first[role]].names[0];
}

static int missing(const struct foreign *foreign, enum column_role role, struct error *error) {
    return error_set(error, "column '%s': no value%s", role_name(foreign, role),
                     role == ROLE_START ? ", nor another time; --time says when all of them were" : "");
}

/* What the value is not, and what is accepted. */
static int wrong(const struct foreign *foreign, const struct cell *cell, const char *noun, const char *accepted,
                 struct error *error) {
    char text[49];
    size_t n = cell->len < sizeof text - 1 ? cell->len : sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = cell->text[i] >= ' ' && cell->text[i] <= '~' ? cell->text[i] : '?';
    text[n] = '\0';
    return error_set(error, "column '%s': '%s%s' is not a valid %s; expected %s", cell_name(foreign, cell), text,
                     n < cell->len ? "..." : "", noun, accepted);
}

/* A number up to `max`; 0 where there is none. */
static int number_read(const struct foreign *foreign, enum column_role role, const char *noun, uint64_t max,
                       uint64_t *number, struct error *error) {
    const struct cell *cell = role_cell(foreign, role);
    char accepted[96];
    *number = 0;
    if (!cell || (value_number(cell, number) == 0 && *number <= max)) return 0;
    snprintf(accepted, sizeof accepted, "a whole number from 0 to %llu%s", (unsigned long long)max,
             role >= ROLE_PACKETS && role <= ROLE_REVERSE_OCTETS ? foreign->tool->counts : "");
    return wrong(foreign, cell, noun, accepted, error);
}

static int time_read(struct foreign *foreign, enum column_role role, int64_t *us, struct error *error) {
    char accepted[192];
    const struct cell *cell = role_cell(foreign, role);
    if (!cell) return missing(foreign, role, error);
    int status = value_time(cell, foreign->tool->utc ? NULL : &foreign->local, us);
    if (status == 0 && !(foreign->tool->uptimes && *us < UPTIME_MAX_US)) return 0;
    snprintf(accepted, sizeof accepted,
             "seconds since 1970, such as 1700000000.25, or a %s time, such as 2023-11-14 22:13:20.25, or one with Z "
             "or +01:00%s",
             foreign->tool->utc ? "UTC" : "local", foreign->tool->times);
    return wrong(foreign, cell, "time", accepted, error);
}

static int times_read(struct foreign *foreign, struct flow *flow, struct error *error) {
    flow->start_us = foreign->time_us;
    if ((role_cell(foreign, ROLE_START) || !foreign->time_us) &&
        time_read(foreign, ROLE_START, &flow->start_us, error) != 0)
        return -1;
    const struct cell *duration = role_cell(foreign, ROLE_DURATION);
    if (role_cell(foreign, ROLE_END)) {
        if (time_read(foreign, ROLE_END, &flow->end_us, error) != 0) return -1;
        /* Else it is none, or the clocks were put back between the two. */
        if (flow->end_us >= flow->start_us || (flow->end_us > 0 && !duration)) return 0;
    }
    int64_t us = 0;
    if (duration && value_seconds(duration, &us) != 0)
        return wrong(foreign, duration, "duration", "seconds, optionally with a fraction", error);
    flow->end_us = flow->start_us + us;
    return 0;
}

/* Where a record has an address of each family, one is 0: the other counts. Where both are, that of the `other` end's
 * family. */
static const struct cell *address_cell(const struct foreign *foreign, enum column_role role, int other) {
    static const uint8_t zeros[16];
    const struct cell *first = NULL, *same = NULL;
    for (unsigned i = (unsigned)foreign->first[role]; foreign->tool->columns[i].role == role; i++) {
        const struct cell *cell = &foreign->cells.at[i];
        uint8_t address[16] = {0};
        if (!cell->text) continue;
        int family = value_address(cell, address);
        if (family >= 0 && memcmp(address, zeros, sizeof zeros) != 0) return cell;
        if (!first) first = cell;
        if (!same && family == other) same = cell;
    }
    return same ? same : first;
}

/* 1: read, 0: the record is of no flow of IP. `other`: the other end's family; -1: not known. */
static int address_read(const struct foreign *foreign, enum column_role role, int other, struct end *end, int *family,
                        struct error *error) {
    const struct cell *cell = address_cell(foreign, role, other);
    uint8_t octets[6];
    if (!cell) return missing(foreign, role, error);
    *family = value_address(cell, end->address);
    if (*family >= 0) return 1;
    if (value_mac(cell, octets) == 0) return 0;
    return wrong(foreign, cell, "address", "an address such as 192.0.2.1 or 2001:db8::1", error);
}

static bool cell_is(const struct cell *cell, const char *text) {
    return strlen(text) == cell->len && strncasecmp(text, cell->text, cell->len) == 0;
}

/* The number of a name in a tool's list; -1: none. */
static int alias_number(const struct alias *alias, const struct cell *cell) {
    for (; alias && alias->name; alias++)
        if (cell_is(cell, alias->name)) return alias->number;
    return -1;
}

/* 1: read, 0: the record is of no flow of IP. */
static int protocol_read(const struct foreign *foreign, struct flow *flow) {
    const struct cell *cell = role_cell(foreign, ROLE_PROTOCOL);
    uint64_t number;
    flow->protocol = -1;
    if (!cell) return 1;
    for (const char *const *stranger = foreign->tool->strangers; stranger && *stranger; stranger++)
        if (cell_is(cell, *stranger)) return 0;
    flow->protocol = alias_number(foreign->tool->protocols, cell);
    bool is_number = value_number(cell, &number) == 0;
    if (is_number && foreign->tool->ethertypes && number >= ETHERTYPES) return 0;
    if (is_number && number <= UINT8_MAX) flow->protocol = (int)number;
    if (flow->protocol < 0) flow->protocol = protocol_number(cell->text, cell->len);
    return 1;
}

/* For after the addresses: a record of no flow of IP may have any protocol. */
static int protocol_check(const struct foreign *foreign, struct flow *flow, struct error *error) {
    const struct cell *cell = role_cell(foreign, ROLE_PROTOCOL);
    for (const char *const *name = foreign->tool->ambiguous; cell && name && *name; name++)
        if (cell_is(cell, *name))
            return wrong(foreign, cell, "protocol", "its number, as ra -nn prints it: several have this name", error);
    if (cell && flow->protocol < 0)
        return wrong(foreign, cell, "protocol", "0 to 255 or a name in /etc/protocols", error);
    if (flow->protocol == IPPROTO_ICMP && flow->family == FLOW_IPV6) flow->protocol = IPPROTO_ICMPV6;
    return 0;
}

static bool is_icmp(int protocol) { return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6; }

/* A number, ICMP's "8.0" (type and code), or a name: of a service, or of a type or code of ICMP. */
static int port_read(const struct foreign *foreign, enum column_role role, const struct flow *flow, uint64_t *port,
                     struct error *error) {
    const struct cell *cell = role_cell(foreign, role);
    *port = 0;
    if (!cell) return 0;
    const char *dot = memchr(cell->text, '.', cell->len);
    if (dot) {
        struct cell type = {cell->text, (size_t)(dot - cell->text)};
        struct cell code = {dot + 1, cell->len - type.len - 1};
        uint64_t low;
        if (value_number(&type, port) == 0 && value_number(&code, &low) == 0 && *port <= UINT8_MAX &&
            low <= UINT8_MAX) {
            *port = *port << 8 | low;
            return 0;
        }
    } else if (value_number(cell, port) == 0 && *port <= UINT16_MAX) {
        return 0;
    }
    bool icmp = is_icmp(flow->protocol);
    int number = icmp ? alias_number(foreign->tool->icmp, cell)
                      : service_port(cell->text, cell->len, (uint8_t)(flow->protocol < 0 ? 0 : flow->protocol));
    if (number < 0)
        return wrong(foreign, cell, icmp ? "type or code of ICMP" : "port",
                     icmp ? "a number, or two such as 3.1" : "0 to 65535 or a name in /etc/services", error);
    *port = (uint64_t)number;
    return 0;
}

/* Other protocols have none, whatever a tool puts there; 0: none is known, as in sums of flows. */
static bool protocol_has_ports(int protocol) {
    switch (protocol) {
    case -1:
    case 0:
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_DCCP:
    case IPPROTO_SCTP:
    case UDP_LITE: return true;
    default: return false;
    }
}

/* What the other direction has in place of the port. */
static void reply_find(const struct foreign *foreign, struct flow *flow) {
    uint64_t *port = &flow->destination.port;
    int answer = flow_icmp_answer((unsigned)(*port >> 8), flow->family);
    unsigned code = foreign->tool->icmp_answers ? (unsigned)answer : 0;
    if (answer < 0 || (*port & 0xff) != code || (*port == 0 && !foreign->tool->icmp_port)) return;
    *port -= code;
    flow->reply = answer << 8;
}

/* The type and code in two columns. 1, 0: there are none, -1. */
static int icmp_read(const struct foreign *foreign, enum column_role role, uint64_t *port, struct error *error) {
    uint64_t type, code;
    if (!role_cell(foreign, role)) return 0;
    if (number_read(foreign, role, "type", UINT8_MAX, &type, error) != 0 ||
        number_read(foreign, role + 1, "code", UINT8_MAX, &code, error) != 0)
        return -1;
    *port = type << 8 | code;
    return 1;
}

/* ICMP's type and code, by columns of their own or out of the ports. Columns of 0 may be filled by a tool that told
 * them as a port. */
static int types_read(const struct foreign *foreign, struct flow *flow, struct error *error) {
    uint64_t source = flow->source.port, *destination = &flow->destination.port, type = 0;
    flow->source.port = 0;
    int told = icmp_read(foreign, ROLE_ICMP_TYPE, &type, error);
    if (told == 0 && role_cell(foreign, ROLE_ICMP_BOTH)) {
        uint64_t code = 0;
        bool apart = role_cell(foreign, ROLE_ICMP_CODE); /* NetFlow's name for both, and for the type alone */
        if (number_read(foreign, ROLE_ICMP_BOTH, "type and code", UINT16_MAX, &type, error) != 0 ||
            (apart && number_read(foreign, ROLE_ICMP_CODE, "code", UINT8_MAX, &code, error) != 0))
            return -1;
        if (apart && type <= UINT8_MAX) type = type << 8 | code;
        told = 1;
    }
    if (told < 0) return -1;
    if (told == 0 && foreign->tool->icmp_port)
        *destination =
            foreign->tool->icmp_port((unsigned)source, (unsigned)*destination, flow->family == FLOW_IPV6) & UINT16_MAX;
    if (told > 0 && type > 0) *destination = type;
    int reply = icmp_read(foreign, ROLE_REPLY_TYPE, &type, error);
    if (reply > 0)
        flow->reply = (int)type;
    else if (reply == 0)
        reply_find(foreign, flow);
    return reply < 0 ? -1 : 0;
}

static int ports_read(const struct foreign *foreign, struct flow *flow, struct error *error) {
    if (!is_icmp(flow->protocol) && !protocol_has_ports(flow->protocol)) return 0;
    if (port_read(foreign, ROLE_SOURCE_PORT, flow, &flow->source.port, error) != 0 ||
        port_read(foreign, ROLE_DESTINATION_PORT, flow, &flow->destination.port, error) != 0)
        return -1;
    return is_icmp(flow->protocol) ? types_read(foreign, flow, error) : 0;
}

/* What was counted of a sample stands for all. */
static int sampling_apply(const struct foreign *foreign, struct flow *flow, struct error *error) {
    uint64_t rate, *counts[] = {&flow->source.packets, &flow->source.octets, &flow->destination.packets,
                                &flow->destination.octets};
    if (number_read(foreign, ROLE_SAMPLING, "rate", UINT32_MAX, &rate, error) != 0) return -1;
    for (unsigned i = 0; rate > 1 && i < sizeof counts / sizeof counts[0]; i++)
        if (__builtin_mul_overflow(*counts[i], rate, counts[i]))
            return wrong(foreign, role_cell(foreign, ROLE_SAMPLING), "rate", "one whose counts have 64 bits", error);
    return 0;
}

static int counts_read(const struct foreign *foreign, struct flow *flow, struct error *error) {
    bool least = foreign->tool->least && role_cell(foreign, ROLE_OCTETS);
    if (!role_cell(foreign, ROLE_PACKETS) && !least) return missing(foreign, ROLE_PACKETS, error);
    if (number_read(foreign, ROLE_PACKETS, "count", UINT64_MAX, &flow->source.packets, error) != 0 ||
        number_read(foreign, ROLE_OCTETS, "count", UINT64_MAX, &flow->source.octets, error) != 0 ||
        number_read(foreign, ROLE_REVERSE_PACKETS, "count", UINT64_MAX, &flow->destination.packets, error) != 0)
        return -1;
    if (number_read(foreign, ROLE_REVERSE_OCTETS, "count", UINT64_MAX, &flow->destination.octets, error) != 0)
        return -1;
    if (!role_cell(foreign, ROLE_PACKETS)) flow->source.packets = flow->source.octets > 0;
    return sampling_apply(foreign, flow, error);
}

/* Addresses of IPv4 that are written as ones of IPv6; not where only one of the two is. */
static void addresses_unmap(struct flow *flow, int family[2]) {
    uint8_t source[16], destination[16];
    memcpy(source, flow->source.address, sizeof source);
    memcpy(destination, flow->destination.address, sizeof destination);
    if ((family[0] == FLOW_IPV6 && !value_address_unmap(source)) ||
        (family[1] == FLOW_IPV6 && !value_address_unmap(destination)))
        return;
    memcpy(flow->source.address, source, sizeof source);
    memcpy(flow->destination.address, destination, sizeof destination);
    family[0] = family[1] = FLOW_IPV4;
}

/* 1: read, 0: the record is of no flow of IP, -1. */
static int flow_read(struct foreign *foreign, struct flow *flow, struct error *error) {
    int family[2];
    int is_flow = protocol_read(foreign, flow);
    if (is_flow == 1 && !role_cell(foreign, ROLE_SOURCE)) return missing(foreign, ROLE_SOURCE, error);
    if (is_flow == 1) is_flow = address_read(foreign, ROLE_DESTINATION, -1, &flow->destination, &family[1], error);
    if (is_flow == 1) is_flow = address_read(foreign, ROLE_SOURCE, family[1], &flow->source, &family[0], error);
    if (is_flow != 1) return is_flow;
    addresses_unmap(flow, family);
    if (family[0] != family[1])
        return wrong(foreign, role_cell(foreign, ROLE_DESTINATION), "address of the source's family",
                     "two IPv4 or two IPv6 addresses", error);
    flow->family = (enum flow_family)family[0];
    if (protocol_check(foreign, flow, error) != 0 || ports_read(foreign, flow, error) != 0 ||
        times_read(foreign, flow, error) != 0 || counts_read(foreign, flow, error) != 0)
        return -1;
    return 1;
}

/* --- the entry --- */

static char *member(char *out, const char *name) {
    *out++ = ',';
    *out++ = '"';
    out = stpcpy(out, name);
    *out++ = '"';
    *out++ = ':';
    return out;
}

static char *number_write(char *out, const char *name, uint64_t number) {
    return entry_number(member(out, name), number);
}

static char *address_write(char *out, const char *name, enum flow_family family, const uint8_t address[16]) {
    out = member(out, name);
    if (family == FLOW_IPV6) return entry_ipv6(out, address);
    return entry_number(out, be32(address));
}

static char *flow_write(char *out, const struct flow *flow) {
    const struct end *from = &flow->source, *to = &flow->destination;
    bool ipv6 = flow->family == FLOW_IPV6;
    out = address_write(out, ipv6 ? "sourceIPv6Address" : "sourceIPv4Address", flow->family, from->address);
    out = address_write(out, ipv6 ? "destinationIPv6Address" : "destinationIPv4Address", flow->family, to->address);
    if (flow->protocol >= 0) out = number_write(out, "protocolIdentifier", (uint64_t)flow->protocol);
    out = number_write(out, "sourceTransportPort", from->port);
    out = number_write(out, "destinationTransportPort", to->port);
    out = number_write(out, "flowStartMicroseconds", (uint64_t)flow->start_us);
    out = number_write(out, "flowEndMicroseconds", (uint64_t)flow->end_us);
    out = number_write(out, "packetDeltaCount", from->packets);
    out = number_write(out, "octetDeltaCount", from->octets);
    if (to->packets == 0 && to->octets == 0) return out;
    out = number_write(out, "revPacketDeltaCount", to->packets);
    return number_write(out, "revOctetDeltaCount", to->octets);
}

/* Adds the element of a column, unless it is 0. NULL with the error set. */
static char *element_write(char *out, const struct foreign *foreign, const struct column *column,
                           const struct cell *cell, const char *name, struct error *error) {
    static const uint8_t zeros[16];
    uint8_t octets[16] = {0};
    uint64_t number = 0;
    int family;
    switch (column->role) {
    case ROLE_ADDRESS:
        family = value_address(cell, octets);
        if (family < 0)
            return wrong(foreign, cell, "address", "an address such as 192.0.2.1 or 2001:db8::1", error), NULL;
        if (family == FLOW_IPV6 && value_address_unmap(octets)) {
            family = FLOW_IPV4;
            memset(octets + 4, 0, sizeof octets - 4);
        }
        if (memcmp(octets, zeros, sizeof octets) == 0) return out;
        return address_write(out, family == FLOW_IPV6 && column->other ? column->other : name, (enum flow_family)family,
                             octets);
    case ROLE_MAC:
        if (value_mac(cell, octets) != 0)
            return wrong(foreign, cell, "address", "an address such as 00:1b:21:0a:ff:3c", error), NULL;
        return memcmp(octets, zeros, 6) == 0 ? out : entry_mac(member(out, name), octets);
    case ROLE_TEXT:
        return entry_string(member(out, name), cell->text, cell->len < FOREIGN_TEXT_MAX ? cell->len : FOREIGN_TEXT_MAX);
    case ROLE_FLAGS:
        if (value_flags(cell, &number) != 0)
            return wrong(foreign, cell, "set of flags", "flags such as ...AP.SF", error), NULL;
        break;
    case ROLE_HEX:
        if (value_hex(cell, &number) != 0) return wrong(foreign, cell, "number", "hexadecimal digits", error), NULL;
        break;
    case ROLE_BITS:
        if (value_bits(cell, &number) != 0)
            return wrong(foreign, cell, "prefix", "one such as 10.0.0.0/8, or its length", error), NULL;
        break;
    default:
        if (value_number(cell, &number) != 0) return wrong(foreign, cell, "number", "a whole number", error), NULL;
    }
    return number ? number_write(out, name, number) : out;
}

static char *elements_write(char *out, const struct foreign *foreign, enum flow_family family, bool turned,
                            struct error *error) {
    const struct column *columns = foreign->tool->columns;
    for (unsigned i = 0; out && columns[i].names[0]; i++) {
        if (columns[i].role < ROLES || !foreign->cells.at[i].text) continue;
        const char *name = columns[i].element;
        if (family == FLOW_IPV6 && columns[i].other && columns[i].role != ROLE_ADDRESS) name = columns[i].other;
        if (turned && columns[i].turned) name = columns[i].turned;
        out = element_write(out, foreign, &columns[i], &foreign->cells.at[i], name, error);
    }
    return out;
}

/* The flow as its other end sees it. */
static void flow_turn(struct flow *flow) {
    struct end end = flow->source;
    flow->source = flow->destination;
    flow->destination = end;
    if (flow->reply < 0) return;
    flow->source.port = 0;
    flow->destination.port = (uint64_t)flow->reply;
}

/* NULL with the error set. */
static char *object_write(char *out, const struct foreign *foreign, const struct flow *flow, bool turned,
                          struct error *error) {
    char *start = out;
    out = elements_write(flow_write(out, flow), foreign, flow->family, turned, error);
    if (!out) return NULL;
    *start = '{'; /* for the first member's comma */
    *out++ = '}';
    return out;
}

/* Each direction has a key of its own, which its reverse would not have: a list. */
static char *both_write(char *out, const struct foreign *foreign, struct flow *flow, struct error *error) {
    struct flow back = *flow;
    flow_turn(&back);
    flow->destination.packets = flow->destination.octets = back.destination.packets = back.destination.octets = 0;
    *out++ = '[';
    out = object_write(out, foreign, flow, false, error);
    if (!out) return NULL;
    *out++ = ',';
    out = object_write(out, foreign, &back, true, error);
    if (!out) return NULL;
    *out++ = ']';
    return out;
}

/* Whether the record is a flow of its own. */
static bool is_wanted(struct foreign *foreign) {
    const struct cell *kind = role_cell(foreign, ROLE_KIND);
    const char *const *kinds = foreign->tool->kinds;
    if (role_cell(foreign, ROLE_INSIDE)) return false;
    if (foreign->tool->other_ones && !role_cell(foreign, ROLE_SOURCE) && !role_cell(foreign, ROLE_DESTINATION))
        return false;
    if (!kinds) return true;
    int8_t i = 0;
    while (kinds[i] && !(kind && cell_is(kind, kinds[i])))
        i++;
    if (kinds[i] && foreign->kind < 0) foreign->kind = i;
    return i == foreign->kind;
}

/* Whether the flow's other end has reported it before. */
static bool is_of_other_end(struct foreign *foreign, const struct flow *flow) {
    uint8_t tuple[2 * 16 + 2 * 8 + 1];
    const struct cell *reporter = role_cell(foreign, ROLE_REPORTER);
    if (!reporter) return false;
    memcpy(tuple, flow->source.address, 16);
    memcpy(tuple + 16, flow->destination.address, 16);
    memcpy(tuple + 32, &flow->source.port, 8);
    memcpy(tuple + 40, &flow->destination.port, 8);
    tuple[48] = (uint8_t)flow->protocol;
    return both_ends_found(&foreign->both_ends, tuple, sizeof tuple, reporter->text, reporter->len);
}

int foreign_assemble(struct foreign *foreign, struct error *error) {
    struct flow flow = {.protocol = -1, .reply = -1};
    bool wanted = is_wanted(foreign);
    if (foreign->skipping && foreign->first[ROLE_REPORTER] < 0) return FOREIGN_NONE;
    int is_flow = wanted ? flow_read(foreign, &flow, error) : 0;
    if (is_flow > 0 && is_of_other_end(foreign, &flow)) is_flow = 0;
    if (foreign->skipping) return FOREIGN_NONE;
    if (is_flow < 0) return -1;
    if (is_flow == 0) {
        foreign->passed_over++;
        return FOREIGN_NONE;
    }
    /* One that was only answered, as a tool saw it, is a flow of who answered. */
    bool turned = flow.source.packets == 0 && flow.source.octets == 0 && flow.destination.packets > 0;
    bool of_answer = foreign->tool->icmp_answers || role_cell(foreign, ROLE_REPLY_TYPE);
    if (turned && !of_answer) flow.reply = -1; /* the type is of the one direction there is */
    bool both = flow.reply >= 0 && !turned && (flow.destination.packets > 0 || flow.destination.octets > 0);
    if (turned) flow_turn(&flow);
    buffer_clear(&foreign->entry);
    buffer_reserve(&foreign->entry, ENTRY_MAX);
    char *start = foreign->entry.data;
    char *out = both ? both_write(start, foreign, &flow, error) : object_write(start, foreign, &flow, turned, error);
    if (!out) return -1;
    foreign->entry.len = (size_t)(out - start);
    return FOREIGN_ENTRY;
}
