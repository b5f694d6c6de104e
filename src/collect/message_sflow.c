/* sFlow datagrams: each sample is a record, scaled by its own rate. */
#include "collect/protocols.h"

#include "collect/discard.h"
#include "collect/sflow.h"

enum { AGENT_IPV4 = 1, AGENT_IPV6 = 2 };

struct datagram {
    struct message_decoder *decoder;
    struct session *session;
    struct domain *domain; /* NULL: not looked for yet, or there was no room */
    struct data_record_context context;
};

static bool datagram_open(struct datagram *datagram, const struct sflow_header *header) {
    if (datagram->domain) return true;
    struct domain_key key = {.id = header->sub_agent, .family = header->family};
    memcpy(key.agent, header->agent, header->family == FLOW_IPV4 ? 4 : 16);
    datagram->domain = decoder_domain(datagram->decoder, datagram->session, &key);
    if (!datagram->domain) return false;
    /* It has no time of its own: that of its arrival. */
    decoder_context(datagram->decoder, datagram->domain, datagram->decoder->now_us, &datagram->context);
    return true;
}

/* On which way through its data source a packet was seen. */
static uint8_t direction_of(const struct sflow_sample *sample) {
    bool in = sample->source_type == 0 && sample->source_id != 0 && sample->source_id == sample->input;
    bool out = sample->source_type == 0 && sample->source_id != 0 && sample->source_id == sample->output;
    return in == out ? DIRECTION_UNKNOWN : in ? DIRECTION_INGRESS : DIRECTION_EGRESS;
}

static void on_sample(void *context, const struct sflow_header *header, const struct sflow_sample *sample) {
    struct datagram *datagram = context;
    if (!datagram_open(datagram, header)) return;
    uint32_t configured = datagram->domain->configured;
    datagram->context.sampling = configured ? configured : sample->sampling ? sample->sampling : 1;
    const struct data_record_place place = {
        .input = sample->input, .output = sample->output, .direction = direction_of(sample)};
    datagram->context.direction = place.direction;
    if (!datagram->decoder->duplicates) domain_place(datagram->domain, &place);
    decoder_flow(datagram->decoder, datagram->domain, &datagram->decoder->sflow[sample->family], sample->record,
                 sample->len, &datagram->context);
}

static void learn(struct message_decoder *decoder, const struct sflow_header *header, uint32_t index,
                  const struct learned_say *say) {
    struct learned_about about = {.family = header->family, .kind = NAMED_INTERFACE, .source = NAMED_BY_SFLOW};
    if (!decoder->config.learned) return;
    memcpy(about.exporter, header->agent, header->family == FLOW_IPV4 ? 4 : 16);
    name_id_number(index, about.id);
    learned_note(decoder->config.learned, &about, say, decoder_second(decoder));
}

static void on_interface(void *context, const struct sflow_header *header, const struct sflow_interface *counters) {
    const struct datagram *datagram = context;
    struct message_decoder *decoder = datagram->decoder;
    struct interface interface = {.family = header->family,
                                  .index = counters->index,
                                  .speed = counters->speed,
                                  .in = counters->in,
                                  .out = counters->out,
                                  .heard = decoder_second(decoder)};
    memcpy(interface.address, header->agent, header->family == FLOW_IPV4 ? 4 : 16);
    if (!decoder->interfaces) {
        decoder->interfaces = interfaces_new(decoder->config.memory / 256, decoder->config.seed);
        decoder->counters.memory += interfaces_bytes(decoder->interfaces);
    }
    interfaces_note(decoder->interfaces, &interface);
    const struct learned_say say = {
        .speed = counters->speed, .has_counters = true, .in = counters->in, .out = counters->out};
    learn(decoder, header, counters->index, &say);
}

static void on_name(void *context, const struct sflow_header *header, uint32_t index, const uint8_t *name, size_t len) {
    const struct datagram *datagram = context;
    const struct learned_say say = {.name = name, .name_len = len};
    learn(datagram->decoder, header, index, &say);
}

static void on_discarded(void *context, uint32_t reason, uint64_t n) {
    const struct datagram *datagram = context;
    datagram->decoder->counters.discarded[discard_reason(reason)] += n;
}

void sflow_plans_make(struct message_decoder *decoder) {
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        decoder->sflow[family] = record_plans_new(decoder, sflow_fields[family], sflow_n_fields[family]);
}

int sflow_message_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len) {
    struct datagram datagram = {.decoder = decoder, .session = session};
    struct sflow_header header;
    struct sflow_counts counts;
    uint32_t agent = be32(bytes + 4);
    if (len < (agent == AGENT_IPV6 ? 40 : 28) || (agent != AGENT_IPV4 && agent != AGENT_IPV6)) {
        decoder->counters.malformed++;
        return -1;
    }
    const struct sflow_sink sink = {.options = &decoder->config.packet,
                                    .context = &datagram,
                                    .sample = on_sample,
                                    .interface = on_interface,
                                    .discarded = on_discarded,
                                    .name = on_name};
    int failed = sflow_decode(bytes, len, &header, &counts, &sink);
    decoder->counters.not_counted +=
        counts.counter_samples + counts.discard_samples + counts.unknown_samples + counts.not_ip;
    if (!datagram_open(&datagram, &header)) return 0;
    decoder_uptime(decoder, datagram.domain, header.uptime_ms);
    decoder_sequence(decoder, datagram.domain, header.sequence, 1, true);
    if (failed) decoder_malformed(decoder, datagram.domain, "malformed sFlow datagram");
    return 0;
}
