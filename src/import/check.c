/* The rules by which a readable flow is imported, dropped as too old, or rejected. */
#include "import/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "flow/names.h"

static enum check_verdict reject_number(struct reject *reject, enum reject_reason reason, const char *field,
                                        uint64_t value) {
    reject->reason = reason;
    snprintf(reject->field, sizeof reject->field, "%s", field);
    snprintf(reject->value, sizeof reject->value, "%" PRIu64, value);
    return CHECK_REJECT;
}

static void port_filter(uint8_t *port, uint8_t protocol) {
    if (!service_known(be16(port), protocol)) port[0] = port[1] = 0;
}

void check_limit(struct check_rules *rules, const struct flow_layout *layout, uint64_t octets, uint64_t packets) {
    for (unsigned i = 0; i < layout->n_sums; i++)
        rules->max_sums[i] = strcasestr(layout->sums[i]->name, "octet") ? octets : packets;
}

enum check_verdict check_record(const struct check_rules *rules, const struct flow_layout *layout, int64_t now,
                                struct flow_record *record, struct reject *reject) {
    if (record->end < record->start)
        return reject_number(reject, REJECT_ENDS_BEFORE_START, "flowEndSeconds", record->end);
    if ((int64_t)record->end - record->start > rules->max_flow_duration)
        return reject_number(reject, REJECT_TOO_LONG, "flowEndSeconds", record->end);
    if (record->end > now + rules->max_future)
        return reject_number(reject, REJECT_IN_FUTURE, "flowEndSeconds", record->end);
    for (unsigned i = 0; i < layout->n_sums; i++)
        if (rules->max_sums[i] && record->sums[i] > rules->max_sums[i])
            return reject_number(reject, REJECT_TOO_LARGE, layout->sums[i]->name, record->sums[i]);
    if (rules->max_flow_age > 0 && record->start < now - rules->max_flow_age) return CHECK_TOO_OLD;
    if (rules->filter_unknown_ports) {
        const struct flow_field *fields = layout->fields;
        uint8_t protocol = record->key[fields[TUPLE_PROTOCOL].offset[record->family]];
        port_filter(record->key + fields[TUPLE_SOURCE_PORT].offset[record->family], protocol);
        port_filter(record->key + fields[TUPLE_DESTINATION_PORT].offset[record->family], protocol);
    }
    return CHECK_IMPORT;
}
