/* From counts to a verdict, and to words that say what is probably wrong. */
#include "import/refusals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const meanings[REJECT_REASONS] = {
    [REJECT_NOT_JSON] = "a producer sends something other than flows",
    [REJECT_NOT_AN_OBJECT] = "a producer sends something other than flows",
    [REJECT_MISSING_FIELD] = "a producer does not send the fields that this importer requires (aggr_sums)",
    [REJECT_WRONG_TYPE] = "a producer's format differs",
    [REJECT_OUT_OF_RANGE] = "a producer's format differs",
    [REJECT_MIXED_FAMILIES] = "a producer's format differs",
    [REJECT_ENDS_BEFORE_START] = "a producer's clock was set back",
    [REJECT_TOO_LONG] = "a producer's times are wrong, or max_flow_duration is too short",
    [REJECT_IN_FUTURE] = "a producer's clock is ahead, or this host's is behind",
    [REJECT_TOO_LARGE] = "a producer's counters are wrong, or max_flow_octets or max_flow_packets is too small",
    [REJECT_TOO_BIG] = "a producer sends something other than flows",
};

enum refusals_verdict refusals_judge(bool bad, uint64_t entries, uint64_t refused, bool ended) {
    if (entries < (ended ? REFUSALS_FEW : REFUSALS_AT_ONCE)) return REFUSALS_AS_BEFORE;
    if (refused > entries / 2) return REFUSALS_BAD;
    return bad && ended && refused <= entries / 4 ? REFUSALS_FINE : REFUSALS_AS_BEFORE;
}

static enum reject_reason reason_find(const struct generation *generation) {
    enum reject_reason most = 0;
    for (enum reject_reason reason = 0; reason < REJECT_REASONS; reason++)
        if (generation->reasons[reason] > generation->reasons[most]) most = reason;
    return most;
}

static void text_make(struct refusals *refusals, const struct generation *generation, uint64_t entries,
                      uint64_t refused) {
    enum reject_reason reason = reason_find(generation);
    const struct reject *example = &generation->examples[reason];
    const struct ledger_row *ledger = &generation->ledger;
    int len = snprintf(refusals->text, sizeof refusals->text, "%" PRIu64 " of %" PRIu64 " entries were refused, ",
                       refused, entries);
    char *to = refusals->text + len;
    size_t size = sizeof refusals->text - (size_t)len;
    if (ledger->too_old > generation->reasons[reason])
        snprintf(to, size,
                 "most as older than max_flow_age; a producer's clock is behind, this host's is ahead, or the entries "
                 "have waited for too long");
    else if (example->field[0])
        snprintf(to, size, "most as %s, such as %s = '%s'; probably %s", reject_texts[reason].token, example->field,
                 example->value, meanings[reason]);
    else
        snprintf(to, size, "most as %s (%s); probably %s", reject_texts[reason].token,
                 example->value[0] ? example->value : reject_texts[reason].sentence, meanings[reason]);
}

void refusals_look(struct refusals *refusals, const struct generation *generation, bool ended) {
    const struct ledger_row *ledger = &generation->ledger;
    if (generation->recount) return; /* it was looked at before */
    uint64_t entries = refusals->entries + ledger->entries;
    uint64_t refused = refusals->refused + ledger->rejected + ledger->too_old;
    bool was_bad = refusals->bad, waits = ended && entries < REFUSALS_FEW;
    switch (refusals_judge(was_bad, entries, refused, ended)) {
    case REFUSALS_BAD:
        refusals->bad = true;
        text_make(refusals, generation, entries, refused);
        if (!was_bad)
            log_error("import", "generation %s/%" PRId64 ": %s", ledger->id.consumer, ledger->id.generation,
                      refusals->text);
        break;
    case REFUSALS_FINE:
        refusals->bad = false;
        log_notice("import", "generation %s/%" PRId64 ": entries are accepted again, all but %" PRIu64 " of %" PRIu64,
                   ledger->id.consumer, ledger->id.generation, refused, entries);
        break;
    case REFUSALS_AS_BEFORE: break;
    }
    if (!ended) return;
    refusals->entries = waits ? entries : 0;
    refusals->refused = waits ? refused : 0;
}

void refusals_show(const struct refusals *refusals, struct show *show) {
    show_gauge(show, "mostly_refused", "Whether most entries of the last generation were rejected or too old.",
               refusals->bad);
    show_text(show, "refusals", refusals->bad ? refusals->text : NULL);
}

void refusals_problems(const struct refusals *refusals, struct buffer *out) {
    if (refusals->bad) buffer_printf(out, "import: %s\n", refusals->text);
}
