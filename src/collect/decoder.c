/* What messages of all protocols need: their domain, clocks, sequence, and the way out for their flows. */
#include "collect/decoder.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/log.h"
#include "collect/admission.h"
#include "collect/domain_loss.h"
#include "collect/flow_times.h"

enum {
    RESTART_MS = 60 * 1000,                /* sysUpTime falls behind the time by so much: it began again */
    RESTART_AHEAD_MS = DAY_SECONDS * 1000, /* or gets ahead by so much: that is less than nothing, modulo 2^32 */
};

/* --- plans --- */

struct record_plans record_plans_new(const struct message_decoder *decoder, const struct field_specifier *fields,
                                     unsigned n) {
    const struct flow_layout *tuple = decoder->sessions.tuple;
    return (struct record_plans){data_record_plan_new(fields, n, decoder->config.layout, decoder->config.ends),
                                 tuple ? data_record_plan_new(fields, n, tuple, decoder->config.ends) : NULL};
}

void record_plans_free(struct record_plans *plans) {
    data_record_plan_free(plans->plan);
    data_record_plan_free(plans->tuple);
}

/* --- what is wrong --- */

bool decoder_may_say(struct message_decoder *decoder, enum message_problem problem) {
    if (decoder->said_us[problem] && decoder->now_us - decoder->said_us[problem] < LOST_WAIT_US) return false;
    decoder->said_us[problem] = decoder->now_us;
    return true;
}

void decoder_ignore(struct message_decoder *decoder, enum ignored why) {
    decoder->counters.not_counted++;
    decoder->counters.ignored[why]++;
}

void decoder_malformed(struct message_decoder *decoder, struct domain *domain, const char *what) {
    char name[SESSION_NAME_MAX];
    decoder->counters.malformed++;
    domain->faults[FAULT_MALFORMED]++;
    trouble_note(&domain->malformed, decoder_second(decoder));
    if (!decoder_may_say(decoder, PROBLEM_MALFORMED)) return;
    domain_name(domain, name);
    log_warning("collector", "%s: %s", name, what);
}

void decoder_state_changed(struct message_decoder *decoder) {
    decoder->version++;
    decoder->version_us = decoder->now_us;
}

/* --- domains and their clocks --- */

struct domain *decoder_domain(struct message_decoder *decoder, struct session *session, const struct domain_key *key) {
    struct domain *domain = domain_heard(&decoder->sessions, session, key);
    if (!domain) {
        if (decoder_may_say(decoder, PROBLEM_ROOM))
            log_warning("collector", "no memory for another observation domain of an exporter: raise 'memory'");
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

static void clock_look(struct message_decoder *decoder, struct domain *domain, int64_t export_us) {
    char name[SESSION_NAME_MAX];
    int64_t ahead = export_us - decoder->now_us;
    bool wrong = decoder->config.max_skew_us > 0 && llabs(ahead) > decoder->config.max_skew_us;
    domain->skew_us = wrong ? -ahead : 0;
    if (wrong)
        trouble_note(&domain->clock, decoder_second(decoder));
    else
        domain->clock.n = 0;
    if (wrong == domain->wrong_clock) return;
    domain->wrong_clock = wrong;
    if (wrong)
        decoder->counters.wrong_clocks++;
    else
        decoder->counters.wrong_clocks--;
    if (!decoder_may_say(decoder, PROBLEM_CLOCK)) return;
    domain_name(domain, name);
    if (wrong)
        log_warning("collector", "%s: its clock is %lld s %s: its times are corrected by that", name,
                    llabs((long long)ahead) / 1000000, ahead > 0 ? "ahead" : "behind");
    else
        log_notice("collector", "%s: its clock is correct again", name);
}

void decoder_context(struct message_decoder *decoder, struct domain *domain, int64_t export_us,
                     struct data_record_context *context) {
    bool sflow = domain->key.protocol == 0;
    clock_look(decoder, domain, export_us);
    *context = (struct data_record_context){
        .export_us = export_us,
        .boot_us = export_us,
        .skew_us = domain->skew_us,
        .longest_ns = decoder->config.longest_us ? decoder->config.longest_us * 1000 : INT64_MAX,
        .noted = &decoder->noted,
        .sampling = domain->configured ? domain->configured : 1,
        .family = (uint8_t)(sflow ? domain->key.family : domain->session->key.family),
        .domain = domain->key.id};
    memcpy(context->address, sflow ? domain->key.agent : domain->session->key.address, sizeof context->address);
}

void decoder_uptime(struct message_decoder *decoder, struct domain *domain, uint32_t uptime_ms) {
    if (domain->has_uptime && uptime_ms != domain->uptime_ms) {
        uint32_t elapsed_ms = (uint32_t)((decoder->now_us - domain->heard_us) / 1000);
        int32_t ahead_ms = (int32_t)(uptime_ms - domain->uptime_ms - elapsed_ms);
        if (ahead_ms < -RESTART_MS || ahead_ms > RESTART_AHEAD_MS) sequence_restart(&domain->sequence);
    }
    domain->has_uptime = true;
    domain->uptime_ms = uptime_ms;
    domain->heard_us = decoder->now_us;
}

void decoder_sequence(struct message_decoder *decoder, struct domain *domain, uint32_t number, uint32_t units,
                      bool whole) {
    domain_sequence(&decoder->sessions, domain, number, units, whole, decoder_second(decoder));
}

/* --- flows out --- */

static bool flows_are_duplicates(struct message_decoder *decoder, const struct data_record_place *place,
                                 const struct flow_layout *layout, const struct flow_record *flows, unsigned n,
                                 const struct data_record_context *context) {
    const struct flow_field *last = &layout->fields[FLOW_TUPLE_FIELDS - 1];
    uint32_t window = (uint32_t)((decoder->config.deduplicate_us + 999999) / 1000000);
    uint64_t exporter = XXH3_64bits_withSeed(context->address, sizeof context->address,
                                             decoder->config.seed + context->family + place->point);
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t bytes = last->offset[flows[i].family] + last->width[flows[i].family];
        const struct reporter reporter = {.exporter = exporter,
                                          .input = i == 0 ? place->input : place->output,
                                          .output = i == 0 ? place->output : place->input,
                                          .direction = place->direction};
        found += duplicates_found(decoder->duplicates, flows[i].key, bytes, &reporter, decoder_second(decoder), window);
    }
    return n > 0 && found == n;
}

static bool record_is_duplicate(struct message_decoder *decoder, const struct data_record_plan *plan,
                                const uint8_t *bytes, size_t len, const struct flow_record *flows, unsigned n,
                                const struct data_record_context *context) {
    const struct data_record_place place = data_record_place(plan, bytes, len, context);
    const struct flow_layout *layout = decoder->sink.flows ? decoder->config.layout : &decoder->tuple;
    return flows_are_duplicates(decoder, &place, layout, flows, n, context);
}

/* Looks into the record only where its flow, if there is one, leaves it open. */
static bool record_is_empty(const struct message_decoder *decoder, const struct record_plans *plans,
                            const uint8_t *bytes, size_t len, const struct flow_record *flow) {
    if (flow && decoder->octets >= 0 && flow->sums[decoder->octets] > 0) return false;
    return data_record_empty(plans->plan, bytes, len);
}

struct counted *decoder_counted(struct message_decoder *decoder) {
    if (!decoder->counted) {
        decoder->counted = counted_new(decoder->config.memory / 16, decoder->config.seed);
        decoder->counters.memory += counted_bytes(decoder->counted);
    }
    return decoder->counted;
}

/* Of a flow that is longer than one can be: when it was last reported, into *context. False: nobody knows. */
static bool since_find(struct message_decoder *decoder, const struct data_record_plan *plan, const uint8_t *bytes,
                       size_t len, struct data_record_context *context) {
    struct counted *counted = decoder_counted(decoder);
    bool known;
    struct counted_flow *flow = counted_find(counted, counted_key(counted, plan, context, bytes, len, true), &known);
    if (known) context->since_us = (int64_t)flow->told * 1000000;
    counted_heard(flow, context, decoder_second(decoder));
    return known;
}

/* Whether the record's flow is longer than one can be, and nobody has looked when it was last reported. */
static inline bool is_clipped(const struct message_decoder *decoder, const struct data_record_context *context) {
    return decoder->noted & TIMES_CLIPPED && context->since_us == 0;
}

static void times_count(struct message_decoder *decoder, struct domain *domain) {
    for (unsigned i = 0; i < TIMES_REASONS; i++) {
        if (!(decoder->noted >> i & 1)) continue;
        decoder->counters.times[i]++;
        domain->faults[FAULT_TIMES + i]++;
    }
}

/* Reads the record again where its flow is longer than one can be, and it is known when it was last reported. */
static unsigned flows_clip(struct message_decoder *decoder, const struct data_record_plan *plan, const uint8_t *bytes,
                           size_t len, const struct data_record_context *context, struct flow_record flows[2],
                           unsigned n) {
    struct data_record_context since = *context;
    struct reject reject;
    if (n == 0 || !since_find(decoder, plan, bytes, len, &since)) return n;
    return data_record_flows(plan, bytes, len, &since, flows, &reject);
}

static void entry_hand_on(struct message_decoder *decoder, const struct data_record_plan *plan, const uint8_t *bytes,
                          size_t len, const struct data_record_context *context) {
    struct data_record_context since = *context;
    size_t n = data_record_entry(plan, bytes, len, context, decoder->text);
    if (is_clipped(decoder, context) && since_find(decoder, plan, bytes, len, &since))
        n = data_record_entry(plan, bytes, len, &since, decoder->text);
    if (n > 0) decoder->sink.entry(decoder->sink.context, decoder->text, n);
}

void decoder_flow(struct message_decoder *decoder, struct domain *domain, const struct record_plans *plans,
                  const uint8_t *bytes, size_t len, const struct data_record_context *context) {
    struct flow_record flows[2];
    struct reject reject;
    bool direct = decoder->sink.flows;
    const struct data_record_plan *plan = direct ? plans->plan : plans->tuple;
    unsigned n = 0;
    domain->records++;
    decoder->noted = 0;
    if (plan) n = data_record_flows(plan, bytes, len, context, flows, &reject);
    if (!context->empty_too && record_is_empty(decoder, plans, bytes, len, direct && n > 0 ? flows : NULL)) {
        decoder_ignore(decoder, IGNORED_EMPTY);
        return;
    }
    if (decoder->duplicates && record_is_duplicate(decoder, plan, bytes, len, flows, n, context)) {
        decoder->counters.duplicates += n;
        return;
    }
    if (decoder->noted && direct && is_clipped(decoder, context))
        n = flows_clip(decoder, plan, bytes, len, context, flows, n);
    if (direct && n > 0)
        decoder->sink.flows(decoder->sink.context, flows, n);
    else
        entry_hand_on(decoder, plans->plan, bytes, len, context);
    if (decoder->noted) times_count(decoder, domain);
    n = direct && n > 0 ? n : 1;
    decoder->counters.flows += n;
    if (context->sampling > 1) decoder->counters.scaled += n;
}
