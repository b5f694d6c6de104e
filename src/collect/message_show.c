/* The decoder's counters, and what is wrong with whom. */
#include "collect/message_exporters.h"

enum { PROBLEM_LINES = 20 };

void message_show(const struct message_decoder *decoder, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } values[] = {
        {SHOW_COUNTER, "messages_total", "Export messages taken.", offsetof(struct message_counters, messages)},
        {SHOW_COUNTER, "message_bytes_total", "Bytes of these.", offsetof(struct message_counters, octets)},
        {SHOW_COUNTER, "refused_messages_total", "Messages of exporters that are not on the list.",
         offsetof(struct message_counters, refused)},
        {SHOW_COUNTER, "malformed_total", "Messages and sets that break their format.",
         offsetof(struct message_counters, malformed)},
        {SHOW_COUNTER, "unknown_messages_total", "Messages of no known kind or version.",
         offsetof(struct message_counters, unknown_version)},
        {SHOW_COUNTER, "flows_total", "Flows handed on.", offsetof(struct message_counters, flows)},
        {SHOW_COUNTER, "scaled_flows_total", "Flows multiplied by a sampling rate.",
         offsetof(struct message_counters, scaled)},
        {SHOW_COUNTER, "duplicate_flows_total", "Flows left out because another exporter had told of them.",
         offsetof(struct message_counters, duplicates)},
        {SHOW_COUNTER, "passed_over_total", "Records of options and of sFlow's counters, and samples that hold no IP.",
         offsetof(struct message_counters, not_counted)},
        {SHOW_COUNTER, "templates_total", "Templates learned.", offsetof(struct message_counters, templates)},
        {SHOW_COUNTER, "plans_total", "Templates whose data came: the plans made to read it.",
         offsetof(struct message_counters, plans)},
        {SHOW_COUNTER, "withdrawn_templates_total", "Templates withdrawn by their exporters.",
         offsetof(struct message_counters, withdrawn)},
        {SHOW_COUNTER, "evicted_total", "Exporters and templates given up for want of memory.",
         offsetof(struct message_counters, evicted)},
        {SHOW_GAUGE, "exporters", "Exporters known: addresses and ports, TCP connections.",
         offsetof(struct message_counters, sessions)},
        {SHOW_GAUGE, "held_sets", "Data sets that wait for their template.", offsetof(struct message_counters, held)},
        {SHOW_GAUGE, "wrong_clocks", "Exporters whose clock is taken for wrong.",
         offsetof(struct message_counters, wrong_clocks)},
    };
    const struct message_counters *counters = &decoder->counters;
    show_module(show, "collector");
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint64_t value;
        memcpy(&value, (const char *)counters + values[i].offset, sizeof value);
        if (values[i].type == SHOW_COUNTER)
            show_counter(show, values[i].name, values[i].help, value);
        else
            show_gauge(show, values[i].name, values[i].help, value);
    }
    show_gauge(show, "memory_bytes", "Memory of what is known of exporters.", counters->memory);
    show_family(show, SHOW_COUNTER, "lost_total", "what", "What is known to be lost, as exporters count.");
    for (unsigned i = 0; i <= LOST_SETS; i++)
        show_member(show, lost_texts[i].word, counters->lost[i]);
    message_exporters_show(decoder, show);
}

static unsigned domain_problems(const struct message_decoder *decoder, const struct domain *domain,
                                struct buffer *out) {
    char name[SESSION_NAME_MAX];
    uint32_t known = (uint32_t)(domain->session->first_us / 1000000), now = decoder_second(decoder);
    bool clock = domain->wrong_clock && trouble_tells(&domain->clock, known, now);
    bool malformed = trouble_tells(&domain->malformed, known, now);
    bool waits = trouble_tells(&domain->unknown, known, now);
    if (!clock && !malformed && !waits) return 0;
    domain_name(domain, name);
    buffer_printf(out, "collector: %s:", name);
    if (clock)
        buffer_printf(out, " its clock is %lld s %s, and its times are moved by that;",
                      (domain->skew_us < 0 ? -1 : 1) * (long long)domain->skew_us / 1000000,
                      domain->skew_us < 0 ? "ahead" : "behind");
    if (waits) buffer_add_text(out, " data sets come without their template;");
    if (malformed) buffer_add_text(out, " messages break their format;");
    out->data[out->len - 1] = '\n'; /* the last semicolon */
    return 1;
}

/* Newcomers last: they are the ones that a stranger can make up. */
void message_problems(const struct message_decoder *decoder, struct buffer *out) {
    unsigned n = 0;
    for (unsigned class = SESSION_CLASSES; class -- > 0;) {
        const struct session *session;
        const struct domain *domain;
        TAILQ_FOREACH(session, &decoder->sessions.classes[class].sessions, by_silence) {
            TAILQ_FOREACH(domain, &session->domains, of_session) {
                n += domain_problems(decoder, domain, out);
                if (n == PROBLEM_LINES) return;
            }
        }
    }
}
