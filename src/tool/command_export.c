/* flowimport export: the flows of files to collectors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "flow/entry.h"
#include "import/check.h"
#include "export/exporter.h"
#include "config/capture_options.h"
#include "tool/commands.h"
#include "tool/captures.h"
#include "tool/entries_file.h"
#include "tool/entries_open.h"

enum {
    BACKLOG_MAX = EXPORTER_BUFFER / 2, /* bytes: more waits in the file */
    LOOP_EVERY = 64,                   /* flows between two looks at the sockets */
    PATIENCE_SECONDS = 30,             /* for a collector that takes nothing */
};

struct export {
    const char *path;
    struct event_base *base;
    struct event *patience;
    bool given_up;
    struct exporter *exporter;
    /* The export time is that of the flows, as if each had been sent when it ended: NetFlow v9 has no times that are
     * far from it. */
    struct clock clock;
    int64_t now_us;
    int code;
    struct flow_layout layout;
    struct entry_decoder *decoder;
    /* Of entries: the layout's keys, in their order, then times and counts. Behind it those of the rules. */
    struct meter_template templates[1 + METER_RULES_MAX];
    const struct check_rules *rules;
    int64_t checked_at;      /* seconds since 1970 */
    struct entries *entries; /* of the file under way */
    uint64_t flows, rejected, too_old, damaged;
};

static int64_t flow_time(const struct clock *clock) {
    return ((const struct export *)(const void *)((const char *)clock - offsetof(struct export, clock)))->now_us;
}

static const struct meter_field *field_find(unsigned id) {
    for (unsigned i = 0; i < meter_n_fields; i++)
        if (meter_fields[i].id == id) return &meter_fields[i];
    return NULL;
}

static int entry_template(struct export *export, const struct config *config) {
    static const unsigned values[] = {152, 153, 2, 1}; /* flowStart and flowEndMilliseconds, packets, octets */
    struct meter_template *template = &export->templates[0];
    struct error error;
    if (flow_layout_init(&export->layout, config->import.aggr_values, FLOW_LAYOUT_SUMS, &error) != 0)
        return command_fail(EXIT_USAGE, "%s", error.text);
    for (unsigned i = 0; i < export->layout.n_keys; i++) {
        const struct element *element = export->layout.fields[export->layout.keys[i]].element[FLOW_IPV4];
        const struct meter_field *field = field_find(element->id);
        if (!field) return command_fail(EXIT_USAGE, "aggr_values: %s can't be exported", element->name);
        template->fields[template->n++] = field;
    }
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++)
        template->fields[template->n++] = field_find(values[i]);
    return EXIT_DONE;
}

static void on_patience(evutil_socket_t fd, short what, void *context) {
    struct export *export = context;
    (void)fd;
    (void)what;
    export->given_up = true;
}

/* Until no more than so many bytes wait. EXIT_FAILED where none has left for PATIENCE_SECONDS. */
static int backlog_wait(struct export *export, size_t bytes) {
    size_t before = SIZE_MAX;
    for (;;) {
        size_t backlog = exporter_backlog(export->exporter);
        if (backlog <= bytes) break;
        if (backlog < before) evtimer_add(export->patience, &(struct timeval){.tv_sec = PATIENCE_SECONDS});
        before = backlog;
        event_base_loop(export->base, EVLOOP_ONCE);
        if (export->given_up)
            return command_fail(EXIT_FAILED, "%s: a collector has accepted nothing for %d s", export->path,
                                PATIENCE_SECONDS);
    }
    evtimer_del(export->patience);
    return EXIT_DONE;
}

static void flow_put(struct export *export, unsigned rule, const struct meter_flow *flow) {
    if (flow->forward.end_us > export->now_us) export->now_us = flow->forward.end_us;
    exporter_put(export->exporter, rule, flow);
    if (++export->flows % LOOP_EVERY == 0) event_base_loop(export->base, EVLOOP_NONBLOCK);
    if (export->code == EXIT_DONE) export->code = backlog_wait(export, BACKLOG_MAX);
}

/* --- entries --- */

/* A value of the packed key, which is big-endian, to its place in the flow. */
static void key_copy(const struct meter_field *field, const uint8_t *from, unsigned width, struct meter_flow *flow) {
    uint8_t *to = (uint8_t *)flow + field->offset;
    if (field->width > sizeof(uint64_t) || field->type == ELEMENT_MAC_ADDRESS) {
        memcpy(to, from, width);
        return;
    }
    host_put(to, be_number(from, width), field->width);
}

static void record_put(struct export *export, const struct flow_record *record) {
    struct meter_flow flow = {.family = record->family, .sampling = 1};
    for (unsigned i = 0; i < export->layout.n_keys; i++) {
        const struct flow_field *key = &export->layout.fields[export->layout.keys[i]];
        key_copy(export->templates[0].fields[i], record->key + key->offset[record->family], key->width[record->family],
                 &flow);
    }
    flow.forward = (struct meter_counts){.start_us = (int64_t)record->start * 1000000,
                                         .end_us = (int64_t)record->end * 1000000,
                                         .packets = record->sums[0],
                                         .octets = record->sums[1]};
    flow_put(export, 0, &flow);
}

static enum check_verdict records_check(struct export *export, struct flow_record *records, unsigned n,
                                        struct reject *reject) {
    enum check_verdict verdict = CHECK_IMPORT;
    for (unsigned i = 0; i < n && verdict == CHECK_IMPORT; i++)
        verdict = check_record(export->rules, &export->layout, export->checked_at, &records[i], reject);
    return verdict;
}

/* Of an object of a list: all of them are checked before the first is sent. */
static bool list_check(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    return records_check(context, records, n, reject) != CHECK_REJECT;
}

static bool list_put(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    struct export *export = context;
    enum check_verdict verdict = records_check(export, records, n, reject);
    for (unsigned i = 0; i < n && verdict == CHECK_IMPORT; i++)
        record_put(export, &records[i]);
    if (verdict == CHECK_TOO_OLD) export->too_old++;
    return true;
}

/* The records of an entry that may be counted, as flows; one that may not is reported or counted. */
static int entry_export(void *context, int64_t position, const char *text, size_t len) {
    struct export *export = context;
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    (void)position;
    int n = entry_decode(export->decoder, ENTRY_ANY, text, len, records, &reject);
    if (n == ENTRY_IS_LIST && entry_decode_list(export->decoder, text, len, list_check, export, &reject) &&
        entry_decode_list(export->decoder, text, len, list_put, export, &reject))
        return export->code;
    enum check_verdict verdict = n > 0 ? records_check(export, records, (unsigned)n, &reject) : CHECK_REJECT;
    for (int i = 0; i < n && verdict == CHECK_IMPORT; i++)
        record_put(export, &records[i]);
    if (verdict == CHECK_TOO_OLD) export->too_old++;
    if (verdict != CHECK_REJECT) return export->code;
    char *why = mem_printf("rejected: %s %s", reject_texts[reject.reason].token, reject.field);
    int code = entries_reject(export->entries, why);
    free(why);
    return code;
}

/* --- files --- */

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    struct export *export = context;
    if (export->code == EXIT_DONE) flow_put(export, 1 + rule, flow);
}

static int file_export(struct export *export, const struct command_call *call, const char *path) {
    const struct entries_handler handler = {export, entry_export, NULL};
    struct entries *entries = entries_open(call, path, false);
    if (!entries) return EXIT_FAILED;
    struct contents *capture = entries_file_capture(entries);
    int code;
    export->path = path;
    export->entries = entries;
    if (capture) {
        code = captures_flows(call, capture, 0, on_flow, export, &export->damaged);
        if (code == EXIT_DONE) code = export->code;
    } else if (call->config->capture.sampling > 1) {
        /* Collectors get the sampling rate of all that we send. */
        code = command_fail(EXIT_USAGE, "%s: contains entries, whose counts are complete: sampling must be 1", path);
    } else {
        code = entries_read(entries, 0, &handler);
    }
    export->rejected += entries->refused;
    entries->refused = 0; /* it is said at the end, of all files */
    return entries_close(entries, code);
}

/* What is left goes; then what went wrong is told. */
static int export_end(struct export *export) {
    exporter_flush(export->exporter);
    int code = backlog_wait(export, 0);
    event_base_loop(export->base, EVLOOP_NONBLOCK); /* what the last message met with */
    struct buffer problems = BUFFER_INIT;
    exporter_problems(export->exporter, &problems);
    if (problems.len > 0) {
        fwrite(problems.data, 1, problems.len, stderr);
        code = EXIT_FAILED;
    }
    buffer_release(&problems);
    if (exporter_lost(export->exporter) > 0)
        code = command_fail(EXIT_FAILED, "%" PRIu64 " flows could not be sent", exporter_lost(export->exporter));
    return code;
}

static int files_export(struct export *export, const struct command_call *call) {
    int code = EXIT_DONE;
    for (int i = 0; i < call->n_operands && code == EXIT_DONE; i++)
        code = file_export(export, call, call->operands[i]);
    if (code == EXIT_DONE) code = export_end(export);
    printf("%" PRIu64 " flows sent; %" PRIu64 " entries too old, %" PRIu64 " rejected\n", export->flows,
           export->too_old, export->rejected);
    return code == EXIT_DONE && (export->rejected > 0 || export->damaged > 0) ? EXIT_REJECTED : code;
}

static int exporter_run(struct export *export, const struct command_call *call, const struct meter_rules *rules) {
    struct error error;
    struct exporter_config exporter;
    for (unsigned i = 0; i < rules->n; i++)
        export->templates[1 + i] = rules->rules[i].fields;
    capture_options_exporter(call->config, export->templates, 1 + rules->n, &export->clock, &exporter);
    export->base = event_base_new();
    export->patience = evtimer_new(export->base, on_patience, export);
    export->exporter = exporter_new(export->base, &exporter, &error);
    export->decoder = entry_decoder_new(&export->layout);
    int code = export->exporter ? files_export(export, call) : command_fail(EXIT_FAILED, "%s", error.text);
    entry_decoder_free(export->decoder);
    exporter_free(export->exporter);
    event_free(export->patience);
    event_base_free(export->base);
    return code;
}

int command_export(const struct command_call *call) {
    struct export export = {.clock = {flow_time},
                            .code = EXIT_DONE,
                            .rules = &call->pipeline->importer.rules,
                            .checked_at = clock_now(&clock_system)};
    struct meter_rules rules;
    struct meter_config unused;
    struct error error;
    if (call->n_operands == 0 || !call->config->export.collectors) return command_usage(call);
    int code = entry_template(&export, call->config);
    if (code != EXIT_DONE) return code;
    /* A name that is wrong is better said now than waited for. */
    if (exporter_find(call->config->export.collectors, &error) != 0) return command_fail(EXIT_FAILED, "%s", error.text);
    capture_options_meter(call->config, &rules, &unused);
    code = exporter_run(&export, call, &rules);
    meter_rules_release(&rules);
    return code;
}
