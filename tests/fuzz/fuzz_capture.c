/* Any bytes as a capture file: through the meter, with rules of every kind, all that is counted is in the flows. The
 * first byte chooses timeouts and sampling; the file begins behind it. */
#include "meter/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "packet/capture_format.h"
#include "meter/meter_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules_text[] =
    "all: five-tuple, nets: sourceIPv4Address/20/44 destinationIPv4Address/9/33 + ipTTL dot1qVlanId sourceMacAddress, "
    "two: five-tuple biflow + tcpControlBits flowEndReason, hosts: sourceIPv4Address destinationIPv4Address biflow, "
    "link: sourceMacAddress destinationMacAddress dot1qVlanId dot1qCustomerVlanId mplsTopLabelStackSection "
    "ingressInterface flowDirection icmpTypeCodeIPv4, some: ip and tcp -> destinationTransportPort";
enum { MATCHED = 5 }; /* the rule that takes not all */

static struct meter_rules rules;
static struct meter_entry *entries[METER_RULES_MAX];
static uint64_t packets[METER_RULES_MAX], octets[METER_RULES_MAX];

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_capture: %s\n", what);
    abort();
}

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    char text[METER_ENTRY_MAX];
    (void)context;
    require(flow->forward.packets > 0, "a flow without a packet");
    require(flow->forward.end_us >= flow->forward.start_us && flow->reverse.end_us >= flow->reverse.start_us,
            "a flow that ends before it starts");
    require(flow->end >= METER_END_IDLE && flow->end <= METER_END_RESOURCES, "no reason of an end");
    require(meter_entry_write(entries[rule], flow, text) <= METER_ENTRY_MAX, "an entry that is too long");
    packets[rule] += flow->forward.packets + flow->reverse.packets;
    octets[rule] += flow->forward.octets + flow->reverse.octets;
}

static void file_read(struct meter *meter, const uint8_t *data, size_t size) {
    struct capture_format *format = capture_format_new();
    uint8_t *copy = mem_alloc(size ? size : 1);
    size_t at = 0, bytes;
    int link_type = -1;
    struct error error;
    struct capture_frame frame;
    memcpy(copy, data, size);
    while (at <= size) {
        enum capture_step step = capture_format_next(format, copy + at, size - at, &bytes, &frame, &error);
        if (step == CAPTURE_MORE || step == CAPTURE_WRONG) break;
        if (step == CAPTURE_FRAME) {
            int now = capture_format_link_type(format);
            /* A match that the link type has no words for is refused, and is not asked then. */
            if (now != link_type && meter_link_type(meter, now, &error) != 0) require(*error.text, "no reason");
            link_type = now;
            meter_frame(meter, frame.bytes, frame.captured, frame.original, frame.time_us);
        }
        at += bytes;
    }
    free(copy);
    capture_format_free(format);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error error;
    if (size == 0) return 0;
    if (!rules.n) {
        require(meter_rules_parse(&rules, rules_text, &error) == 0, "the rules");
        for (unsigned i = 0; i < rules.n; i++)
            entries[i] = meter_entry_new(&rules.rules[i].fields);
    }
    struct meter_config config = {.rules = &rules,
                                  .active_us = 1 + (int64_t)(data[0] & 3) * 10000000,
                                  .inactive_us = 1 + (int64_t)(data[0] >> 2 & 3) * 5000000,
                                  .memory = 8192,
                                  .fragments = 16,
                                  .sampling = 1 + (data[0] >> 4 & 3),
                                  .sampling_by_hash = data[0] >> 6 & 1,
                                  .packet.tunnels = data[0] >> 7 ? UINT32_MAX : 0};
    struct meter *meter = meter_new(&config, on_flow, NULL);
    const struct meter_totals *totals = meter_totals(meter);
    memset(packets, 0, sizeof packets);
    memset(octets, 0, sizeof octets);
    file_read(meter, data + 1, size - 1);
    meter_end(meter);
    uint64_t verdicts = 0;
    for (unsigned i = 0; i < PACKET_VERDICTS; i++)
        verdicts += totals->verdicts[i];
    require(verdicts + totals->passed_over == totals->frames, "frames without a verdict");
    for (unsigned i = 0; i < rules.n; i++) {
        bool all = packets[i] == totals->packets * config.sampling && octets[i] == totals->octets * config.sampling;
        require(all || (i >= MATCHED && packets[i] < totals->packets * config.sampling), "packets that no flow has");
    }
    meter_free(meter);
    return 0;
}
