/* Files into the store, without a queue: the generation is (identity of the contents, chunk), so nothing is added
 * twice. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/log.h"
#include "import/fold.h"
#include "import/writer.h"
#include "input/lines.h"
#include "prog/command.h"

enum {
    REPORTED_MAX = 10,    /* rejected lines that are shown one by one */
    SHOW_EVERY = 1 << 14, /* lines between two looks at the progress */
    STORE_TRIES = 10,
};

struct backfill {
    const struct command_call *call;
    const char *path;
    struct lines *lines;
    struct writer *writer;
    struct writer_job job;
    struct folder folder;
    struct generation generations[2];
    struct generation *folding, *writing; /* the writing one may be NULL */
    char consumer[128];
    int64_t now, line, chunk, start; /* start: bytes that earlier runs have imported */
    struct ledger_row sum;           /* of what this run has committed */
};

/* --- the store --- */

struct resume {
    bool found;
    int64_t chunk, position, entries;
};

static int resume_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct resume *resume = context;
    (void)n;
    (void)lengths;
    if (!columns[0]) return 0;
    resume->found = true;
    resume->chunk = strtoll(columns[0], NULL, 10);
    resume->position = strtoll(columns[1], NULL, 10);
    resume->entries = strtoll(columns[2], NULL, 10);
    return 0;
}

/* How far earlier runs have come with the same contents. */
static int resume_find(const struct backfill *backfill, struct resume *resume) {
    const struct pipeline *pipeline = backfill->call->pipeline;
    struct store_param consumer = {
        .type = STORE_PARAM_TEXT, .bytes = backfill->consumer, .len = strlen(backfill->consumer)};
    struct store *store;
    struct error error;
    *resume = (struct resume){.found = false};
    enum store_status status = store_open(&store, &pipeline->importer.store, &pipeline->schema, &error);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    status =
        store_query(store, "SELECT MAX(generation), MAX(position), SUM(entries) FROM import_ledger WHERE consumer = ?",
                    &consumer, 1, resume_row, resume, &error);
    store_close(store);
    return status == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

/* Waits for the generation being written; tries again while that can help. */
static int write_end(struct backfill *backfill) {
    struct backoff backoff = {.first_ms = 100, .max_ms = backfill->call->config->queue.retry_max_ms};
    if (!backfill->writing) return EXIT_DONE;
    for (int tries = 1;; tries++) {
        const struct writer_job *job = writer_wait(backfill->writer);
        if (job->status == STORE_OK) break;
        if (job->status == STORE_TAKEN)
            return command_fail(EXIT_FAILED, "%s: the same contents are being imported by another process",
                                backfill->path);
        if (job->status == STORE_REFUSED || tries == STORE_TRIES)
            return command_fail(EXIT_FAILED, "%s", job->error.text);
        int64_t wait = backoff_failed(&backoff);
        log_warning("store", "%s; trying again in %" PRId64 " ms", job->error.text, wait);
        usleep((useconds_t)(wait * 1000));
        writer_submit(backfill->writer, &backfill->job);
    }
    const struct ledger_row *ledger = &backfill->writing->ledger;
    backfill->sum.entries += ledger->entries;
    backfill->sum.imported += ledger->imported;
    backfill->sum.too_old += ledger->too_old;
    backfill->sum.rejected += ledger->rejected;
    for (unsigned i = 0; i < FLOW_SUMS_MAX; i++)
        backfill->folder.headroom[i] = INT64_MAX - backfill->job.totals[i];
    backfill->writing = NULL;
    return EXIT_DONE;
}

static void generation_open(struct backfill *backfill) {
    struct generation_id id = {.generation = backfill->chunk++};
    snprintf(id.consumer, sizeof id.consumer, "%s", backfill->consumer);
    backfill->folding =
        backfill->folding == &backfill->generations[0] ? &backfill->generations[1] : &backfill->generations[0];
    generation_start(backfill->folding, &id);
}

/* The generation goes to the writer, `position` bytes into the contents; the next one can be filled meanwhile. */
static int write_begin(struct backfill *backfill, int64_t position) {
    int code = write_end(backfill);
    if (code != EXIT_DONE) return code;
    backfill->folding->ledger.position = position;
    backfill->writing = backfill->folding;
    backfill->job = (struct writer_job){.kind = WRITER_COMMIT, .generation = backfill->writing};
    writer_submit(backfill->writer, &backfill->job);
    generation_open(backfill);
    return EXIT_DONE;
}

/* --- the lines --- */

static void reject_report(const struct backfill *backfill, const struct generation *generation) {
    uint64_t n = backfill->sum.rejected + (backfill->writing ? backfill->writing->ledger.rejected : 0) +
                 generation->ledger.rejected;
    size_t start = generation->n_rejects > 1 ? generation->reject_ends[generation->n_rejects - 2] : 0;
    const char *element = generation->rejects.data + start;
    if (n > REPORTED_MAX) return;
    fprintf(stderr, "%s:%" PRId64 ": rejected: %.*s\n", backfill->path, backfill->line, (int)strcspn(element, "\n"),
            element);
    if (n == REPORTED_MAX) fprintf(stderr, "%s: more rejected lines are counted, not shown\n", backfill->path);
}

static int line_fold(struct backfill *backfill, const char *text, size_t len, int64_t before) {
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t rejects = backfill->folding->n_rejects;
        enum fold_verdict verdict = FOLD_FULL;
        if (backfill->folding->ledger.entries < backfill->call->config->queue.claim_entries)
            verdict = fold_entry(&backfill->folder, backfill->folding, backfill->now, text, len);
        if (verdict != FOLD_FULL) {
            if (backfill->folding->n_rejects > rejects) reject_report(backfill, backfill->folding);
            return EXIT_DONE; /* END says nothing in a file */
        }
        int code = write_begin(backfill, before);
        if (code != EXIT_DONE) return code;
    }
    return command_fail(EXIT_FAILED, "%s:%" PRId64 ": the flow alone is larger than cache_memory allows",
                        backfill->path, backfill->line);
}

static void progress_show(const struct backfill *backfill, bool last) {
    enum { WIDTH = 40 };
    double done = lines_progress(backfill->lines);
    int full = (int)(done * WIDTH);
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r%s [%.*s%*s] %3d %%, %" PRId64 " lines%s", backfill->path, full,
            "########################################", WIDTH - full, "", (int)(done * 100), backfill->line,
            last ? "\n" : "");
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
        if (++backfill->line % SHOW_EVERY == 0) progress_show(backfill, false);
        if (len > 0) code = line_fold(backfill, text, len, before);
        if (code != EXIT_DONE) return code;
    }
    if (more < 0) command_fail(EXIT_FAILED, "%s", error.text);
    if (backfill->folding->ledger.entries > 0) code = write_begin(backfill, lines_position(backfill->lines));
    if (code == EXIT_DONE) code = write_end(backfill);
    progress_show(backfill, true);
    return more < 0 ? EXIT_FAILED : code;
}

/* --- the file --- */

static int import_run(struct backfill *backfill) {
    const struct command_call *call = backfill->call;
    const struct pipeline *pipeline = call->pipeline;
    char identity[33];
    struct resume resume;
    struct error error;
    if (lines_identity(backfill->lines, identity, &error) != 0) return command_fail(EXIT_FAILED, "%s", error.text);
    snprintf(backfill->consumer, sizeof backfill->consumer, "file:%s", identity);
    if (call->options->again)
        snprintf(backfill->consumer, sizeof backfill->consumer, "file:%s:%" PRId64, identity,
                 clock_now_us(&clock_system));
    int code = resume_find(backfill, &resume);
    if (code != EXIT_DONE) return code;
    if (resume.found) {
        backfill->chunk = resume.chunk + 1;
        if (lines_seek(backfill->lines, resume.position, &error) != 0)
            return command_fail(EXIT_FAILED, "%s", error.text);
        fprintf(stderr,
                "%s: its first %" PRId64 " bytes (%" PRId64
                " entries) have been imported before; --again imports them again\n",
                backfill->path, resume.position, resume.entries);
    }
    backfill->writer = writer_new(&pipeline->importer.store, &call->config->layout, &pipeline->schema, &clock_system);
    folder_init(&backfill->folder, &call->config->layout, &pipeline->importer.rules);
    for (unsigned i = 0; i < 2; i++)
        generation_init(&backfill->generations[i],
                        cache_new(&call->config->layout, &pipeline->schema, pipeline->importer.cache_memory / 2,
                                  pipeline->importer.seed));
    generation_open(backfill);
    code = lines_fold(backfill);
    writer_free(backfill->writer);
    folder_release(&backfill->folder);
    for (unsigned i = 0; i < 2; i++)
        generation_release(&backfill->generations[i]);
    return code;
}

int backfill_file(const struct command_call *call, const char *path) {
    struct backfill backfill = {.call = call, .path = path, .now = clock_now(&clock_system)};
    struct error error;
    backfill.lines = lines_open(path, &error);
    if (!backfill.lines) return command_fail(EXIT_FAILED, "%s", error.text);
    int code = import_run(&backfill);
    lines_close(backfill.lines);
    if (code == EXIT_FAILED) return code;
    printf("%s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n", path,
           backfill.sum.entries, backfill.sum.imported, backfill.sum.too_old, backfill.sum.rejected);
    if (backfill.sum.rejected > 0)
        fprintf(stderr, "%s: %" PRIu64 " entries were rejected\n", path, backfill.sum.rejected);
    if (backfill.sum.too_old > 0)
        fprintf(stderr, "%s: max_flow_age drops old flows; --max-flow-age 0 keeps them\n", path);
    return backfill.sum.rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}
