/* A capture filter, pcap-filter(7), compiled for frames of a link type. */
#ifndef FLOWIMPORT_METER_MATCH_H
#define FLOWIMPORT_METER_MATCH_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include "base/error.h"

struct match {
    bool is_set; /* else it takes all frames */
    struct bpf_program program;
};

/* Instead of what it was. `text`: NULL for all frames. 0, or -1 with the error set. */
int match_compile(struct match *match, int link_type, const char *text, struct error *error)
    __attribute__((warn_unused_result));
void match_release(struct match *match);

static inline bool match_takes(const struct match *match, const uint8_t *bytes, size_t captured, size_t original) {
    struct pcap_pkthdr head = {.caplen = (bpf_u_int32)captured, .len = (bpf_u_int32)original};
    return !match->is_set || pcap_offline_filter(&match->program, &head, bytes);
}

#endif
