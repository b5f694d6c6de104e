/* Capture files through the meter. */
#include "tool/captures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "files/capture_file.h"
#include "meter/meter_entry.h"
#include "config/capture_options.h"
#include "tool/progress.h"

/* On stderr: standard output may be the flows'. */
static void totals_print(const char *path, const struct meter_totals *totals) {
    uint64_t flows = 0;
    for (unsigned i = 0; i <= METER_END_RESOURCES; i++)
        flows += totals->ends[i];
    fprintf(stderr, "%s: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " flows\n", path, totals->packets,
            totals->octets, flows);
    for (unsigned i = 0; i < PACKET_VERDICTS; i++)
        if (totals->verdicts[i] && i != PACKET_OK)
            fprintf(stderr, "%s: %" PRIu64 " %s: %s\n", path, totals->verdicts[i],
                    packet_texts[i].counts ? "counted in part" : "not counted", packet_texts[i].sentence);
    if (totals->passed_over) fprintf(stderr, "%s: %" PRIu64 " frames skipped by sampling\n", path, totals->passed_over);
    if (totals->unmatched) fprintf(stderr, "%s: %" PRIu64 " packets match no rule\n", path, totals->unmatched);
    if (totals->ends[METER_END_RESOURCES])
        fprintf(stderr, "%s: %" PRIu64 " flows ended early: [capture] memory is full\n", path,
                totals->ends[METER_END_RESOURCES]);
}

/* Returns how many there are. */
static uint64_t damaged_print(const char *path, const struct capture_file *file) {
    const struct capture_damaged *damaged = capture_file_damaged(file);
    uint64_t n = 0;
    for (unsigned i = 0; i < CAPTURE_DAMAGES; i++) {
        if (damaged[i].n)
            fprintf(stderr, "%s: %" PRIu64 " damaged block%s at byte %" PRId64 ": %s\n", path, damaged[i].n,
                    damaged[i].n > 1 ? "s ignored, the first" : " ignored,", damaged[i].first, capture_damage_texts[i]);
        n += damaged[i].n;
    }
    return n;
}

enum { STRANGERS_MAX = 8 }; /* told one by one */

/* Link types that are not known. */
struct strangers {
    int last; /* link type that is known */
    unsigned n;
    struct stranger {
        int link_type;
        uint64_t frames;
    } at[STRANGERS_MAX];
    uint64_t more; /* frames of others */
};

/* What becomes of flows: one of the two. */
struct reader {
    struct meter *meter;
    struct strangers strangers;
    meter_flow_fn *each_flow;
    captures_entry_fn *each_entry;
    void *context;
    struct meter_entry *entries[METER_RULES_MAX]; /* of each rule, for each_entry */
    uint64_t *damaged;
    int code;
};

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    struct reader *reader = context;
    char text[METER_ENTRY_MAX];
    if (reader->code != EXIT_DONE) return;
    if (reader->each_flow)
        reader->each_flow(reader->context, rule, flow);
    else
        reader->code = reader->each_entry(reader->context, text, meter_entry_write(reader->entries[rule], flow, text));
}

static void stranger_count(struct strangers *strangers, int link_type) {
    for (unsigned i = 0; i < strangers->n; i++)
        if (strangers->at[i].link_type == link_type) {
            strangers->at[i].frames++;
            return;
        }
    if (strangers->n < STRANGERS_MAX)
        strangers->at[strangers->n++] = (struct stranger){link_type, 1};
    else
        strangers->more++;
}

/* Frames of link types that are not known are not for the meter: no filter could be compiled for them. */
__attribute__((noinline)) static int on_other_link(struct reader *reader, int link_type,
                                                   const struct capture_frame *frame, struct error *error) {
    if (!packet_link_name(link_type)) {
        stranger_count(&reader->strangers, link_type);
        return 0;
    }
    reader->strangers.last = link_type;
    return meter_capture_frame(reader->meter, link_type, frame, error);
}

static int on_frame(void *context, int link_type, const struct capture_frame *frame, struct error *error) {
    struct reader *reader = context;
    if (link_type != reader->strangers.last) return on_other_link(reader, link_type, frame, error);
    return meter_capture_frame(reader->meter, link_type, frame, error);
}

/* Returns how many frames there are of them. */
static uint64_t strangers_print(const char *path, const struct strangers *strangers) {
    uint64_t n = strangers->more;
    for (unsigned i = 0; i < strangers->n; i++) {
        const struct stranger *one = &strangers->at[i];
        const char *name = capture_link_name(one->link_type);
        fprintf(stderr, "%s: %" PRIu64 " not counted: link type %d%s%s%s is not supported\n", path, one->frames,
                one->link_type, name ? " (" : "", name ? name : "", name ? ")" : "");
        n += one->frames;
    }
    if (strangers->more)
        fprintf(stderr, "%s: %" PRIu64 " not counted: other link types that are not supported\n", path,
                strangers->more);
    return n;
}

static int file_read(struct contents *contents, struct meter *meter, struct reader *reader) {
    const char *path = contents_name(contents);
    const struct meter_totals *totals = meter_totals(meter);
    struct error error;
    int more = 1;
    struct capture_file *file = capture_file_open(contents, on_frame, reader);
    while (more > 0 && reader->code == EXIT_DONE) {
        more = capture_file_read(file, &error);
        progress_show(path, contents_progress(contents), (int64_t)totals->frames, "frames", more <= 0);
    }
    meter_end(meter); /* where the rest can't be read, too */
    if (reader->code == EXIT_DONE) {
        totals_print(path, totals);
        uint64_t unknown = strangers_print(path, &reader->strangers);
        *reader->damaged += damaged_print(path, file) + (totals->packets == 0 ? unknown : 0);
    }
    bool cut = capture_file_is_cut(file);
    capture_file_close(file);
    if (more >= 0 || reader->code != EXIT_DONE) return reader->code;
    if (!cut) return command_fail(EXIT_FAILED, "%s", error.text);
    fprintf(stderr, "%s; the rest is missing\n", error.text);
    ++*reader->damaged;
    return EXIT_DONE;
}

static int read_all(const struct command_call *call, struct contents *contents, uint64_t seed, struct reader *reader) {
    struct meter_rules rules;
    struct meter_config config;
    capture_options_meter(call->config, &rules, &config);
    config.filter = call->config->capture.filter;
    config.seed = seed;
    for (unsigned i = 0; i < rules.n && reader->each_entry; i++)
        reader->entries[i] = meter_entry_new(&rules.rules[i].fields);
    struct meter *meter = reader->meter = meter_new(&config, on_flow, reader);
    reader->strangers.last = -1;
    int code = file_read(contents, meter, reader);
    meter_free(meter);
    for (unsigned i = 0; i < rules.n; i++)
        meter_entry_free(reader->entries[i]);
    meter_rules_release(&rules);
    return code;
}

int captures_flows(const struct command_call *call, struct contents *contents, uint64_t seed, meter_flow_fn *each,
                   void *context, uint64_t *damaged) {
    struct reader reader = {.each_flow = each, .context = context, .damaged = damaged, .code = EXIT_DONE};
    return read_all(call, contents, seed, &reader);
}

int captures_entries(const struct command_call *call, struct contents *contents, uint64_t seed, captures_entry_fn *each,
                     void *context, uint64_t *damaged) {
    struct reader reader = {.each_entry = each, .context = context, .damaged = damaged, .code = EXIT_DONE};
    return read_all(call, contents, seed, &reader);
}
