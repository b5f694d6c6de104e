/* The meter: frames in, flows out. Every packet that counts is in one flow of each rule that matches it.
 *
 * A flow ends when no packet came for the inactive timeout, or it is as long as the active timeout; when its connection
 * has ended (below); when another one needs its place, the one whose time would come first; or with the meter. Time is
 * that of the packets: the timeouts are exact to the microsecond, however late or out of order frames come. A frame of
 * the past widens its flow towards its start. A time that goes back by more than the inactive timeout is a clock that
 * was set back, and is taken as it is.
 *
 * A connection has ended with an RST, or when an end has said FIN (both ends, of a biflow). What its peer still sends,
 * and the last acknowledgements, are of the same flow: it goes on until a SYN begins another connection, or for
 * METER_LINGER seconds without a packet. So long a FIN may be repeated, after 1, 2, 4 and 8 seconds (RFC 6298), and
 * makes no flow of its own.
 *
 * Biflows (RFC 5103): forward is the direction of the first packet. Where ports are keys, ICMP has none: its type
 * is not the answer's.
 *
 * Memory: that of the configuration, in equal shares for the rules; FLOW_TABLE_BYTES (meter/flow_table.h) for each
 * flow, 99 bytes with the five-tuple. Nothing is allocated after the start. Used by one thread. */
#ifndef FLOWIMPORT_METER_METER_H
#define FLOWIMPORT_METER_METER_H

#include "base/show.h"
#include "meter/meter_rule.h"
#include "packet/capture.h"
#include "packet/packet.h"

enum { METER_LINGER = 15 };

struct meter; /* opaque */

struct meter_config {
    const struct meter_rules *rules; /* borrowed */
    const char *filter;              /* pcap-filter(7), borrowed: frames that are looked at; NULL: all */
    int64_t active_us, inactive_us;
    size_t memory;         /* bytes of all flows */
    size_t fragments;      /* datagrams whose ports are remembered at a time */
    uint32_t sampling;     /* one in so many packets is looked at; 0 and 1: all */
    bool sampling_by_hash; /* of what stays the same on a packet's way; else every n-th */
    struct packet_options packet;
    uint64_t
        seed; /* any number that strangers don't know; the flows are the same with each, unless fragments are lost */
};

/* `flow` is the callee's until it returns. */
typedef void meter_flow_fn(void *context, unsigned rule, const struct meter_flow *flow);

struct meter_totals {
    uint64_t frames, passed_over;           /* all; not looked at, as sampling says */
    uint64_t verdicts[PACKET_VERDICTS];     /* of those looked at */
    uint64_t packets, octets;               /* that count, before scaling */
    uint64_t unmatched;                     /* packets that no rule takes */
    uint64_t ends[METER_END_RESOURCES + 1]; /* flows, by the reason of their end */
};

struct meter *meter_new(const struct meter_config *config, meter_flow_fn *ended, void *context);
void meter_free(struct meter *meter); /* flows under way are lost */
/* Before the first frame, and where frames are of another link type (DLT_ or LINKTYPE_): 0, or -1 where the filter or a
 * rule's match is not possible with it. */
int meter_link_type(struct meter *meter, int link_type, struct error *error) __attribute__((warn_unused_result));
/* A frame of a capture, whose link type may be another than the last one's. Its form is capture_file.h's: the context
 * is the meter. */
int meter_capture_frame(void *meter, int link_type, const struct capture_frame *frame, struct error *error)
    __attribute__((warn_unused_result));
/* Where the frames that follow come through; copied. At first: nothing is known. */
void meter_origin(struct meter *meter, const struct capture_origin *origin);
/* Frames are counted some at a time: meter_tick() counts those that wait. */
void meter_frame(struct meter *meter, const uint8_t *bytes, size_t captured, size_t original, int64_t now_us);
/* Ends what is due, where no frame says that time goes on. */
void meter_tick(struct meter *meter, int64_t now_us);
/* Ends all flows. */
void meter_end(struct meter *meter);
const struct meter_totals *meter_totals(const struct meter *meter);
void meter_show(const struct meter *meter, struct show *show); /* modules "meter" and "fragments" */

#endif
