/* Files into the store, without a queue: the generation is (identity of the contents, chunk), so nothing is added
 * twice. */
#include "tool/backfill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/chunks.h"
#include "tool/entries_open.h"

struct backfill {
    const char *path;
    struct entries *entries;
    struct chunks chunks;
    int64_t now;
    int64_t position; /* behind the last record that was counted */
    bool failed;      /* the store takes nothing more */
};

/* The reason, field and value of the last refused entry. */
static int entry_reject(struct backfill *backfill) {
    const struct generation *generation = backfill->chunks.folding;
    size_t start = generation->n_rejects > 1 ? generation->reject_ends[generation->n_rejects - 2] : 0;
    const char *element = generation->rejects.data + start;
    char *why = mem_printf("rejected: %.*s", (int)strcspn(element, "\n"), element);
    int code = entries_reject(backfill->entries, why);
    free(why);
    return code;
}

static int generation_write(struct backfill *backfill) {
    int code = chunks_write(&backfill->chunks, backfill->entries->way, backfill->position);
    backfill->failed = code != EXIT_DONE;
    return code;
}

static int room_make(struct backfill *backfill) {
    const struct chunks *chunks = &backfill->chunks;
    bool full = chunks->folding->ledger.entries >= chunks_entries_max(chunks);
    return full ? generation_write(backfill) : EXIT_DONE;
}

static int entry_fold(void *context, int64_t position, const char *text, size_t len) {
    struct backfill *backfill = context;
    struct chunks *chunks = &backfill->chunks;
    int code = room_make(backfill);
    for (int attempt = 0; attempt < 2 && code == EXIT_DONE; attempt++) {
        size_t rejects = chunks->folding->n_rejects;
        if (fold_entry(chunks->folder, chunks->folding, backfill->now, text, len) != FOLD_FULL) {
            backfill->position = position;
            return chunks->folding->n_rejects > rejects ? entry_reject(backfill) : EXIT_DONE;
        } /* END says nothing in a file */
        code = generation_write(backfill);
    }
    if (code != EXIT_DONE) return code;
    return command_fail(EXIT_FAILED, "%s:%" PRId64 ": the flow alone is larger than cache_memory allows",
                        backfill->path, backfill->entries->number);
}

static int record_refuse(void *context, int64_t position, enum reject_reason reason) {
    struct backfill *backfill = context;
    int code = room_make(backfill);
    if (code != EXIT_DONE) return code;
    chunks_refuse(&backfill->chunks, reason);
    backfill->position = position;
    return EXIT_DONE;
}

/* With what is committed behind it, and smaller generations. Standard input can't be opened again. */
static int begin_again(struct backfill *backfill, const struct command_call *call) {
    struct chunks *chunks = &backfill->chunks;
    chunks_again(chunks);
    if (strcmp(backfill->path, "-") == 0)
        return command_fail(EXIT_FAILED, "%s; smaller transactions: --claim-entries", chunks->why);
    struct entries *fresh =
        entries_continue(entries_open(call, backfill->path, true), backfill->entries, chunks->sum.rejected);
    if (!fresh) return EXIT_FAILED;
    backfill->entries = fresh;
    backfill->position = chunks->last.position;
    backfill->failed = false;
    return EXIT_DONE;
}

/* Writes what is left, also of what can't be read to its end. */
static int entries_fold(struct backfill *backfill) {
    const struct entries_handler handler = {backfill, entry_fold, record_refuse};
    int code = entries_read(backfill->entries, backfill->position, &handler), written = EXIT_DONE;
    if (backfill->failed) return code;
    if (!generation_is_empty(backfill->chunks.folding)) written = generation_write(backfill);
    if (written == EXIT_DONE) written = chunks_end(&backfill->chunks);
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
static int begin_find(struct backfill *backfill, const struct command_call *call, struct ledger_row *first) {
    struct chunks_progress progress;
    int code = progress_find(call, first->id.consumer, &progress);
    if (code != EXIT_DONE || !progress.found) return code;
    if (progress.claim != backfill->entries->way)
        return command_fail(EXIT_FAILED,
                            "%s: %" PRId64 " flows were imported before with other [capture] options, or by another "
                            "version; --again imports all of them",
                            backfill->path, progress.entries);
    first->id.generation = progress.generation + 1;
    first->position = backfill->position = progress.position;
    fprintf(stderr,
            "%s: the first %" PRId64 " %s (%" PRId64 " entries) were already imported; --again imports them again\n",
            backfill->path, entries_count(backfill->entries, progress.position), backfill->entries->source->unit,
            progress.entries);
    return EXIT_DONE;
}

static int import_run(struct backfill *backfill, const struct command_call *call) {
    const struct pipeline *pipeline = call->pipeline;
    struct ledger_row first = {.claim = 0};
    int code = entries_identify(backfill->entries);
    if (code != EXIT_DONE) return code;
    const char *identity = backfill->entries->identity;
    snprintf(first.id.consumer, sizeof first.id.consumer, "file:%s", identity);
    if (call->options->again)
        snprintf(first.id.consumer, sizeof first.id.consumer, "file:%s:%" PRId64, identity,
                 clock_now_us(&clock_system));
    code = begin_find(backfill, call, &first);
    if (code != EXIT_DONE) return code;
    code = chunks_open(&backfill->chunks, call, &pipeline->schema, &pipeline->importer.rules, &first, backfill->path);
    if (code == EXIT_DONE) code = entries_fold(backfill);
    while (backfill->chunks.too_large) {
        code = begin_again(backfill, call);
        if (code == EXIT_DONE) code = entries_fold(backfill);
    }
    chunks_close(&backfill->chunks);
    return code;
}

int backfill_file(const struct command_call *call, const char *path) {
    struct backfill backfill = {.path = path, .now = clock_now(&clock_system)};
    const struct ledger_row *sum = &backfill.chunks.sum;
    backfill.entries = entries_open(call, path, true);
    if (!backfill.entries) return EXIT_FAILED;
    int code = import_run(&backfill, call);
    if (code == EXIT_DONE)
        printf("%s: %" PRIu64 " entries: %" PRIu64 " imported, %" PRIu64 " too old, %" PRIu64 " rejected\n", path,
               sum->entries, sum->imported, sum->too_old, sum->rejected);
    if (sum->too_old > 0) fprintf(stderr, "%s: max_flow_age drops old flows; --max-flow-age 0 keeps them\n", path);
    return entries_close(backfill.entries, code);
}
