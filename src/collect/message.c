/* Messages of any kind, to the decoder of their protocol; and what all of these need: clocks, loss, the way out. */
#include "collect/message.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "collect/message_impl.h"
#include "collect/sflow.h"

enum {
    RESTART_MS = 60 * 1000,                /* sysUpTime falls behind the time by so much: it began again */
    RESTART_AHEAD_MS = DAY_SECONDS * 1000, /* or gets ahead by so much: that is less than nothing, modulo 2^32 */
};

static const struct protocol {
    uint16_t version; /* the first two bytes */
    uint16_t header;  /* bytes */
    bool tcp;         /* comes over TCP, too */
    int (*decode)(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
} protocols[] = {
    {5, 24, false, message_decode_fixed}, {7, 24, false, message_decode_fixed}, {9, 20, false, message_decode_netflow9},
    {10, 16, true, message_decode_ipfix}, {0, 28, false, message_decode_sflow}, /* its version has four bytes */
};

/* --- the decoder --- */

static void on_domain_end(void *context, struct domain *domain) { message_tell(context, domain); }

struct record_plans record_plans_new(const struct message_decoder *decoder, const struct field_specifier *fields,
                                     unsigned n) {
    const struct flow_layout *tuple = decoder->sessions.tuple;
    return (struct record_plans){data_record_plan_new(fields, n, decoder->config.layout),
                                 tuple ? data_record_plan_new(fields, n, tuple) : NULL};
}

static void record_plans_free(struct record_plans *plans) {
    data_record_plan_free(plans->plan);
    data_record_plan_free(plans->tuple);
}

struct message_decoder *message_decoder_new(const struct message_config *config, const struct message_sink *sink) {
    struct message_decoder *decoder = mem_zalloc(1, sizeof *decoder);
    struct error error;
    decoder->config = *config;
    decoder->sink = *sink;
    if (flow_layout_init(&decoder->tuple, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0) abort();
    sessions_init(&decoder->sessions, config);
    decoder->sessions.counters = &decoder->counters;
    decoder->sessions.tell = on_domain_end;
    decoder->sessions.context = decoder;
    decoder->sessions.layout = config->layout;
    if (config->deduplicate_us > 0) {
        decoder->duplicates = duplicates_new(config->memory / 8, config->seed);
        decoder->counters.memory += duplicates_bytes(decoder->duplicates);
        if (!sink->flows) decoder->sessions.tuple = &decoder->tuple;
    }
    message_fixed_init(decoder);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        decoder->sflow[family] = record_plans_new(decoder, sflow_fields[family], sflow_n_fields[family]);
    decoder->counters.memory += decoder->sessions.n_places * sizeof decoder->sessions.table[0];
    return decoder;
}

void message_decoder_free(struct message_decoder *decoder) {
    if (!decoder) return;
    decoder->sink.lost = NULL;
    sessions_release(&decoder->sessions);
    duplicates_free(decoder->duplicates);
    for (unsigned i = 0; i < FIXED_VERSIONS; i++)
        record_plans_free(&decoder->fixed[i]);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        record_plans_free(&decoder->sflow[family]);
    free(decoder);
}

bool message_may_say(struct message_decoder *decoder, enum message_problem problem) {
    if (decoder->said_us[problem] && decoder->now_us - decoder->said_us[problem] < LOST_WAIT_US) return false;
    decoder->said_us[problem] = decoder->now_us;
    return true;
}

void message_malformed(struct message_decoder *decoder, struct domain *domain, const char *what) {
    char name[SESSION_NAME_MAX];
    decoder->counters.malformed++;
    domain->malformed_us = decoder->now_us;
    if (!message_may_say(decoder, PROBLEM_MALFORMED)) return;
    domain_name(domain, name);
    log_warning("collector", "%s: %s", name, what);
}

void message_state_changed(struct message_decoder *decoder) {
    decoder->version++;
    decoder->version_us = decoder->now_us;
}

/* --- clocks --- */

static void clock_look(struct message_decoder *decoder, struct domain *domain, int64_t export_us) {
    char name[SESSION_NAME_MAX];
    int64_t ahead = export_us - decoder->now_us;
    bool wrong = decoder->config.max_skew_us > 0 && llabs(ahead) > decoder->config.max_skew_us;
    domain->skew_us = wrong ? -ahead : 0;
    if (wrong == domain->wrong_clock) return;
    domain->wrong_clock = wrong;
    if (wrong)
        decoder->counters.wrong_clocks++;
    else
        decoder->counters.wrong_clocks--;
    if (!message_may_say(decoder, PROBLEM_CLOCK)) return;
    domain_name(domain, name);
    if (wrong)
        log_warning("collector", "%s: its clock is %lld s %s: its times are moved by that", name,
                    llabs((long long)ahead) / 1000000, ahead > 0 ? "ahead" : "behind");
    else
        log_notice("collector", "%s: its clock is right again", name);
}

void message_context(struct message_decoder *decoder, struct domain *domain, int64_t export_us,
                     struct data_record_context *context) {
    bool sflow = domain->key.protocol == 0;
    clock_look(decoder, domain, export_us);
    *context =
        (struct data_record_context){.export_us = export_us,
                                     .boot_us = export_us,
                                     .skew_us = domain->skew_us,
                                     .sampling = domain->configured ? domain->configured : 1,
                                     .family = (uint8_t)(sflow ? domain->key.family : domain->session->key.family),
                                     .domain = domain->key.id};
    memcpy(context->address, sflow ? domain->key.agent : domain->session->key.address, sizeof context->address);
}

void message_uptime(struct message_decoder *decoder, struct domain *domain, uint32_t uptime_ms) {
    if (domain->has_uptime && uptime_ms != domain->uptime_ms) {
        uint32_t elapsed_ms = (uint32_t)((decoder->now_us - domain->heard_us) / 1000);
        int32_t ahead_ms = (int32_t)(uptime_ms - domain->uptime_ms - elapsed_ms);
        if (ahead_ms < -RESTART_MS || ahead_ms > RESTART_AHEAD_MS) sequence_restart(&domain->sequence);
    }
    domain->has_uptime = true;
    domain->uptime_ms = uptime_ms;
    domain->heard_us = decoder->now_us;
}

/* --- loss --- */

void message_sequence(struct message_decoder *decoder, struct domain *domain, uint32_t number, uint32_t units,
                      bool whole) {
    sequence_message(&domain->sequence, number, units, whole, (uint32_t)(decoder->now_us / 1000000));
    if (domain->sequence.n_gaps > 0 || domain->sequence.lost.n > 0) domain_has_lost(&decoder->sessions, domain);
}

static void span_tell(struct message_decoder *decoder, struct domain *domain, enum lost_what what,
                      struct lost_span *span) {
    struct lost lost = {.what = what, .n = span->n, .start = span->start, .end = span->end};
    if (span->n == 0) return;
    span->n = 0;
    decoder->counters.lost[what] += lost.n;
    domain->lost += lost.n;
    domain_name(domain, lost.source);
    if (decoder->sink.lost) decoder->sink.lost(decoder->sink.context, &lost);
}

void message_tell(struct message_decoder *decoder, struct domain *domain) {
    bool messages = domain->key.protocol == 9 || domain->key.protocol == 0;
    if (domain->sequence.lost.n == 0 && domain->sets.n == 0) return;
    span_tell(decoder, domain, messages ? LOST_MESSAGES : LOST_FLOWS, &domain->sequence.lost);
    span_tell(decoder, domain, LOST_SETS, &domain->sets);
    domain->told = (uint32_t)(decoder->now_us / 1000000);
}

/* Gaps found before `until`. */
static void losses_tell(struct message_decoder *decoder, uint32_t until) {
    uint32_t now = (uint32_t)(decoder->now_us / 1000000);
    struct domain *next;
    for (struct domain *domain = TAILQ_FIRST(&decoder->sessions.to_tell); domain; domain = next) {
        next = TAILQ_NEXT(domain, to_tell);
        sequence_settle(&domain->sequence, until);
        if (until == UINT32_MAX || now - domain->told >= LOST_WAIT_US / 1000000) message_tell(decoder, domain);
        if (domain->sequence.n_gaps > 0 || domain->sequence.lost.n > 0 || domain->sets.n > 0) continue;
        TAILQ_REMOVE(&decoder->sessions.to_tell, domain, to_tell);
        domain->has_lost = false;
    }
}

void message_tick(struct message_decoder *decoder, int64_t now_us) {
    decoder->now_us = now_us;
    held_expire(&decoder->sessions, now_us - decoder->config.hold_us);
    sessions_expire(&decoder->sessions, now_us);
    losses_tell(decoder, (uint32_t)((now_us - LOST_WAIT_US) / 1000000));
    if (decoder->restored) message_state_changed(decoder);
    decoder->restored = false;
}

void message_end(struct message_decoder *decoder, int64_t now_us) {
    decoder->now_us = now_us;
    held_expire(&decoder->sessions, INT64_MAX);
    losses_tell(decoder, UINT32_MAX);
    decoder->ended = true;
    message_state_changed(decoder);
}

/* --- flows out --- */

static bool flows_are_duplicates(struct message_decoder *decoder, const struct flow_layout *layout,
                                 const struct flow_record *flows, unsigned n,
                                 const struct data_record_context *context) {
    const struct flow_field *last = &layout->fields[FLOW_TUPLE_FIELDS - 1];
    uint32_t window = (uint32_t)((decoder->config.deduplicate_us + 999999) / 1000000);
    uint64_t exporter =
        XXH3_64bits_withSeed(context->address, sizeof context->address, decoder->config.seed + context->family);
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t bytes = last->offset[flows[i].family] + last->width[flows[i].family];
        found += duplicates_found(decoder->duplicates, flows[i].key, bytes, exporter,
                                  (uint32_t)(decoder->now_us / 1000000), window);
    }
    return n > 0 && found == n;
}

static void entry_hand_on(struct message_decoder *decoder, const struct data_record_plan *plan, const uint8_t *bytes,
                          size_t len, const struct data_record_context *context) {
    size_t n = data_record_entry(plan, bytes, len, context, decoder->text);
    if (n > 0) decoder->sink.entry(decoder->sink.context, decoder->text, n);
}

void message_flow(struct message_decoder *decoder, const struct record_plans *plans, const uint8_t *bytes, size_t len,
                  const struct data_record_context *context) {
    struct flow_record flows[2];
    struct reject reject;
    bool direct = decoder->sink.flows;
    const struct data_record_plan *plan = direct ? plans->plan : plans->tuple;
    unsigned n = 0;
    if (plan) n = data_record_flows(plan, bytes, len, context, flows, &reject);
    if (decoder->duplicates &&
        flows_are_duplicates(decoder, direct ? decoder->config.layout : &decoder->tuple, flows, n, context)) {
        decoder->counters.duplicates += n;
        return;
    }
    if (direct && n > 0)
        decoder->sink.flows(decoder->sink.context, flows, n);
    else
        entry_hand_on(decoder, plans->plan, bytes, len, context);
    n = direct && n > 0 ? n : 1;
    decoder->counters.flows += n;
    if (context->sampling > 1) decoder->counters.scaled += n;
}

/* --- messages --- */

struct domain *message_domain(struct message_decoder *decoder, struct session *session, const struct domain_key *key) {
    struct domain *domain = domain_heard(&decoder->sessions, session, key);
    if (!domain) {
        if (message_may_say(decoder, PROBLEM_ROOM))
            log_warning("collector", "no memory is left for another observation domain of an exporter: raise 'memory'");
        return NULL;
    }
    domain->messages++;
    if (!domain->looked_up && decoder->config.sampling) {
        bool sflow = key->protocol == 0;
        const struct prefix *prefix =
            prefixes_find(decoder->config.sampling, (uint8_t)(sflow ? key->family : session->key.family),
                          sflow ? key->agent : session->key.address);
        if (prefix) domain->configured = prefix->number;
        domain->looked_up = true;
    }
    return domain;
}

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
    if (!message_may_say(decoder, problem)) return -1;
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
    if (allow && !session_find(&decoder->sessions, source) && !prefixes_find(allow, source->family, source->address))
        return message_refuse(decoder, source, &counters->refused, PROBLEM_REFUSED,
                              "it is not on the list of exporters");
    const struct protocol *protocol = protocol_of(source, bytes, len);
    if (!protocol)
        return message_refuse(decoder, source, &counters->unknown_version, PROBLEM_VERSION,
                              "no message of NetFlow v5, v7 or v9, IPFIX or sFlow v5");
    counters->messages++;
    counters->octets += len;
    struct session *session = session_heard(&decoder->sessions, source, now_us);
    if (!session)
        return message_refuse(decoder, source, &counters->evicted, PROBLEM_ROOM,
                              "no memory is left for another exporter: raise 'memory'");
    return protocol->decode(decoder, session, bytes, len);
}

void message_over(struct message_decoder *decoder, const struct message_source *source) {
    struct session *session = session_find(&decoder->sessions, source);
    if (session) session_end(&decoder->sessions, session);
}

const struct message_counters *message_counters(const struct message_decoder *decoder) { return &decoder->counters; }
uint64_t message_state_version(const struct message_decoder *decoder) { return decoder->version; }
