/* The generations of a backfill or a migration, and the tries when the store is away. */
#include "tool/chunks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/log.h"

enum { STORE_TRIES = 10 };

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

int chunks_end(struct chunks *chunks) {
    struct backoff backoff = {.first_ms = 100, .max_ms = chunks->call->config->queue.retry_max_ms};
    if (!chunks->writing) return EXIT_DONE;
    for (int tries = 1;; tries++) {
        const struct writer_job *job = writer_wait(chunks->writer);
        if (job->status == STORE_OK) break;
        if (job->status == STORE_TAKEN)
            return command_fail(EXIT_FAILED, "%s: the same contents are being imported by another process",
                                chunks->source);
        if (job->status == STORE_REFUSED || tries == STORE_TRIES)
            return command_fail(EXIT_FAILED, "%s", job->error.text);
        int64_t wait = backoff_failed(&backoff);
        log_warning("store", "%s; trying again in %" PRId64 " ms", job->error.text, wait);
        usleep((useconds_t)(wait * 1000));
        writer_submit(chunks->writer, &chunks->job);
    }
    const struct ledger_row *ledger = &chunks->writing->ledger;
    chunks->sum.entries += ledger->entries;
    chunks->sum.imported += ledger->imported;
    chunks->sum.too_old += ledger->too_old;
    chunks->sum.rejected += ledger->rejected;
    chunks->sum.flows += ledger->flows;
    for (unsigned i = 0; i < FLOW_SUMS_MAX; i++) {
        chunks->sum.sums[i] += ledger->sums[i];
        chunks->folder.headroom[i] = INT64_MAX - chunks->job.totals[i];
    }
    chunks->writing = NULL;
    return EXIT_DONE;
}

int chunks_write(struct chunks *chunks, int64_t claim, int64_t position) {
    int code = chunks_end(chunks);
    if (code != EXIT_DONE) return code;
    chunks->folding->ledger.claim = claim;
    chunks->folding->ledger.position = position;
    chunks->writing = chunks->folding;
    chunks->job = (struct writer_job){.kind = WRITER_COMMIT, .generation = chunks->writing};
    writer_submit(chunks->writer, &chunks->job);
    chunks->folding = chunks->folding == &chunks->generations[0] ? &chunks->generations[1] : &chunks->generations[0];
    chunks->id.generation++;
    generation_start(chunks->folding, &chunks->id);
    return EXIT_DONE;
}

void chunks_refuse(struct chunks *chunks, enum reject_reason reason) {
    chunks->folding->reasons[reason]++;
    chunks->folding->ledger.entries++;
    chunks->folding->ledger.rejected++;
}

void chunks_open(struct chunks *chunks, const struct command_call *call, const struct schema *schema,
                 const struct check_rules *rules, const struct generation_id *first, const char *source) {
    const struct importer_config *importer = &call->pipeline->importer;
    const struct flow_layout *layout = &call->config->layout;
    *chunks = (struct chunks){.call = call, .source = source, .id = *first, .folding = &chunks->generations[0]};
    chunks->writer = writer_new(&importer->store, layout, schema, &clock_system);
    folder_init(&chunks->folder, layout, rules);
    for (unsigned i = 0; i < 2; i++)
        generation_init(&chunks->generations[i], cache_new(layout, schema, importer->cache_memory / 2, importer->seed));
    generation_start(chunks->folding, &chunks->id);
}

void chunks_close(struct chunks *chunks) {
    writer_free(chunks->writer);
    folder_release(&chunks->folder);
    for (unsigned i = 0; i < 2; i++)
        generation_release(&chunks->generations[i]);
}
