/* libpcap's compiler of filters. */
#include "meter/match.h"

enum {
    SNAPLEN = 262144,
    LINKTYPE_RAW = 101, /* of files; the compiler knows it as DLT_RAW */
};

void match_release(struct match *match) {
    if (match->is_set) pcap_freecode(&match->program);
    match->is_set = false;
}

int match_compile(struct match *match, int link_type, const char *text, struct error *error) {
    match_release(match);
    if (!text) return 0;
    pcap_t *dead = pcap_open_dead(link_type == LINKTYPE_RAW ? DLT_RAW : link_type, SNAPLEN);
    if (!dead) return error_set(error, "'%s': out of memory", text);
    match->is_set = pcap_compile(dead, &match->program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!match->is_set) error_set(error, "'%s': %s", text, pcap_geterr(dead));
    pcap_close(dead);
    return match->is_set ? 0 : -1;
}
