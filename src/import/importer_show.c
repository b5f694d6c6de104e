/* The importer as a person or a monitor sees it. */
#include "import/counters.h"
#include "import/importer_impl.h"

static const char *const recoveries[] = {
    [RECOVERY_NONE] = "none",   [RECOVERY_DUE] = "due",           [RECOVERY_FINDING] = "finding",
    [RECOVERY_FOUND] = "found", [RECOVERY_ADOPTING] = "adopting", [RECOVERY_REPLAYING] = "replaying",
};

static void batch_look(const struct batch *batch, struct counters_held *held) {
    if (!batch || batch->committed || batch->generation.recount) return;
    held->entries += batch->generation.ledger.entries;
    for (size_t i = 0; i < batch->n_claims; i++)
        if (batch->claims[i].len != 0 && batch->claims[i].epoch < held->oldest) held->oldest = batch->claims[i].epoch;
}

static struct counters_held held_find(const struct importer *importer) {
    struct counters_held held = {.oldest = INT64_MAX};
    batch_look(importer->folding, &held);
    batch_look(importer->writing, &held);
    bool old = importer->recovery == RECOVERY_FINDING || importer->recovery == RECOVERY_ADOPTING;
    for (size_t i = 0; old && i < importer->n_old; i++)
        if (importer->old[i].epoch < held.oldest) held.oldest = importer->old[i].epoch;
    for (unsigned i = 0; i < 2; i++) {
        const struct batch *batch = &importer->batches[i];
        bool away = batch == importer->writing;
        held.bytes += away ? batch->bytes : cache_used(batch->generation.cache);
        held.rows += away ? batch->rows : cache_row_count(batch->generation.cache);
    }
    return held;
}

void importer_show(const struct importer *importer, struct show *show) {
    struct counters_held held = held_find(importer);
    counters_show(&importer->counters, importer->config, &importer->folder, &held, clock_now(importer->clock), show);
    show_bool(show, "folding", importer->folding && batch_has_content(importer->folding));
    show_bool(show, "writing", importer->writing && !importer->writing->committed);
    show_text(show, "recovery", recoveries[importer->recovery]);
    show_bool(show, "stopping", importer->stopping);
    consumer_show(importer->consumer, show);
    writer_show(importer->writer, show);
    writer_retention_show(importer->writer, show);
}

void importer_problems(const struct importer *importer, struct buffer *out) {
    struct counters_held held = held_find(importer);
    consumer_problems(importer->consumer, out);
    writer_problems(importer->writer, out);
    counters_problems(importer->config, &held, clock_now(importer->clock), out);
}
