/* Files into the store, without a queue: the generation is (identity of the contents, chunk), so nothing is added
 * twice. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "input/lines.h"
#include "prog/chunks.h"

enum {
    REPORTED_MAX = 10,    /* rejected lines that are shown one by one */
    SHOW_EVERY = 1 << 14, /* lines between two looks at the progress */
};

struct backfill {
    const char *path;
    struct lines *lines;
    struct chunks chunks;
    int64_t now, line;
};

static void reject_report(const struct backfill *backfill) {
    const struct chunks *chunks = &backfill->chunks;
    const struct generation *generation = chunks->folding;
    uint64_t n =
        chunks->sum.rejected + (chunks->writing ? chunks->writing->ledger.rejected : 0) + generation->ledger.rejected;
    size_t start = generation->n_rejects > 1 ? generation->reject_ends[generation->n_rejects - 2] : 0;
    const char *element = generation->rejects.data + start;
    if (n > REPORTED_MAX) return;
    fprintf(stderr, "%s:%" PRId64 ": rejected: %.*s\n", backfill->path, backfill->line, (int)strcspn(element, "\n"),
            element);
    if (n == REPORTED_MAX) fprintf(stderr, "%s: more rejected lines are counted, not shown\n", backfill->path);
}

static int line_fold(struct backfill *backfill, const char *text, size_t len, int64_t before) {
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
        int code = chunks_write(chunks, 0, before);
        if (code != EXIT_DONE) return code;
    }
    return command_fail(EXIT_FAILED, "%s:%" PRId64 ": the flow alone is larger than cache_memory allows",
                        backfill->path, backfill->line);
}

static void lines_show(const struct backfill *backfill, bool last) {
    progress_show(backfill->path, lines_progress(backfill->lines), backfill->line, "lines", last);
}

static int lines_fold(struct backfill *backfill) {
    const char *text;
    size_t len;
    struct error error;
    int more, code = EXIT_DONE;
    for (;;) {
        int64_t before = lines_position(backfill->lines);
        more = lines_next(backfill->lines, &text, &len, &error);
        if (more <= 0) break;
        if (++backfill->line % SHOW_EVERY == 0) lines_show(backfill, false);
        if (len > 0) code = line_fold(backfill, text, len, before);
        if (code != EXIT_DONE) return code;
    }
    if (more < 0) command_fail(EXIT_FAILED, "%s", error.text);
    if (!generation_is_empty(backfill->chunks.folding))
        code = chunks_write(&backfill->chunks, 0, lines_position(backfill->lines));
    if (code == EXIT_DONE) code = chunks_end(&backfill->chunks);
    lines_show(backfill, true);
    return more < 0 ? EXIT_FAILED : code;
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

static int import_run(struct backfill *backfill, const struct command_call *call) {
    const struct pipeline *pipeline = call->pipeline;
    struct generation_id id = {.generation = 0};
    char identity[33];
    struct chunks_progress progress;
    struct error error;
    if (lines_identity(backfill->lines, identity, &error) != 0) return command_fail(EXIT_FAILED, "%s", error.text);
    snprintf(id.consumer, sizeof id.consumer, "file:%s", identity);
    if (call->options->again)
        snprintf(id.consumer, sizeof id.consumer, "file:%s:%" PRId64, identity, clock_now_us(&clock_system));
    int code = progress_find(call, id.consumer, &progress);
    if (code != EXIT_DONE) return code;
    if (progress.found) {
        id.generation = progress.generation + 1;
        if (lines_seek(backfill->lines, progress.position, &error) != 0)
            return command_fail(EXIT_FAILED, "%s", error.text);
        fprintf(stderr,
                "%s: its first %" PRId64 " bytes (%" PRId64
                " entries) have been imported before; --again imports them again\n",
                backfill->path, progress.position, progress.entries);
    }
    chunks_open(&backfill->chunks, call, &pipeline->schema, &pipeline->importer.rules, &id, backfill->path);
    code = lines_fold(backfill);
    chunks_close(&backfill->chunks);
    return code;
}

int backfill_file(const struct command_call *call, const char *path) {
    struct backfill backfill = {.path = path, .now = clock_now(&clock_system)};
    const struct ledger_row *sum = &backfill.chunks.sum;
    struct error error;
    backfill.lines = lines_open(path, &error);
    if (!backfill.lines) return command_fail(EXIT_FAILED, "%s", error.text);
    int code = import_run(&backfill, call);
    lines_close(backfill.lines);
    if (code == EXIT_FAILED) return code;
    printf("%s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n", path,
           sum->entries, sum->imported, sum->too_old, sum->rejected);
    if (sum->rejected > 0) fprintf(stderr, "%s: %" PRIu64 " entries were rejected\n", path, sum->rejected);
    if (sum->too_old > 0) fprintf(stderr, "%s: max_flow_age drops old flows; --max-flow-age 0 keeps them\n", path);
    return sum->rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}
