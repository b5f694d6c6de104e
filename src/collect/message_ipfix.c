/* IPFIX (RFC 7011) and NetFlow v9 (RFC 3954): two headers and two kinds of template records, and the rest is one.
 *
 * A withdrawal over UDP, where none may be sent (RFC 7011, 8.4), is one: what the exporter sends by that template from
 * then on, the old one would read wrongly. Who forges one could as well forge a template. */
#include "collect/protocols.h"

#include "base/log.h"
#include "collect/admission.h"
#include "collect/domain_loss.h"
#include "collect/nsel.h"
#include "collect/option_names.h"
#include "collect/section.h"
#include "collect/totals.h"
#include "collect/uncounted.h"

enum {
    TEMPLATE_SET = 2, /* set ids of IPFIX; v9's are these less 2 */
    OPTIONS_TEMPLATE_SET = 3,
    V9_TEMPLATE_SET = 0,
    V9_OPTIONS_TEMPLATE_SET = 1,
    FIRST_TEMPLATE = 256,
    ENTERPRISE_BIT = 0x8000,
    ENTERPRISE_CISCO = 9, /* v9's types above 32767 are Cisco's own */
};

struct reader { /* of a message */
    struct message_decoder *decoder;
    struct domain *domain;
    struct data_record_context context;
    bool netflow9;
    bool whole;       /* all its data records are counted */
    uint32_t records; /* data records, those of options too */
};

static void data_decode(struct reader *reader, struct template *template, const uint8_t *bytes, size_t len);

/* --- templates --- */

/* RFC 3954, 6.1: what the data of options is about. */
static uint16_t v9_scope(uint16_t type) {
    switch (type) {
    case 1: return IE_exportingProcessId; /* System */
    case 2: return IE_ingressInterface;
    case 3: return IE_lineCardId;
    case 5: return IE_templateId;
    default: return IE_paddingOctets; /* a cache */
    }
}

/* Data sets that have waited for it: as if they had come now, but at their own time. */
static void held_decode(struct reader *reader, uint16_t id) {
    struct held *held;
    struct sessions *sessions = &reader->decoder->sessions;
    while ((held = held_find(sessions, reader->domain, id))) {
        struct reader then = *reader;
        then.domain = held->domain;
        then.context = held->context;
        held_take(sessions, held);
        struct template *template = template_find(sessions, reader->domain, id, reader->decoder->now_us);
        if (template)
            data_decode(&then, template, held->bytes, held->len);
        else
            domain_set_lost(sessions, then.domain, decoder_second(reader->decoder));
        held_end(sessions, held);
    }
}

static void template_refused(struct reader *reader, uint16_t id, const char *why) {
    char name[SESSION_NAME_MAX];
    if (!decoder_may_say(reader->decoder, PROBLEM_TEMPLATE)) return;
    domain_name(reader->domain, name);
    log_warning("collector", "%s: template %u ignored: %s", name, id, why);
}

static void template_learn(struct reader *reader, uint16_t id, bool options, const struct field_specifier *fields,
                           unsigned n) {
    struct message_decoder *decoder = reader->decoder;
    switch (template_take(&decoder->sessions, reader->domain, id, options, fields, n, decoder->now_us)) {
    case TEMPLATE_NO_ROOM:
        decoder->counters.evicted++;
        template_refused(reader, id, "no memory: raise 'memory'");
        break;
    case TEMPLATE_KNOWN:
        /* Its age is written down again before the next start could take it for too old. */
        if (decoder->now_us - decoder->version_us > decoder->config.template_lifetime_us / 4)
            decoder_state_changed(decoder);
        break;
    case TEMPLATE_NEW:
        decoder->counters.templates++;
        decoder_state_changed(decoder);
        held_decode(reader, id);
    }
}

/* Fields of a template record. Returns the bytes that they take, 0 where these are not there. Of more than
 * DATA_RECORD_FIELDS_MAX fields none is kept: *n is 0. Fields without a length are none. */
static size_t fields_read(const struct reader *reader, const uint8_t *bytes, size_t len, unsigned count,
                          unsigned scopes, struct field_specifier *fields, unsigned *n) {
    size_t at = 0;
    *n = 0;
    for (unsigned i = 0; i < count; i++) {
        if (len - at < 4) return 0;
        struct field_specifier field = {.id = be16(bytes + at), .length = be16(bytes + at + 2)};
        at += 4;
        if (field.id & ENTERPRISE_BIT) {
            field.enterprise = ENTERPRISE_CISCO;
            field.id &= (uint16_t)~ENTERPRISE_BIT;
            if (!reader->netflow9) {
                if (len - at < 4) return 0;
                field.enterprise = be32(bytes + at);
                at += 4;
            }
        } else if (reader->netflow9 && i < scopes) {
            field.id = v9_scope(field.id);
        }
        if (field.length > 0 && *n < DATA_RECORD_FIELDS_MAX) fields[(*n)++] = field;
    }
    if (count > DATA_RECORD_FIELDS_MAX) *n = 0;
    return at;
}

/* 0: it is padding, or broken; which *sound says. */
static size_t template_decode(struct reader *reader, const uint8_t *bytes, size_t len, bool options, bool *sound) {
    struct field_specifier fields[DATA_RECORD_FIELDS_MAX];
    struct message_decoder *decoder = reader->decoder;
    uint16_t id = be16(bytes);
    unsigned count = be16(bytes + 2), scopes = 0, n;
    size_t at = 4;
    *sound = id == 0;
    if (id == 0) return 0;
    if (count == 0 && !reader->netflow9) { /* a withdrawal; all where the id is that of the set */
        bool all = id == (options ? OPTIONS_TEMPLATE_SET : TEMPLATE_SET);
        if (!all && id < FIRST_TEMPLATE) return 0;
        decoder->counters.withdrawn += all ? template_withdraw_all(&decoder->sessions, reader->domain, options)
                                           : template_withdraw(&decoder->sessions, reader->domain, id);
        return at;
    }
    if (id < FIRST_TEMPLATE) return 0;
    size_t bytes_of_fields = 0;
    bool whole = !options || len >= 6;
    if (options && whole) {
        scopes = be16(bytes + 4);
        at = 6;
        if (reader->netflow9) { /* lengths in bytes: of the scopes, of the options */
            unsigned octets = count + scopes;
            scopes = count / 4;
            count = octets / 4;
        }
        whole = reader->netflow9 || (scopes > 0 && scopes <= count);
    }
    if (whole) bytes_of_fields = fields_read(reader, bytes + at, len - at, count, scopes, fields, &n);
    if (bytes_of_fields == 0) { /* it has changed, nobody knows to what */
        (void)template_withdraw(&decoder->sessions, reader->domain, id);
        return 0;
    }
    if (n > 0) {
        template_learn(reader, id, options, fields, n);
    } else { /* nor is an older one right now */
        (void)template_withdraw(&decoder->sessions, reader->domain, id);
        template_refused(reader, id, "too many fields, or none with a length");
        decoder->counters.malformed++;
    }
    return at + bytes_of_fields;
}

static void templates_decode(struct reader *reader, const uint8_t *bytes, size_t len, bool options) {
    bool sound;
    while (len >= 4) { /* fewer are padding */
        size_t n = template_decode(reader, bytes, len, options, &sound);
        if (n == 0) {
            if (!sound) decoder_malformed(reader->decoder, reader->domain, "malformed template");
            return;
        }
        bytes += n;
        len -= n;
    }
}

/* --- data --- */

/* Whether it is new. */
static bool rate_learn(struct reader *reader, const struct template *template, const struct rate *rate) {
    struct domain *domain = reader->domain;
    if (template->sampling & SAMPLING_OF_EXPORTER) domain_tells_exporter(&reader->decoder->sessions, domain);
    if (rate->key) return rate_take(&reader->decoder->sessions, domain, rate->key, rate->rate);
    bool new = domain->rate != rate->rate;
    domain->rate = rate->rate;
    return new;
}

static void options_decode(struct reader *reader, const struct template *template, const uint8_t *bytes, size_t len) {
    struct domain *domain = reader->domain;
    uint64_t boot_ms;
    struct rate rate;
    reader->decoder->counters.not_counted++;
    option_names_take(reader->decoder, template->plan, &reader->context, bytes, len);
    if (sampling_told(template, bytes, len, &rate) && rate_learn(reader, template, &rate))
        decoder_state_changed(reader->decoder);
    if (reader->netflow9 || !data_record_number(template->plan, bytes, len, IE_systemInitTimeMilliseconds, &boot_ms))
        return;
    if (boot_ms > INT64_MAX / 1000000) return;
    domain->boot_us = (int64_t)boot_ms * 1000;
    domain->has_boot = true;
    reader->context.boot_us = domain->boot_us;
}

/* IPFIX records with times of sysUpTime, of whose beginning the exporter tells nothing. No flow ends after it is told
 * of: the earliest beginning by which that holds is right, but for what the promptest flow has waited. */
static void boot_guess(struct reader *reader, const struct template *template, const uint8_t *bytes, size_t len) {
    struct domain *domain = reader->domain;
    for (size_t n; (n = data_record_length(template->plan, bytes, len)) > 0; bytes += n, len -= n) {
        uint64_t end_ms;
        if (!data_record_number(template->plan, bytes, n, IE_flowEndSysUpTime, &end_ms)) return;
        int64_t boot_us = reader->context.export_us - (int64_t)(uint32_t)end_ms * 1000;
        if (domain->guessed_us == 0 || boot_us < domain->guessed_us) domain->guessed_us = boot_us;
    }
    reader->context.boot_us = domain->guessed_us;
}

static bool are_zeros(const uint8_t *bytes, size_t len) {
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    return len == 0;
}

/* Of a firewall: counts what is no flow, and takes off what was counted before. False: there is nothing to count. */
static bool event_take(struct reader *reader, const struct template *template, const uint8_t **bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    switch (
        nsel_record(decoder_counted(decoder), template->plan, &reader->context, bytes, len, decoder_second(decoder))) {
    case NSEL_COUNTED_BEFORE: decoder_ignore(decoder, IGNORED_COUNTED_BEFORE); return false;
    case NSEL_CREATED: decoder_ignore(decoder, IGNORED_CREATED); return false;
    case NSEL_DENIED:
        reader->context.empty_too = decoder->config.count_denied;
        if (!reader->context.empty_too) decoder_ignore(decoder, IGNORED_DENIED);
        return reader->context.empty_too;
    default: return true;
    }
}

/* A record of which something may have been counted before. False: all of it. */
static bool known_take(struct reader *reader, const struct template *template, const uint8_t **bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    reader->context.since_us = 0;
    reader->context.empty_too = false;
    if (template->events) return event_take(reader, template, bytes, len);
    if (totals_record(decoder_counted(decoder), template->plan, &reader->context, bytes, len, decoder_second(decoder)))
        return true;
    decoder_ignore(decoder, IGNORED_COUNTED_BEFORE);
    return false;
}

/* Records that no rate can be found for, though the exporter tells some. */
static void unjoined_note(struct reader *reader, const struct template *template, const struct domain *rates) {
    struct domain *domain = reader->domain;
    char name[SESSION_NAME_MAX];
    uint32_t rate;
    uint64_t sampler;
    if (domain->configured || !sampling_unjoined(rates, template, &rate, &sampler)) return;
    trouble_note(&domain->unjoined, decoder_second(reader->decoder));
    if (domain->unjoined_said || !decoder_may_say(reader->decoder, PROBLEM_SAMPLING)) return;
    domain->unjoined_said = true;
    domain_name(domain, name);
    log_warning("collector",
                "%s tells 1:%u for sampler %llu, its records name none: they count as they are; set 'sampling'", name,
                rate, (unsigned long long)sampler);
}

/* In the log once for each template; where it is too much at once, by a later record. */
static void uncounted_note(struct reader *reader, struct template *template) {
    char name[SESSION_NAME_MAX], why[UNCOUNTED_TEXT_MAX];
    decoder_ignore(reader->decoder, IGNORED_UNCOUNTED);
    template->uncounted++;
    template->domain->uncounted = true;
    if (template->uncounted_said || !decoder_may_say(reader->decoder, PROBLEM_UNCOUNTED)) return;
    template->uncounted_said = true;
    domain_name(reader->domain, name);
    uncounted_text(template, why);
    log_warning("collector", "%s: records of template %u can't be counted: %s", name, template->id, why);
}

/* A packet's bytes in place of counters. */
static void section_count(struct reader *reader, const struct template *template, const uint8_t *bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    struct data_record_context context = reader->context;
    uint8_t record[SFLOW_RECORD_MAX], family;
    uint64_t seen_ms;
    size_t n = section_record(&decoder->config.packet, template->plan, bytes, len, &family, record);
    if (n == 0) {
        decoder_ignore(decoder, IGNORED_NOT_IP);
        return;
    }
    if (data_record_number(template->plan, bytes, len, IE_observationTimeMilliseconds, &seen_ms) && seen_ms > 0 &&
        seen_ms < INT64_MAX / 1000000)
        context.export_us = (int64_t)seen_ms * 1000;
    decoder_flow(decoder, reader->domain, &decoder->sflow[family], record, n, &context);
}

static void record_count(struct reader *reader, struct template *template, const struct domain *rates,
                         const uint8_t *bytes, size_t len) {
    const struct record_plans plans = {template->plan, template->tuple};
    struct domain *domain = reader->domain;
    if (template->remembered && !known_take(reader, template, &bytes, len)) return;
    if (!template->counts && !template->section && !reader->context.empty_too) {
        uncounted_note(reader, template);
        return;
    }
    uint32_t rate = domain->configured ? domain->configured : sampling_of(rates, template, bytes, len);
    reader->context.sampling = rate > 0 ? rate : 1;
    if (!template->counts && !reader->context.empty_too) {
        section_count(reader, template, bytes, len);
        return;
    }
    decoder_flow(reader->decoder, domain, &plans, bytes, len, &reader->context);
}

/* In the log once for each template. */
static void addresses_look(struct reader *reader, struct template *template) {
    char name[SESSION_NAME_MAX];
    const struct data_record_plan *plan = template->plan;
    if (template->options || data_record_plan_addresses(plan) || !data_record_plan_counts(plan)) return;
    if (template->uncounted_said || !decoder_may_say(reader->decoder, PROBLEM_UNCOUNTED)) return;
    template->uncounted_said = true;
    domain_name(reader->domain, name);
    log_warning("collector", "%s: records of template %u have no address: they count without one", name, template->id);
}

/* What the first record of a set says of its exporter. */
static void set_look(struct reader *reader, struct template *template, const struct domain *rates, const uint8_t *bytes,
                     size_t len) {
    const struct message_decoder *decoder = reader->decoder;
    struct domain *domain = reader->domain;
    size_t n = data_record_length(template->plan, bytes, len);
    addresses_look(reader, template);
    unjoined_note(reader, template, rates);
    if (n == 0) return;
    if (!domain->configured && sampling_unknown(rates, template, bytes, n)) domain->faults[FAULT_UNSCALED]++;
    if (decoder->duplicates || !data_record_plan_direction(template->plan)) return;
    const struct data_record_place place = data_record_place(template->plan, bytes, n, &reader->context);
    domain_place(domain, &place);
}

/* What is left behind the last record and shorter than any is padding, and so are zeros alone (NX-OS pads with more).
 */
static void records_decode(struct reader *reader, struct template *template, const uint8_t *bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    const struct domain *domain = reader->domain;
    const struct domain *rates = sampling_domain(&decoder->sessions, domain, template);
    size_t min = data_record_plan_min(template->plan);
    if (template->by_uptime && !reader->netflow9 && !domain->has_boot) boot_guess(reader, template, bytes, len);
    if (!template->options) set_look(reader, template, rates, bytes, len);
    while (len >= min && (bytes[0] != 0 || !are_zeros(bytes, len))) {
        size_t n = data_record_length(template->plan, bytes, len);
        if (n == 0) {
            decoder_malformed(decoder, reader->domain, "a data set with a record beyond its end");
            domain_set_lost(&decoder->sessions, reader->domain, decoder_second(decoder));
            reader->whole = false;
            break;
        }
        reader->records++;
        if (template->options)
            options_decode(reader, template, bytes, n);
        else
            record_count(reader, template, rates, bytes, n);
        bytes += n;
        len -= n;
    }
}

static void data_decode(struct reader *reader, struct template *template, const uint8_t *bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    struct sessions *sessions = &decoder->sessions;
    struct session *session = reader->domain->session, *owner = template->domain->session;
    sessions->in_use = template;
    reader->context.since_us = 0;
    session->pinned = owner->pinned = true;
    if (template_plan(sessions, template)) {
        records_decode(reader, template, bytes, len);
    } else {
        decoder->counters.evicted++;
        domain_set_lost(sessions, reader->domain, decoder_second(decoder));
        reader->whole = false;
        template_refused(reader, template->id, "no memory for its records: raise 'memory'");
    }
    sessions->in_use = NULL;
    session->pinned = owner->pinned = false;
}

/* --- sets --- */

static bool is_of_templates(const struct reader *reader, uint16_t id) {
    return id == (reader->netflow9 ? V9_TEMPLATE_SET : TEMPLATE_SET) ||
           id == (reader->netflow9 ? V9_OPTIONS_TEMPLATE_SET : OPTIONS_TEMPLATE_SET);
}

static void set_decode(struct reader *reader, uint16_t id, const uint8_t *bytes, size_t len) {
    struct message_decoder *decoder = reader->decoder;
    if (is_of_templates(reader, id)) {
        templates_decode(reader, bytes, len, id & 1);
    } else if (id < FIRST_TEMPLATE) {
        decoder_malformed(decoder, reader->domain, "a set with an invalid id");
    } else {
        struct template *template = template_find(&decoder->sessions, reader->domain, id, decoder->now_us);
        if (template) {
            data_decode(reader, template, bytes, len);
        } else {
            held_add(&decoder->sessions, reader->domain, id, bytes, len, &reader->context, decoder->now_us);
            reader->whole = false;
        }
    }
}

static void sets_decode(struct reader *reader, const uint8_t *bytes, size_t len) {
    while (len >= 4) {
        size_t n = be16(bytes + 2);
        if (n > len && is_of_templates(reader, be16(bytes))) /* cut, but what is whole counts */
            set_decode(reader, be16(bytes), bytes + 4, len - 4);
        if (n < 4 || n > len) break;
        set_decode(reader, be16(bytes), bytes + 4, n - 4);
        bytes += n;
        len -= n;
    }
    if (are_zeros(bytes, len)) return; /* some exporters pad messages */
    reader->whole = false;
    decoder_malformed(reader->decoder, reader->domain, "a set with a wrong length");
}

static int message_read(struct reader *reader, const uint8_t *sets, size_t len, uint32_t number) {
    sets_decode(reader, sets, len);
    decoder_sequence(reader->decoder, reader->domain, number, reader->netflow9 ? 1 : reader->records,
                     reader->netflow9 || reader->whole);
    return 0;
}

/* Version, count of records (not to be trusted), sysUpTime, seconds, sequence, source id. */
int netflow9_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len) {
    struct domain_key key = {.protocol = 9, .id = be32(bytes + 16)};
    struct reader reader = {.decoder = decoder, .netflow9 = true, .whole = true};
    if (!(reader.domain = decoder_domain(decoder, session, &key))) return 0;
    uint32_t uptime_ms = be32(bytes + 4);
    decoder_context(decoder, reader.domain, (int64_t)be32(bytes + 8) * 1000000, &reader.context);
    reader.context.boot_us -= (int64_t)uptime_ms * 1000;
    decoder_uptime(decoder, reader.domain, uptime_ms);
    return message_read(&reader, bytes + 20, len - 20, be32(bytes + 12));
}

/* Version, length, seconds, sequence, observation domain. */
int ipfix_decode(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len) {
    struct domain_key key = {.protocol = 10, .id = be32(bytes + 12)};
    struct reader reader = {.decoder = decoder, .whole = true};
    size_t length = be16(bytes + 2);
    if (!(reader.domain = decoder_domain(decoder, session, &key))) return -1;
    if (length < 16 || length > len) {
        decoder_malformed(decoder, reader.domain, "an IPFIX message with a wrong length");
        return -1;
    }
    if (length < len) decoder_malformed(decoder, reader.domain, "extra bytes after an IPFIX message");
    decoder_context(decoder, reader.domain, (int64_t)be32(bytes + 4) * 1000000, &reader.context);
    if (reader.domain->has_boot) reader.context.boot_us = reader.domain->boot_us;
    return message_read(&reader, bytes + 16, length - 16, be32(bytes + 8));
}
