/* The generations of a backfill or a migration: a source for the committer that may block. */
#include "tool/chunks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "flow/sum.h"

static int progress_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct chunks_progress *progress = context;
    (void)n, (void)lengths;
    progress->found = true;
    progress->generation = strtoll(columns[0], NULL, 10);
    progress->claim = strtoll(columns[1], NULL, 10);
    progress->position = strtoll(columns[2], NULL, 10);
    progress->entries = strtoll(columns[3], NULL, 10);
    return 1;
}

int chunks_find(struct store *store, const char *consumer, struct chunks_progress *progress) {
    static const char sql[] =
        "SELECT generation, claim, position, (SELECT SUM(entries) FROM import_ledger WHERE consumer = ?) "
        "FROM import_ledger WHERE consumer = ? ORDER BY generation DESC LIMIT 1";
    struct store_param params[] = {store_text(consumer), store_text(consumer)};
    struct error error;
    *progress = (struct chunks_progress){.found = false};
    enum store_status status = store_query(store, sql, params, 2, progress_read, progress, &error);
    return status == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

static void commit_count(struct chunks *chunks, const struct ledger_row *ledger) {
    struct ledger_row *sum = &chunks->sum;
    sum->entries += ledger->entries;
    sum->imported += ledger->imported;
    sum->too_old += ledger->too_old;
    sum->rejected += ledger->rejected;
    sum->flows = sum_add(sum->flows, ledger->flows);
    for (unsigned i = 0; i < FLOW_SUMS_MAX; i++)
        sum->sums[i] += ledger->sums[i];
}

static void on_told(void *context, const struct committer_news *news) {
    struct chunks *chunks = context;
    switch (news->event) {
    case COMMITTER_COMMITTED:
        commit_count(chunks, news->ledger);
        chunks->last = *news->ledger;
        chunks->last.id.generation++;
        committer_release(chunks->committer);
        break;
    case COMMITTER_TAKEN:
        chunks->code =
            command_fail(EXIT_FAILED, "%s: the same contents are being imported by another process", chunks->source);
        break;
    case COMMITTER_TOO_LARGE:
        chunks->too_large = true;
        snprintf(chunks->why, sizeof chunks->why, "%s", news->why);
        chunks->code = EXIT_FAILED;
        break;
    case COMMITTER_FAILED: chunks->code = command_fail(EXIT_FAILED, "%s", news->why); break;
    case COMMITTER_READY:
    case COMMITTER_OVERLAPS: /* no queue has counted them */
    case COMMITTER_KNOWS:
    case COMMITTER_FOUND:
    case COMMITTER_LEFT:
    case COMMITTER_GAP:
    case COMMITTER_FLUSH: break;
    }
}

int chunks_end(struct chunks *chunks) {
    while (chunks->code == EXIT_DONE && !committer_is_free(chunks->committer))
        event_base_loop(chunks->base, EVLOOP_ONCE);
    return chunks->code;
}

int chunks_write(struct chunks *chunks, int64_t claim, int64_t position) {
    int code = chunks_end(chunks);
    if (code != EXIT_DONE) return code;
    chunks->folding->ledger.claim = claim;
    chunks->folding->ledger.position = position;
    chunks->rejected += chunks->folding->ledger.rejected;
    committer_hand_over(chunks->committer, FLUSH_FULL);
    chunks->folding = committer_folding(chunks->committer);
    chunks->id.generation++;
    generation_start(chunks->folding, &chunks->id);
    return EXIT_DONE;
}

uint64_t chunks_entries_max(const struct chunks *chunks) { return committer_entries_max(chunks->committer); }

void chunks_again(struct chunks *chunks) {
    chunks->too_large = false;
    chunks->code = EXIT_DONE;
    chunks->rejected = chunks->sum.rejected;
    chunks->id = chunks->last.id;
    generation_start(chunks->folding, &chunks->id);
}

void chunks_refuse(struct chunks *chunks, enum reject_reason reason) {
    chunks->folding->reasons[reason]++;
    chunks->folding->ledger.entries++;
    chunks->folding->ledger.rejected++;
}

int chunks_open(struct chunks *chunks, const struct command_call *call, const struct schema *schema,
                const struct check_rules *rules, const struct ledger_row *first, const char *source) {
    *chunks = (struct chunks){
        .source = source, .config = call->pipeline->importer, .id = first->id, .last = *first, .code = EXIT_DONE};
    chunks->config.rules = *rules;
    chunks->base = event_base_new();
    chunks->committer = committer_new(chunks->base, &chunks->config, &call->config->layout, schema, &clock_system,
                                      PATIENCE_BOUNDED, on_told, chunks);
    chunks->folder = committer_folder(chunks->committer);
    chunks->folding = committer_folding(chunks->committer);
    generation_start(chunks->folding, &chunks->id);
    committer_start(chunks->committer, false, false);
    return chunks_end(chunks);
}

void chunks_close(struct chunks *chunks) {
    committer_free(chunks->committer);
    event_base_free(chunks->base);
}
