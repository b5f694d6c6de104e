/* Flow tuples of Azure: of network security groups (version 2) and of virtual networks. Counts are those of both
 * directions since the tuple before of the same flow; the time is when the tuple was written.
 * https://learn.microsoft.com/en-us/azure/network-watcher/nsg-flow-logs-overview and vnet-flow-logs-overview. */
#include "files/foreign_impl.h"

#include <string.h>

/* Of a security group: decision (A, D), then state (B, C, E); of a network: state (B, C, E, D), then encryption. */
static const struct column columns[] = {
    {{"direction", "decision", "state"}, ROLE_NONE, NULL, NULL, NULL},
    {{"time"}, ROLE_START, NULL, NULL, NULL},
    {{"protocol"}, ROLE_PROTOCOL, NULL, NULL, NULL},
    {{"source"}, ROLE_SOURCE, NULL, NULL, NULL},
    {{"destination"}, ROLE_DESTINATION, NULL, NULL, NULL},
    {{"source port"}, ROLE_SOURCE_PORT, NULL, NULL, NULL},
    {{"destination port"}, ROLE_DESTINATION_PORT, NULL, NULL, NULL},
    {{"packets"}, ROLE_PACKETS, NULL, NULL, NULL},
    {{"bytes"}, ROLE_OCTETS, NULL, NULL, NULL},
    {{"packets back"}, ROLE_REVERSE_PACKETS, NULL, NULL, NULL},
    {{"bytes back"}, ROLE_REVERSE_OCTETS, NULL, NULL, NULL},
    {{NULL}, ROLES, NULL, NULL, NULL},
};

_Static_assert(sizeof columns / sizeof columns[0] <= COLUMNS_MAX, "a place for each value");

static const struct alias protocols[] = {{"T", 6}, {"U", 17}, {NULL, 0}};

static bool is_letter(const struct cell *cell, const char *letters) {
    return cell->len == 1 && strchr(letters, cell->text[0]);
}

/* What was denied, or begins, has no counts yet; nor has version 1, of 8 cells. */
static bool comment(struct foreign *foreign, const char *line, size_t len) {
    enum { PROTOCOL = 5, DECISION = 7, STATE = 8, CELLS_V1 = 8, CELLS = 13 };
    bool quoted = len >= 2 && line[0] == '"';
    struct cell rest = {line + quoted, len - 2 * quoted}, cells[CELLS] = {{NULL, 0}};
    unsigned n = 0;
    while (n < CELLS && foreign_cell_next(&rest, ',', &cells[n]))
        n++;
    if (n != CELLS && n != CELLS_V1) return false;
    bool of_group = n == CELLS_V1 || is_letter(&cells[DECISION], "A") || is_letter(&cells[PROTOCOL], "TU");
    const struct cell *state = &cells[of_group ? STATE : DECISION];
    bool denied = is_letter(&cells[DECISION], "D");
    if (n == CELLS && !denied && !is_letter(state, "B")) return false;
    foreign->passed_over += !foreign->skipping;
    return true;
}

const struct foreign_tool azure_tool = {
    .columns = columns,
    .marks = {"\"flowTuples\"", "\"NetworkSecurityGroupFlowEvent\"", "\"FlowLogFlowEvent\""},
    .needed = 1U << ROLE_START,
    .hint = "",
    .counts = "",
    .times = "",
    .protocols = protocols,
    .comment = comment,
    .separators = ",",
    .default_header = "time,source,destination,source port,destination port,protocol,direction,decision,state,packets,"
                      "bytes,packets back,bytes back",
    .frame = "{\"flowTuples\":[\n",
    .utc = true,
};
