/* Files into the store, without a queue: the generation is (identity of the contents, chunk), so nothing is added
 * twice. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "input/lines.h"
#include "prog/capture_options.h"
#include "prog/captures.h"
#include "prog/chunks.h"

enum {
    REPORTED_MAX = 10,    /* rejected entries that are shown one by one */
    SHOW_EVERY = 1 << 14, /* lines between two looks at the progress */
};

struct backfill {
    const char *path;
    struct chunks chunks;
    int64_t now;
    int64_t number; /* of the line, or of the flow */
    int64_t begin;  /* where an earlier run came to: a byte, or a flow */
    int64_t claim;  /* what a position depends on besides the contents: capture_options_fingerprint(), 0 for lines */
};

static void reject_report(const struct backfill *backfill) {
    const struct chunks *chunks = &backfill->chunks;
    const struct generation *generation = chunks->folding;
    uint64_t n =
        chunks->sum.rejected + (chunks->writing ? chunks->writing->ledger.rejected : 0) + generation->ledger.rejected;
    size_t start = generation->n_rejects > 1 ? generation->reject_ends[generation->n_rejects - 2] : 0;
    const char *element = generation->rejects.data + start;
    if (n > REPORTED_MAX) return;
    fprintf(stderr, "%s:%" PRId64 ": rejected: %.*s\n", backfill->path, backfill->number, (int)strcspn(element, "\n"),
            element);
    if (n == REPORTED_MAX) fprintf(stderr, "%s: more rejected entries are counted, not shown\n", backfill->path);
}

static int entry_fold(struct backfill *backfill, const char *text, size_t len, int64_t before) {
    struct chunks *chunks = &backfill->chunks;
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t rejects = chunks->folding->n_rejects;
        enum fold_verdict verdict = FOLD_FULL;
        if (chunks->folding->ledger.entries < chunks->call->config->queue.claim_entries)
            verdict = fold_entry(&chunks->folder, chunks->folding, backfill->now, text, len);
        if (verdict != FOLD_FULL) {
            if (chunks->folding->n_rejects > rejects) reject_report(backfill);
            return EXIT_DONE; /* END says nothing in a file */
        }
        int code = chunks_write(chunks, backfill->claim, before);
        if (code != EXIT_DONE) return code;
    }
    return command_fail(EXIT_FAILED, "%s:%" PRId64 ": the flow alone is larger than cache_memory allows",
                        backfill->path, backfill->number);
}

/* Writes what is left. */
static int fold_end(struct backfill *backfill, int64_t position) {
    int code = EXIT_DONE;
    if (!generation_is_empty(backfill->chunks.folding))
        code = chunks_write(&backfill->chunks, backfill->claim, position);
    return code == EXIT_DONE ? chunks_end(&backfill->chunks) : code;
}

static int lines_fold(struct backfill *backfill, struct lines *lines) {
    const char *text;
    size_t len;
    struct error error;
    int more, code = EXIT_DONE;
    if (backfill->begin > 0 && lines_seek(lines, backfill->begin, &error) != 0)
        return command_fail(EXIT_FAILED, "%s", error.text);
    for (;;) {
        int64_t before = lines_position(lines);
        more = lines_next(lines, &text, &len, &error);
        if (more <= 0) break;
        if (++backfill->number % SHOW_EVERY == 0)
            progress_show(backfill->path, lines_progress(lines), backfill->number, "lines", false);
        if (len > 0) code = entry_fold(backfill, text, len, before);
        if (code != EXIT_DONE) return code;
    }
    if (more < 0) command_fail(EXIT_FAILED, "%s", error.text);
    code = fold_end(backfill, lines_position(lines));
    progress_show(backfill->path, lines_progress(lines), backfill->number, "lines", true);
    return more < 0 ? EXIT_FAILED : code;
}

static int flow_fold(void *context, const char *text, size_t len) {
    struct backfill *backfill = context;
    if (++backfill->number <= backfill->begin) return EXIT_DONE;
    return entry_fold(backfill, text, len, backfill->number - 1);
}

static int flows_fold(struct backfill *backfill, const struct command_call *call, struct contents *contents,
                      uint64_t seed) {
    int code = captures_entries(call, contents, seed, flow_fold, backfill);
    int written = fold_end(backfill, backfill->number);
    return code == EXIT_DONE ? written : code;
}

/* How far earlier runs have come with the same contents. The tables are made if need be. */
static int progress_find(const struct command_call *call, const char *consumer, struct chunks_progress *progress) {
    struct store *store;
    struct error error;
    if (store_open(&store, &call->pipeline->importer.store, &call->pipeline->schema, &error) != STORE_OK)
        return command_fail(EXIT_FAILED, "%s", error.text);
    int code = chunks_find(store, consumer, progress);
    store_close(store);
    return code;
}

/* Where to go on. Flows have numbers only as long as the same are made. */
static int begin_find(struct backfill *backfill, const struct command_call *call, struct generation_id *id) {
    struct chunks_progress progress;
    int code = progress_find(call, id->consumer, &progress);
    if (code != EXIT_DONE || !progress.found) return code;
    if (progress.claim != backfill->claim)
        return command_fail(EXIT_FAILED,
                            "%s: %" PRId64 " of its flows have been imported with other [capture] options, or by "
                            "another version; --again imports all of them",
                            backfill->path, progress.entries);
    id->generation = progress.generation + 1;
    backfill->begin = progress.position;
    fprintf(stderr,
            "%s: its first %" PRId64 " %s (%" PRId64
            " entries) have been imported before; --again imports them again\n",
            backfill->path, progress.position, backfill->claim ? "flows" : "bytes", progress.entries);
    return EXIT_DONE;
}

static int contents_fold(struct backfill *backfill, const struct command_call *call, struct contents *contents,
                         const char *identity) {
    uint64_t seed = 0;
    if (backfill->claim) {
        sscanf(identity, "%16" SCNx64, &seed);
        return flows_fold(backfill, call, contents, seed);
    }
    struct lines *lines = lines_new(contents);
    int code = lines_fold(backfill, lines);
    lines_close(lines);
    return code;
}

static int import_run(struct backfill *backfill, const struct command_call *call, struct contents *contents) {
    const struct pipeline *pipeline = call->pipeline;
    struct generation_id id = {.generation = 0};
    char identity[33];
    struct error error;
    int format = captures_format(call, contents);
    if (format < 0) return EXIT_FAILED;
    if (contents_identity(contents, identity, &error) != 0) return command_fail(EXIT_FAILED, "%s", error.text);
    snprintf(id.consumer, sizeof id.consumer, "file:%s", identity);
    if (call->options->again)
        snprintf(id.consumer, sizeof id.consumer, "file:%s:%" PRId64, identity, clock_now_us(&clock_system));
    if (format == FORMAT_PCAP) backfill->claim = capture_options_fingerprint(call->config);
    int code = begin_find(backfill, call, &id);
    if (code != EXIT_DONE) return code;
    chunks_open(&backfill->chunks, call, &pipeline->schema, &pipeline->importer.rules, &id, backfill->path);
    code = contents_fold(backfill, call, contents, identity);
    chunks_close(&backfill->chunks);
    return code;
}

int backfill_file(const struct command_call *call, const char *path) {
    struct backfill backfill = {.path = path, .now = clock_now(&clock_system)};
    const struct ledger_row *sum = &backfill.chunks.sum;
    struct error error;
    struct contents *contents = contents_open(path, true, &error);
    if (!contents) return command_fail(EXIT_FAILED, "%s", error.text);
    int code = import_run(&backfill, call, contents);
    contents_close(contents);
    if (code == EXIT_FAILED) return code;
    printf("%s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n", path,
           sum->entries, sum->imported, sum->too_old, sum->rejected);
    if (sum->rejected > 0) fprintf(stderr, "%s: %" PRIu64 " entries were rejected\n", path, sum->rejected);
    if (sum->too_old > 0) fprintf(stderr, "%s: max_flow_age drops old flows; --max-flow-age 0 keeps them\n", path);
    return sum->rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}
