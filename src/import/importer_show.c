/* The importer as a person or a monitor sees it. */
#include <inttypes.h>

#include "import/importer_impl.h"

enum { LAG_GRACE = 60 }; /* seconds beyond two intervals that entries may wait for their commit */

static const char *const causes[FLUSH_CAUSES] = {
    [FLUSH_INTERVAL] = "interval", [FLUSH_FULL] = "full", [FLUSH_SIGNAL] = "signal",
    [FLUSH_END] = "end",           [FLUSH_STOP] = "stop", [FLUSH_RECOVERY] = "recovery",
};

static const char *const recoveries[] = {
    [RECOVERY_NONE] = "none",   [RECOVERY_DUE] = "due",           [RECOVERY_FINDING] = "finding",
    [RECOVERY_FOUND] = "found", [RECOVERY_ADOPTING] = "adopting", [RECOVERY_REPLAYING] = "replaying",
};

/* What is taken and not yet committed: entries and, of its claims, the epoch of the oldest. */
struct uncommitted {
    uint64_t entries;
    int64_t oldest; /* INT64_MAX: nothing is */
};

static void batch_look(const struct batch *batch, struct uncommitted *found) {
    if (!batch || batch->committed || batch->generation.recount) return;
    found->entries += batch->generation.ledger.entries;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].len != 0 && batch->claims[i].epoch < found->oldest) found->oldest = batch->claims[i].epoch;
}

static struct uncommitted uncommitted_find(const struct importer *importer) {
    struct uncommitted found = {.oldest = INT64_MAX};
    batch_look(importer->folding, &found);
    batch_look(importer->writing, &found);
    bool old = importer->recovery == RECOVERY_FINDING || importer->recovery == RECOVERY_ADOPTING;
    for (size_t i = 0; old && i < importer->n_old; i++)
        if (importer->old[i].epoch < found.oldest) found.oldest = importer->old[i].epoch;
    return found;
}

/* Seconds since the oldest uncommitted entry was taken; 0 where there is none, or the clock was set back. */
static uint64_t lag(const struct importer *importer, const struct uncommitted *found) {
    int64_t now = clock_now(importer->clock);
    return found->oldest < now ? (uint64_t)(now - found->oldest) : 0;
}

void importer_show(const struct importer *importer, struct show *show) {
    const struct importer_counters *counters = &importer->counters;
    struct uncommitted found = uncommitted_find(importer);
    size_t bytes = 0, rows = 0;
    for (unsigned i = 0; i < 2; i++) {
        const struct batch *batch = &importer->batches[i];
        bool away = batch == importer->writing;
        bytes += away ? batch->bytes : cache_used(batch->generation.cache);
        rows += away ? batch->rows : cache_row_count(batch->generation.cache);
    }
    show_module(show, "import");
    show_family(show, SHOW_COUNTER, "entries_total", "outcome", "Entries committed, by outcome.");
    show_member(show, "imported", counters->imported);
    show_member(show, "too_old", counters->too_old);
    show_member(show, "rejected", counters->rejected);
    show_family(show, SHOW_COUNTER, "rejected_total", "reason", "Entries committed as rejected, by reason.");
    for (unsigned i = 0; i < REJECT_REASONS; i++)
        show_member(show, reject_texts[i].token, counters->reasons[i]);
    show_counter(show, "unknown_names_total", "Names in entries that are no information element, and were ignored.",
                 entry_decoder_counters(importer->folder.decoder)->unknown_names);
    show_counter(show, "generations_total", "Generations committed.", counters->generations);
    show_counter(show, "lost_races_total", "Generations that another consumer had committed already.",
                 counters->lost_races);
    show_family(show, SHOW_COUNTER, "flushes_total", "cause", "Generations handed to the writer, by cause.");
    for (unsigned i = 0; i < FLUSH_CAUSES; i++)
        show_member(show, causes[i], importer->flushes[i]);
    show_gauge(show, "uncommitted_entries", "Entries taken and not yet committed.", found.entries);
    show_gauge(show, "lag_seconds", "Age of the oldest claim with uncommitted entries; 0: there is none.",
               lag(importer, &found));
    show_gauge(show, "last_commit_timestamp_seconds", "When a generation was committed last; 0: none was yet.",
               (uint64_t)counters->last_commit);
    show_gauge(show, "flush_interval_seconds", "The configured flush_interval.",
               (uint64_t)importer->config->flush_interval);
    show_gauge(show, "cache_bytes", "Memory of the sums in use.", bytes);
    show_gauge(show, "cache_limit_bytes", "The most memory that the sums take; half of it for one generation.",
               importer->config->cache_memory);
    show_gauge(show, "cache_rows", "Rows of sums in memory.", rows);
    show_bool(show, "folding", importer->folding && batch_has_content(importer->folding));
    show_bool(show, "writing", importer->writing && !importer->writing->committed);
    show_text(show, "recovery", recoveries[importer->recovery]);
    show_bool(show, "stopping", importer->stopping);
    consumer_show(importer->consumer, show);
    writer_show(importer->writer, show);
    writer_retention_show(importer->writer, show);
}

void importer_problems(const struct importer *importer, struct buffer *out) {
    struct uncommitted found = uncommitted_find(importer);
    uint64_t waited = lag(importer, &found);
    consumer_problems(importer->consumer, out);
    writer_problems(importer->writer, out);
    if (waited > 2 * (uint64_t)importer->config->flush_interval + LAG_GRACE)
        buffer_printf(out,
                      "import: entries have waited %" PRIu64 " s to be committed; flush_interval is %" PRId64 " s\n",
                      waited, importer->config->flush_interval);
}
