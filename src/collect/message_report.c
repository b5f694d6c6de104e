/* What is shown of a decoder: taken at one moment, shown later. */
#include "collect/message.h"

#include <stdio.h>
#include <stdlib.h>

#include "collect/decoder.h"
#include "collect/uncounted.h"

enum { PROBLEM_LINES = 20 };

/* --- exporters one by one --- */

static int line_compare(const void *one, const void *other) {
    return strcmp(((const struct exporter_line *)one)->name, ((const struct exporter_line *)other)->name);
}

/* Those that are known longest, the last heard first. */
static unsigned lines_fill(const struct message_decoder *decoder, struct exporter_line *lines) {
    unsigned n = 0;
    for (unsigned class = SESSION_CLASSES; class --> 0;) {
        const struct session *session;
        const struct domain *domain;
        TAILQ_FOREACH(session, &decoder->sessions.classes[class].sessions, by_silence) {
            TAILQ_FOREACH(domain, &session->domains, of_session) {
                if (n == REPORT_EXPORTERS) return n;
                lines[n] = (struct exporter_line){.messages = domain->messages,
                                                  .records = domain->records,
                                                  .lost = domain->lost,
                                                  .heard = (uint64_t)session->heard_us / 1000000};
                lines[n].clock = domain->wrong_clock ? (uint64_t)llabs(domain->skew_us) / 1000000 : 0;
                memcpy(lines[n].faults, domain->faults, sizeof lines[n].faults);
                domain_name(domain, lines[n++].name);
            }
        }
    }
    return n;
}

/* An exporter that has been started anew, or has several ports, is one. */
static unsigned lines_merge(struct exporter_line *lines, unsigned n) {
    unsigned merged = 0;
    qsort(lines, n, sizeof lines[0], line_compare);
    for (unsigned i = 0; i < n; i++) {
        if (merged == 0 || strcmp(lines[merged - 1].name, lines[i].name) != 0) {
            lines[merged++] = lines[i];
            continue;
        }
        struct exporter_line *line = &lines[merged - 1];
        line->messages += lines[i].messages;
        line->records += lines[i].records;
        line->lost += lines[i].lost;
        for (unsigned fault = 0; fault < EXPORTER_FAULTS; fault++)
            line->faults[fault] += lines[i].faults[fault];
        if (lines[i].heard <= line->heard) continue;
        line->heard = lines[i].heard;
        line->clock = lines[i].clock;
    }
    return merged;
}

/* --- templates that can't be counted --- */

static int template_compare(const void *one, const void *other) {
    return strcmp(((const struct template_line *)one)->name, ((const struct template_line *)other)->name);
}

static unsigned domain_templates(const struct domain *domain, struct template_line *lines, unsigned n) {
    char name[SESSION_NAME_MAX], why[UNCOUNTED_TEXT_MAX];
    domain_name(domain, name);
    for (unsigned i = 0; i < domain->n_templates && n < REPORT_TEMPLATES; i++) {
        const struct template *template = domain->templates[i];
        if (template->uncounted == 0 || !template->plan) continue;
        uncounted_text(template, why);
        lines[n].records = template->uncounted;
        snprintf(lines[n].name, sizeof lines[n].name, "%s template %u: %s", name, template->id, why);
        n++;
    }
    return n;
}

/* By name, those of an exporter's several ports as one. */
static unsigned templates_fill(const struct message_decoder *decoder, struct template_line *lines) {
    unsigned n = 0, merged = 0;
    for (unsigned class = SESSION_CLASSES; class --> 0;) {
        const struct session *session;
        const struct domain *domain;
        TAILQ_FOREACH(session, &decoder->sessions.classes[class].sessions, by_silence) {
            TAILQ_FOREACH(domain, &session->domains, of_session) {
                if (domain->uncounted) n = domain_templates(domain, lines, n);
            }
        }
    }
    qsort(lines, n, sizeof lines[0], template_compare);
    for (unsigned i = 0; i < n; i++) {
        if (merged > 0 && template_compare(&lines[merged - 1], &lines[i]) == 0)
            lines[merged - 1].records += lines[i].records;
        else
            lines[merged++] = lines[i];
    }
    return merged;
}

/* --- problems --- */

static unsigned domain_problems(const struct message_decoder *decoder, const struct domain *domain,
                                struct buffer *out) {
    char name[SESSION_NAME_MAX];
    uint32_t known = (uint32_t)(domain->session->first_us / 1000000), now = decoder_second(decoder);
    bool clock = domain->wrong_clock && trouble_tells(&domain->clock, known, now);
    bool malformed = trouble_tells(&domain->malformed, known, now);
    bool waits = trouble_tells(&domain->unknown, known, now);
    bool unjoined = trouble_tells(&domain->unjoined, known, now);
    if (!clock && !malformed && !waits && !unjoined) return 0;
    domain_name(domain, name);
    buffer_printf(out, "collector: %s:", name);
    if (clock)
        buffer_printf(out, " its clock is %lld s %s, and its times are corrected by that;",
                      (domain->skew_us < 0 ? -1 : 1) * (long long)domain->skew_us / 1000000,
                      domain->skew_us < 0 ? "ahead" : "behind");
    if (waits) buffer_add_text(out, " data sets arrive without their template;");
    if (malformed) buffer_add_text(out, " messages are malformed;");
    if (unjoined) buffer_add_text(out, " it tells sampling rates by sampler, and its records name none;");
    out->data[out->len - 1] = '\n'; /* the last semicolon */
    return 1;
}

/* Newcomers last: they are the ones that a stranger can make up. */
static void problems_fill(const struct message_decoder *decoder, struct buffer *out) {
    unsigned n = 0;
    for (unsigned class = SESSION_CLASSES; class --> 0;) {
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

/* --- the report --- */

void message_report_take(const struct message_decoder *decoder, struct message_report *report) {
    report->counters = decoder->counters;
    report->n_exporters = lines_merge(report->exporters, lines_fill(decoder, report->exporters));
    report->n_templates = templates_fill(decoder, report->templates);
    report->n_interfaces = interfaces_list(decoder->interfaces, report->interfaces, REPORT_INTERFACES);
    buffer_clear(&report->problems);
    problems_fill(decoder, &report->problems);
}

void message_report_release(struct message_report *report) { buffer_release(&report->problems); }
