/* Flows for the benches: deterministic, and as varied as a busy network's: many hosts, few services, short flows. */
#ifndef FLOWIMPORT_TESTS_BENCH_FLOWS_H
#define FLOWIMPORT_TESTS_BENCH_FLOWS_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

struct flows {
    uint64_t state;
    uint32_t start; /* of the hour in which the flows begin */
};

static inline uint32_t flows_random(struct flows *flows, uint32_t below) {
    flows->state = flows->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((flows->state >> 33) * below >> 31);
}

/* One entry as the probes of today write it. Returns its length. */
static inline size_t flows_entry(struct flows *flows, char *text, size_t size) {
    static const unsigned services[] = {443, 443, 443, 80, 53, 53, 123, 22, 25, 3306};
    uint32_t host = flows_random(flows, 1 << 10), peer = flows_random(flows, 1 << 10);
    uint32_t begin = flows->start + flows_random(flows, 3600),
             last = begin + flows_random(flows, 1 + flows_random(flows, 30));
    unsigned service = services[flows_random(flows, 10)],
             packets = 1 + flows_random(flows, 1 + flows_random(flows, 1000));
    return (size_t)snprintf(
        text, size,
        "{ \"sourceIPv4Address\" : %" PRIu32 ",\"destinationIPv4Address\" : %" PRIu32 ",\"protocolIdentifier\" : %d,"
        "\"sourceTransportPort\" : %u,\"destinationTransportPort\" : %u,\"flowStartSeconds\" : %" PRIu32
        ",\"flowEndSeconds\" : %" PRIu32 ",\"octetDeltaCount\" : %u,\"packetDeltaCount\" : %u }",
        UINT32_C(3232235520) + host * host / 16, UINT32_C(1157627904) + peer * peer,
        service == 53 || service == 123 ? 17 : 6, 1024 + flows_random(flows, 60000), service, begin, last,
        packets * (40 + flows_random(flows, 1400)), packets);
}

#endif
