/* Zeek's conn.log: https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html, as tab-separated text
 * with its header (log-formats), which may come again, or as JSON. */
#include <stdio.h>
#include <string.h>

#include "files/foreign_impl.h"

/* orig_bytes counts payload, and by TCP's sequence numbers: it stands in where orig_ip_bytes, the octets of whole IP
 * packets, has not been logged. A connection's duration is unset where it had a single packet. */
static const struct column columns[] = {
    {{"ts"}, ROLE_START, NULL, NULL, NULL},
    {{"duration"}, ROLE_DURATION, NULL, NULL, NULL},
    {{"ip_proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"proto"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"id.orig_h"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"id.resp_h"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"id.orig_p"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"id.resp_p"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"orig_pkts"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"orig_ip_bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"orig_bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"resp_pkts"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"resp_ip_bytes"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"resp_bytes"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{"vlan"}, ROLE_NUMBER, "vlanId", NULL, NULL},
    {{"inner_vlan"}, ROLE_NUMBER, "dot1qCustomerVlanId", NULL, NULL},
    {{"orig_l2_addr"}, ROLE_MAC, "sourceMacAddress", NULL, "destinationMacAddress"},
    {{"resp_l2_addr"}, ROLE_MAC, "destinationMacAddress", NULL, "sourceMacAddress"},
    {{"tunnel_parents"}, ROLE_INSIDE, NULL, NULL, NULL},
    {{"service"}, ROLE_TEXT, "applicationName", NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

/* What it says of all but TCP, UDP and ICMP, where ip_proto is not logged: the entry has no protocol then. */
static const struct alias protocols[] = {{"unknown_transport", 0}, {NULL, 0}};

static unsigned icmp_port(unsigned source, unsigned destination, bool ipv6) {
    (void)ipv6;
    return source << 8 | (destination & 0xff);
}

/* The value of a line "#name<separator>value", where it is that line. */
static bool setting(const struct foreign *foreign, const char *line, size_t len, const char *name, struct cell *value) {
    size_t name_len = strlen(name);
    if (len <= name_len || memcmp(line, name, name_len) != 0 || line[name_len] != foreign->separator) return false;
    *value = (struct cell){line + name_len + 1, len - name_len - 1};
    return true;
}

static void unset_take(char unset[16], const struct cell *value) {
    if (value->len > 0 && value->len < 16) snprintf(unset, 16, "%.*s", (int)value->len, value->text);
}

/* "\x09" */
static void separator_take(struct foreign *foreign, const struct cell *value) {
    unsigned code;
    char text[8];
    snprintf(text, sizeof text, "%.*s", (int)(value->len < sizeof text ? value->len : sizeof text - 1), value->text);
    foreign->separator = text[0];
    if (sscanf(text, "\\x%2x", &code) == 1 && code > 0 && code < 0x80) foreign->separator = (char)code;
}

/* A header begins with #separator; one without it, with #fields. */
static void header_begin(struct foreign *foreign) {
    buffer_clear(&foreign->header);
    foreign->has_header = false;
    foreign->separator = '\t';
    strcpy(foreign->unset[0], "-");
    strcpy(foreign->unset[1], "(empty)");
}

static bool comment(struct foreign *foreign, const char *line, size_t len) {
    static const char separator[] = "#separator ";
    struct cell value;
    if (line[0] != '#') return false;
    if (!foreign->separator) header_begin(foreign);
    if (len > strlen(separator) && memcmp(line, separator, strlen(separator)) == 0) {
        header_begin(foreign);
        separator_take(foreign, &(struct cell){line + strlen(separator), len - strlen(separator)});
    } else if (setting(foreign, line, len, "#unset_field", &value)) {
        unset_take(foreign->unset[0], &value);
    } else if (setting(foreign, line, len, "#empty_field", &value)) {
        unset_take(foreign->unset[1], &value);
    } else if (setting(foreign, line, len, "#fields", &value)) {
        if (foreign->has_header) header_begin(foreign);
        foreign_header_read(foreign, value.text, value.len, foreign->separator);
    } else if (!setting(foreign, line, len, "#types", &value) && !setting(foreign, line, len, "#path", &value) &&
               !setting(foreign, line, len, "#set_separator", &value)) {
        return true; /* when it was opened and closed */
    }
    buffer_add(&foreign->header, line, len);
    buffer_add_text(&foreign->header, "\n");
    return true;
}

const struct foreign_tool zeek_tool = {
    .columns = columns,
    .marks = {"\"id.orig_h\""},
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS |
              1U << ROLE_OCTETS | 1U << ROLE_REVERSE_PACKETS | 1U << ROLE_REVERSE_OCTETS,
    .hint = "conn.log has it",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .icmp_port = icmp_port,
    .icmp_answers = true,
    .comment = comment,
    .separators = "",
};
