/* Flow logs of AWS' virtual private clouds, of versions 2 to 5 and of chosen fields: a header of names and a flow a
 * line, separated by spaces. Counts are those of the capture window, one way; ICMP has no type. Interfaces at both ends
 * log a flow: version 5 says which, egress or ingress. */
#include "files/foreign_impl.h"

#include <string.h>

static const struct column columns[] = {
    {{"version", "account-id", "interface-id", "action"}, ROLE_NONE, NULL, NULL, NULL},
    {{"account_id", "interface_id"}, ROLE_NONE, NULL, NULL, NULL},
    {{"start"}, ROLE_START, NULL, NULL, NULL},
    {{"end"}, ROLE_END, NULL, NULL, NULL},
    {{"protocol"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"srcaddr"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"dstaddr"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"srcport"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"dstport"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"packets"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"flow-direction", "flow_direction"}, ROLE_REPORTER, NULL, NULL, NULL},
    {{"tcp-flags", "tcp_flags"}, ROLE_NUMBER, "tcpControlBits", NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{NULL, 0}};

/* Lines of a window without a flow, or whose flows were not logged, have a status in place of one. */
static bool comment(struct foreign *foreign, const char *line, size_t len) {
    strcpy(foreign->unset[0], "-");
    if (!memmem(line, len, " NODATA", 7) && !memmem(line, len, " SKIPDATA", 9)) return len == 0;
    foreign->passed_over += !foreign->skipping;
    return true;
}

const struct foreign_tool vpc_tool = {
    .columns = columns,
    .marks = {"\"interface-id\"", "\"srcaddr\""}, /* the latter with names for columns, in which '_' stands for '-' */
    .needed = 1U << ROLE_START | 1U << ROLE_END | 1U << ROLE_PROTOCOL | 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION |
              1U << ROLE_PACKETS | 1U << ROLE_OCTETS,
    .hint = "version 2 has it, and so has every format that includes its fields",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .comment = comment,
    .separators = " ",
    .default_header =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
        "action log-status",
};
