/* A data record both ways: its flow records must be what the importer makes of its entry, to the last bit. */
#ifndef TESTS_UNIT_RECORD_CHECK_H
#define TESTS_UNIT_RECORD_CHECK_H

#include <stdbool.h>

#include "flow/entry.h"
#include "collect/data_record.h"
#include "records.h"

/* The default; extra keys of every type; small sums and hardly a key. */
static const char *const check_layouts[][2] = {
    {FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS},
    {"tcpControlBits,ingressInterface,flowId,mibObjectValueInteger,samplingProbability,dataRecordsReliability,"
     "sourceMacAddress,interfaceName,mplsTopLabelStackSection,flowStartMilliseconds,observationTimeSeconds,"
     "exporterIPv4Address,exporterIPv6Address,sourceIPv4Address",
     "octetDeltaCount,packetDeltaCount,deltaFlowCount"},
    {"protocolIdentifier,flowEndNanoseconds,flowStartSeconds,observationTimeNanoseconds,dot1qVlanId,absoluteError,"
     "applicationName,samplingPopulation,observationDomainId,flowStartSysUpTime,applicationId",
     "minimumTTL,ipTotalLength,fragmentOffset,octetDeltaCount"},
};
enum { CHECK_LAYOUTS = sizeof check_layouts / sizeof check_layouts[0] };

/* NULL, or what is wrong. */
static inline const char *record_differs(const struct flow_layout *layout, struct entry_decoder *decoder,
                                         const struct data_record_plan *plan, const uint8_t *bytes, size_t len,
                                         const struct data_record_context *context) {
    static char entry[DATA_RECORD_ENTRY_MAX];
    struct flow_record direct[2], read[ENTRY_RECORDS_MAX];
    struct reject direct_reject, read_reject;
    memset(direct, 0x55, sizeof direct); /* a byte that nobody wrote is a difference */
    memset(read, 0xaa, sizeof read);
    size_t n = data_record_entry(plan, bytes, len, context, entry);
    int from_entry = entry_decode(decoder, ENTRY_ANY, entry, n, read, &read_reject);
    unsigned flows = data_record_flows(plan, bytes, len, context, direct, &direct_reject);
    if (n == 0) return flows ? "flows without an entry" : NULL;
    if ((int)flows != from_entry) return "another number of flows";
    if (flows == 0) {
        if (direct_reject.reason != read_reject.reason) return "another reason";
        if (strcmp(direct_reject.field, read_reject.field) != 0) return "another field is refused";
        return strcmp(direct_reject.value, read_reject.value) == 0 ? NULL : "another value is refused";
    }
    for (unsigned i = 0; i < flows; i++) {
        const struct flow_record *left = &direct[i], *right = &read[i];
        if (left->family != right->family) return "another family";
        if (left->start != right->start || left->end != right->end) return "other times";
        if (memcmp(left->sums, right->sums, layout->n_sums * sizeof left->sums[0]) != 0) return "another sum";
        if (memcmp(left->key, right->key, layout->key_bytes[left->family]) != 0) return "another key";
    }
    return NULL;
}

#endif
