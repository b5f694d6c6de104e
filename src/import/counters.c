/* What was committed, and how long the rest has waited. */
#include "import/counters.h"

#include <inttypes.h>

#include "base/log.h"

enum { LAG_GRACE = 60 }; /* seconds beyond two intervals that entries may wait for their commit */

static const char *const causes[FLUSH_CAUSES] = {
    [FLUSH_INTERVAL] = "interval", [FLUSH_FULL] = "full", [FLUSH_SIGNAL] = "signal",
    [FLUSH_END] = "end",           [FLUSH_STOP] = "stop", [FLUSH_RECOVERY] = "recovery",
};

void counters_commit(struct importer_counters *counters, const struct generation *generation) {
    const struct ledger_row *ledger = &generation->ledger;
    counters->entries += ledger->entries;
    counters->imported += ledger->imported;
    counters->too_old += ledger->too_old;
    counters->rejected += ledger->rejected;
    counters->known += generation->known;
    for (unsigned i = 0; i < REJECT_REASONS; i++)
        counters->reasons[i] += generation->reasons[i];
    counters->generations++;
    counters->last_commit = ledger->committed_at;
}

void counters_log(const struct generation *generation) {
    const struct ledger_row *ledger = &generation->ledger;
    log_info("import",
             "generation %s/%" PRId64 ": committed: %" PRIu64 " entries, %" PRIu64 " imported, %" PRIu64
             " too old, %" PRIu64 " rejected",
             ledger->id.consumer, ledger->id.generation, ledger->entries, ledger->imported, ledger->too_old,
             ledger->rejected);
}

/* 0 where there is none, or the clock was set back. */
static uint64_t lag(const struct counters_held *held, int64_t now) {
    return held->oldest < now ? (uint64_t)(now - held->oldest) : 0;
}

void counters_show(const struct importer_counters *counters, const struct importer_config *config,
                   const struct folder *folder, const struct counters_held *held, int64_t now, struct show *show) {
    show_module(show, "import");
    show_family(show, SHOW_COUNTER, "entries_total", "outcome", "Entries committed, by outcome.");
    show_member(show, "imported", counters->imported);
    show_member(show, "too_old", counters->too_old);
    show_member(show, "rejected", counters->rejected);
    show_family(show, SHOW_COUNTER, "rejected_total", "reason", "Entries committed as rejected, by reason.");
    for (unsigned i = 0; i < REJECT_REASONS; i++)
        show_member(show, reject_texts[i].token, counters->reasons[i]);
    show_counter(show, "unknown_names_total", "Unknown names in entries, which were ignored.",
                 entry_decoder_counters(folder->decoder)->unknown_names);
    show_counter(show, "known_total", "Entries dropped because they were counted before: Redis had gone back in time.",
                 counters->known);
    show_counter(show, "generations_total", "Generations committed.", counters->generations);
    show_counter(show, "lost_races_total", "Generations that another consumer had already committed.",
                 counters->lost_races);
    show_family(show, SHOW_COUNTER, "flushes_total", "cause", "Generations handed to the writer, by cause.");
    for (unsigned i = 0; i < FLUSH_CAUSES; i++)
        show_member(show, causes[i], counters->flushes[i]);
    show_gauge(show, "uncommitted_entries", "Entries taken and not yet committed.", held->entries);
    show_gauge(show, "lag_seconds", "Time since the oldest uncommitted entry was taken; 0: there is none.",
               lag(held, now));
    show_gauge(show, "last_commit_timestamp_seconds", "When a generation was last committed; 0: not yet.",
               (uint64_t)counters->last_commit);
    show_gauge(show, "flush_interval_seconds", "The configured flush_interval.", (uint64_t)config->flush_interval);
    show_gauge(show, "cache_bytes", "Memory used for the sums.", held->bytes);
    show_gauge(show, "cache_limit_bytes", "The memory limit for the sums; half of it for one generation.",
               config->cache_memory);
    show_gauge(show, "cache_rows", "Rows of sums in memory.", held->rows);
}

void counters_problems(const struct importer_config *config, const struct counters_held *held, int64_t now,
                       struct buffer *out) {
    uint64_t waited = lag(held, now);
    if (waited > 2 * (uint64_t)config->flush_interval + LAG_GRACE)
        buffer_printf(out,
                      "import: entries have waited %" PRIu64 " s to be committed; flush_interval is %" PRId64 " s\n",
                      waited, config->flush_interval);
}
