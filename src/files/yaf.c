/* Lines of YAF's yafscii without --tabular, which are for people:
 *
 *   2023-11-14 22:13:10.123 - 22:13:19.123 (9.000 sec) tcp 192.0.2.1:51515 => 198.51.100.4:443 ... (10/1000 <-> 8/4000)
 *   2023-11-14 22:13:10.123 icmp [8:0] 192.0.2.1 => 198.51.100.4 (1/84 ->)
 *   2023-11-14 22:13:10.123 ip 47 192.0.2.1 => 198.51.100.4 (1/84 ->)
 */
#include <string.h>

#include "files/foreign_impl.h"

/* What stands before `until`, which is passed over; false where it isn't there. */
static bool take(struct cell *rest, const char *until, struct cell *cell) {
    const char *end = memmem(rest->text, rest->len, until, strlen(until));
    if (!end) return false;
    *cell = (struct cell){rest->text, (size_t)(end - rest->text)};
    rest->text = end + strlen(until);
    rest->len -= cell->len + strlen(until);
    return true;
}

static bool begins(const struct cell *rest, const char *with) {
    return rest->len >= strlen(with) && memcmp(rest->text, with, strlen(with)) == 0;
}

static bool is(const struct cell *cell, const char *text) { return cell->len == strlen(text) && begins(cell, text); }

/* "192.0.2.1:443"; addresses of IPv6 have no brackets. */
static bool port_split(struct cell *address, struct cell *port) {
    const char *colon = memrchr(address->text, ':', address->len);
    if (!colon) return false;
    size_t len = (size_t)(colon - address->text);
    *port = (struct cell){colon + 1, address->len - len - 1};
    address->len = len;
    return true;
}

static bool times_read(struct cell *rest, struct yaf_line *line) {
    struct cell date, time, skipped;
    if (rest->len < 24 || rest->text[4] != '-' || !take(rest, " ", &date) || !take(rest, " ", &time)) return false;
    line->start = (struct cell){date.text, date.len + 1 + time.len};
    if (!begins(rest, "- ")) return true; /* of one packet */
    return take(rest, "(", &skipped) && take(rest, " sec) ", &line->duration);
}

static bool ends_read(struct cell *rest, struct yaf_line *line) {
    struct cell skipped;
    if (!take(rest, " ", &line->protocol)) return false;
    bool icmp = is(&line->protocol, "icmp") || is(&line->protocol, "icmp6"), other = is(&line->protocol, "ip");
    if (icmp && !(take(rest, "[", &skipped) && take(rest, ":", &line->type) && take(rest, "] ", &line->code)))
        return false;
    if (other && !take(rest, " ", &line->protocol)) return false;
    if (!take(rest, " => ", &line->source) || !take(rest, " ", &line->destination)) return false;
    return icmp || other ||
           (port_split(&line->source, &line->source_port) && port_split(&line->destination, &line->destination_port));
}

static bool counts_read(struct cell *rest, struct yaf_line *line) {
    struct cell skipped;
    if (!take(rest, "(", &skipped) || !take(rest, "/", &line->packets) || !take(rest, " ", &line->octets)) return false;
    if (!begins(rest, "<-> ")) return begins(rest, "->");
    return take(rest, " ", &skipped) && take(rest, "/", &line->reverse_packets) &&
           take(rest, ")", &line->reverse_octets);
}

bool yaf_line_read(const char *text, size_t len, struct yaf_line *line) {
    struct cell rest = {text, len};
    memset(line, 0, sizeof *line);
    return times_read(&rest, line) && ends_read(&rest, line) && counts_read(&rest, line);
}
