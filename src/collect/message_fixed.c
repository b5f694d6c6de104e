/* NetFlow v5 and v7: records of one shape, described as a template's are. */
#include "collect/protocols.h"

/* Padding: bytes that pad, and what v7 has of its own: flags, and the router that is passed by. */
static const struct field_specifier v5_fields[] = {
    {0, IE_sourceIPv4Address, 4},
    {0, IE_destinationIPv4Address, 4},
    {0, IE_ipNextHopIPv4Address, 4},
    {0, IE_ingressInterface, 2},
    {0, IE_egressInterface, 2},
    {0, IE_packetDeltaCount, 4},
    {0, IE_octetDeltaCount, 4},
    {0, IE_flowStartSysUpTime, 4},
    {0, IE_flowEndSysUpTime, 4},
    {0, IE_sourceTransportPort, 2},
    {0, IE_destinationTransportPort, 2},
    {0, IE_paddingOctets, 1},
    {0, IE_tcpControlBits, 1},
    {0, IE_protocolIdentifier, 1},
    {0, IE_ipClassOfService, 1},
    {0, IE_bgpSourceAsNumber, 2},
    {0, IE_bgpDestinationAsNumber, 2},
    {0, IE_sourceIPv4PrefixLength, 1},
    {0, IE_destinationIPv4PrefixLength, 1},
    {0, IE_paddingOctets, 2},
    {0, IE_paddingOctets, 4}, /* in v7 alone */
};
enum { FIELDS = sizeof v5_fields / sizeof v5_fields[0], HEADER = 24, SAMPLING_MASK = 0x3fff };

static const struct fixed {
    unsigned n_fields, record; /* bytes */
} fixed_versions[FIXED_VERSIONS] = {
    [FIXED_V5] = {FIELDS - 1, 48},
    [FIXED_V7] = {FIELDS, 52},
};

void fixed_plans_make(struct message_decoder *decoder) {
    for (unsigned i = 0; i < FIXED_VERSIONS; i++)
        decoder->fixed[i] = record_plans_new(decoder, v5_fields, fixed_versions[i].n_fields);
}

/* What deduplicate leaves out is no fault. */
static void doubles_look(struct message_decoder *decoder, struct domain *domain, const uint8_t *record) {
    const struct session_key *key = &domain->session->key;
    bool same;
    if (!decoder->doubles) {
        decoder->doubles = doubles_new(decoder->config.seed);
        decoder->counters.memory += doubles_bytes();
    }
    uint64_t exporter = be64(key->address) ^ be64(key->address + 8);
    if (doubles_found(decoder->doubles, exporter, record, &same) && (same || !decoder->duplicates))
        domain->faults[FAULT_BOTH_ENDS]++;
}

/* Version, count, sysUpTime, seconds, nanoseconds, sequence; v5: engine type and id, sampling mode and interval. */
int fixed_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len) {
    enum fixed_version version = bytes[1] == 5 ? FIXED_V5 : FIXED_V7;
    const struct fixed *fixed = &fixed_versions[version];
    struct domain_key key = {.protocol = bytes[1], .id = version == FIXED_V5 ? be16(bytes + 20) : 0};
    struct domain *domain = decoder_domain(decoder, session, &key);
    if (!domain) return 0;
    size_t count = be16(bytes + 2), fit = (len - HEADER) / fixed->record;
    if (len != HEADER + count * fixed->record)
        decoder_malformed(decoder, domain, "a NetFlow v5 or v7 message with a wrong length");
    if (count > fit) count = fit;
    uint32_t uptime_ms = be32(bytes + 4);
    struct data_record_context context;
    decoder_context(decoder, domain, (int64_t)be32(bytes + 8) * 1000000 + be32(bytes + 12) % 1000000000 / 1000,
                    &context);
    context.boot_us -= (int64_t)uptime_ms * 1000;
    uint32_t sampling = version == FIXED_V5 ? be16(bytes + 22) & SAMPLING_MASK : 0;
    if (!domain->configured && sampling > 0) context.sampling = sampling;
    decoder_uptime(decoder, domain, uptime_ms);
    decoder_sequence(decoder, domain, be32(bytes + 16), (uint32_t)count, true);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *record = bytes + HEADER + i * fixed->record;
        doubles_look(decoder, domain, record);
        decoder_flow(decoder, domain, &decoder->fixed[version], record, fixed->record, &context);
    }
    return 0;
}
