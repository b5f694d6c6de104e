/* Messages of any kind, to the decoder of their protocol. */
#include "collect/message.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/admission.h"
#include "collect/domain_loss.h"
#include "collect/protocols.h"

static const struct protocol {
    uint16_t version; /* the first two bytes */
    uint16_t header;  /* bytes */
    bool tcp;         /* comes over TCP, too */
    int (*decode)(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
} protocols[] = {
    {5, 24, false, fixed_decode}, {7, 24, false, fixed_decode},         {9, 20, false, netflow9_decode},
    {10, 16, true, ipfix_decode}, {0, 28, false, sflow_message_decode}, /* its version has four bytes */
};

/* --- the decoder --- */

struct message_decoder *message_decoder_new(const struct message_config *config, const struct message_sink *sink) {
    struct message_decoder *decoder = mem_zalloc(1, sizeof *decoder);
    struct error error;
    decoder->config = *config;
    decoder->sink = *sink;
    if (flow_layout_init(&decoder->tuple, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0) abort();
    sessions_init(&decoder->sessions, config);
    decoder->sessions.counters = &decoder->counters;
    decoder->sessions.sink = &decoder->sink;
    decoder->sessions.layout = config->layout;
    decoder->sessions.ends = config->ends;
    if (config->deduplicate_us > 0) {
        decoder->duplicates = duplicates_new(config->memory / 8, config->seed);
        decoder->counters.memory += duplicates_bytes(decoder->duplicates);
        if (!sink->flows) decoder->sessions.tuple = &decoder->tuple;
    }
    decoder->octets = -1;
    for (unsigned i = 0; config->layout && i < config->layout->n_sums; i++)
        if (config->layout->sums[i]->id == IE_octetDeltaCount) decoder->octets = (int)i;
    fixed_plans_make(decoder);
    sflow_plans_make(decoder);
    decoder->counters.memory += sessions_table_bytes(&decoder->sessions);
    return decoder;
}

void message_decoder_free(struct message_decoder *decoder) {
    if (!decoder) return;
    decoder->sink.lost = NULL;
    sessions_release(&decoder->sessions);
    duplicates_free(decoder->duplicates);
    counted_free(decoder->counted);
    interfaces_free(decoder->interfaces);
    doubles_free(decoder->doubles);
    for (unsigned i = 0; i < FIXED_VERSIONS; i++)
        record_plans_free(&decoder->fixed[i]);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        record_plans_free(&decoder->sflow[family]);
    free(decoder);
}

void message_tick(struct message_decoder *decoder, int64_t now_us) {
    decoder->now_us = now_us;
    held_expire(&decoder->sessions, now_us - decoder->config.hold_us);
    sessions_expire(&decoder->sessions, now_us);
    domain_losses_tell(&decoder->sessions, decoder_second(decoder));
    if (decoder->restored) decoder_state_changed(decoder);
    decoder->restored = false;
}

void message_end(struct message_decoder *decoder, int64_t now_us) {
    decoder->now_us = now_us;
    held_expire(&decoder->sessions, INT64_MAX);
    domain_losses_end(&decoder->sessions, decoder_second(decoder));
    decoder->ended = true;
    decoder_state_changed(decoder);
}

/* --- messages --- */

static void source_name(const struct message_source *source, char name[INET6_ADDRSTRLEN]) {
    inet_ntop(source->family == FLOW_IPV4 ? AF_INET : AF_INET6, source->address, name, INET6_ADDRSTRLEN);
}

static const struct protocol *protocol_of(const struct message_source *source, const uint8_t *bytes, size_t len) {
    if (len < 4) return NULL;
    for (unsigned i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        const struct protocol *protocol = &protocols[i];
        if (be16(bytes) != protocol->version || len < protocol->header) continue;
        if (source->transport == MESSAGE_TCP && !protocol->tcp) return NULL;
        return protocol->version == 0 && be32(bytes) != 5 ? NULL : protocol;
    }
    return NULL;
}

static int message_refuse(struct message_decoder *decoder, const struct message_source *source, uint64_t *counter,
                          enum message_problem problem, const char *why) {
    char name[INET6_ADDRSTRLEN];
    ++*counter;
    if (!decoder_may_say(decoder, problem)) return -1;
    source_name(source, name);
    log_warning("collector", "%s port %u: %s", name, source->port, why);
    return -1;
}

int message_decode(struct message_decoder *decoder, const struct message_source *source, const uint8_t *bytes,
                   size_t len, int64_t now_us) {
    struct message_counters *counters = &decoder->counters;
    const struct prefixes *allow = decoder->config.allow;
    decoder->now_us = now_us;
    decoder->ended = false;
    const struct session_key key = session_key_of(source);
    if (allow && !session_find(&decoder->sessions, &key) && !prefixes_find(allow, source->family, source->address))
        return message_refuse(decoder, source, &counters->refused, PROBLEM_REFUSED, "not in the list of exporters");
    const struct protocol *protocol = protocol_of(source, bytes, len);
    if (!protocol)
        return message_refuse(decoder, source, &counters->unknown_version, PROBLEM_VERSION,
                              "not a NetFlow v5, v7 or v9, IPFIX or sFlow v5 message");
    counters->messages++;
    counters->octets += len;
    struct session *session = session_heard(&decoder->sessions, &key, now_us);
    if (!session)
        return message_refuse(decoder, source, &counters->evicted, PROBLEM_ROOM,
                              "no memory for another exporter: raise 'memory'");
    return protocol->decode(decoder, session, bytes, len);
}

void message_over(struct message_decoder *decoder, const struct message_source *source) {
    const struct session_key key = session_key_of(source);
    struct session *session = session_find(&decoder->sessions, &key);
    if (session) session_end(&decoder->sessions, session);
}

const struct interface *message_interface(const struct message_decoder *decoder, uint8_t family,
                                          const uint8_t address[16], uint32_t index) {
    return interfaces_find(decoder->interfaces, family, address, index);
}

const struct message_counters *message_counters(const struct message_decoder *decoder) { return &decoder->counters; }
uint64_t message_state_version(const struct message_decoder *decoder) { return decoder->version; }
