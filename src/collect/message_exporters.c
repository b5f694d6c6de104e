/* Lines of exporters, merged by name. */
#include "collect/message_exporters.h"

#include <stdlib.h>

/* More are not shown: their names are labels of time series, and strangers can make some up. */
enum { SHOWN = 256 };

struct exporter_line {
    char name[SESSION_NAME_MAX];
    uint64_t messages, records, lost, heard; /* heard: seconds since 1970 */
};

static int line_compare(const void *one, const void *other) {
    return strcmp(((const struct exporter_line *)one)->name, ((const struct exporter_line *)other)->name);
}

/* Those that are known longest, the last heard first. */
static unsigned lines_fill(const struct message_decoder *decoder, struct exporter_line *lines) {
    unsigned n = 0;
    for (unsigned class = SESSION_CLASSES; class -- > 0;) {
        const struct session *session;
        const struct domain *domain;
        TAILQ_FOREACH(session, &decoder->sessions.classes[class].sessions, by_silence) {
            TAILQ_FOREACH(domain, &session->domains, of_session) {
                if (n == SHOWN) return n;
                lines[n] = (struct exporter_line){.messages = domain->messages,
                                                  .records = domain->records,
                                                  .lost = domain->lost,
                                                  .heard = (uint64_t)session->heard_us / 1000000};
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
        if (lines[i].heard > line->heard) line->heard = lines[i].heard;
    }
    return merged;
}

void message_exporters_show(const struct message_decoder *decoder, struct show *show) {
    static const struct {
        enum show_type type;
        const char *name, *help;
        size_t offset;
    } families[] = {
        {SHOW_COUNTER, "exporter_messages_total", "Messages taken, by exporter and observation domain: the first 256.",
         offsetof(struct exporter_line, messages)},
        {SHOW_COUNTER, "exporter_records_total", "Records of flows in these.", offsetof(struct exporter_line, records)},
        {SHOW_COUNTER, "exporter_lost_total", "What is known to be lost of them: flows, messages and data sets.",
         offsetof(struct exporter_line, lost)},
        {SHOW_GAUGE, "exporter_heard_timestamp_seconds", "When the exporter was heard last.",
         offsetof(struct exporter_line, heard)},
    };
    struct exporter_line lines[SHOWN];
    unsigned n = lines_merge(lines, lines_fill(decoder, lines));
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++) {
        show_family(show, families[i].type, families[i].name, "exporter", families[i].help);
        for (unsigned line = 0; line < n; line++) {
            uint64_t value;
            memcpy(&value, (const char *)&lines[line] + families[i].offset, sizeof value);
            show_member(show, lines[line].name, value);
        }
    }
}
