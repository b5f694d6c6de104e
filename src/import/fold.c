/* The hot path: an entry's bytes into a generation's sums. */
#include "import/fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "flow/sum.h"

void folder_init(struct folder *folder, const struct flow_layout *layout, const struct check_rules *rules) {
    *folder = (struct folder){.layout = layout, .rules = *rules, .decoder = entry_decoder_new(layout)};
}

void folder_release(struct folder *folder) {
    entry_decoder_free(folder->decoder);
    folder->decoder = NULL;
}

/* The records of one flow: its forward direction decides about the age. */
static enum check_verdict records_check(const struct folder *folder, int64_t now, struct flow_record *records,
                                        unsigned n, struct reject *reject) {
    enum check_verdict verdict = CHECK_IMPORT;
    for (unsigned r = 0; r < n; r++) {
        enum check_verdict one = check_record(&folder->rules, folder->layout, now, &records[r], reject);
        if (one == CHECK_REJECT) return CHECK_REJECT;
        if (r == 0) verdict = one;
    }
    return verdict;
}

static void reject_count(struct generation *generation, const struct reject *reject, int64_t now, const char *text,
                         size_t len) {
    generation_reject(generation, reject, now, text, len);
    if (generation->reasons[reject->reason]++ == 0) generation->examples[reject->reason] = *reject;
    generation->ledger.rejected++;
}

/* A flow of more buckets than the cache has room for when it is empty could never be counted. */
static void oversize_reject(struct generation *generation, uint32_t end, int64_t now, const char *text, size_t len) {
    struct reject reject = {.reason = REJECT_TOO_LONG, .field = "flowEndSeconds"};
    snprintf(reject.value, sizeof reject.value, "%" PRIu32, end);
    reject_count(generation, &reject, now, text, len);
}

static void records_count(const struct flow_layout *layout, struct ledger_row *ledger,
                          const struct flow_record *records, unsigned n, uint64_t flows) {
    for (unsigned r = 0; r < n; r++)
        for (unsigned i = 0; i < layout->n_sums; i++)
            ledger->sums[i] += records[r].sums[i];
    ledger->flows = sum_add(ledger->flows, flows * FLOW_UNIT);
    ledger->imported++;
}

static enum fold_verdict taken(struct ledger_row *ledger) {
    ledger->entries++;
    fault_point("mid-fold");
    return FOLD_TAKEN;
}

enum fold_verdict fold_row(struct folder *folder, struct generation *generation, int64_t now,
                           struct flow_record *record, uint64_t flows, struct reject *reject) {
    if (check_record(&folder->rules, folder->layout, now, record, reject) != CHECK_IMPORT) {
        generation->reasons[reject->reason]++;
        generation->ledger.rejected++;
    } else {
        if (!cache_add_row(generation->cache, record, flows)) return FOLD_FULL;
        records_count(folder->layout, &generation->ledger, record, 1, flows);
    }
    return taken(&generation->ledger);
}

static enum fold_verdict entry_reject(struct generation *generation, const struct reject *reject, int64_t now,
                                      const char *text, size_t len) {
    size_t kept = len > ENTRY_HEAD_BYTES ? ENTRY_HEAD_BYTES : len;
    if (generation->n_rejects > 0 && generation->rejects.len + kept > GENERATION_REJECTS_BYTES) return FOLD_FULL;
    reject_count(generation, reject, now, text, len);
    return taken(&generation->ledger);
}

/* Records that have passed the check. `text` is what is kept where they are refused. */
static enum fold_verdict records_add(struct folder *folder, struct generation *generation, int64_t now,
                                     const struct flow_record *records, unsigned n, const char *text, size_t len) {
    struct ledger_row *ledger = &generation->ledger;
    if (generation->recount || cache_add(generation->cache, records, n)) {
        records_count(folder->layout, ledger, records, n, n);
    } else {
        if (ledger->imported > 0) return FOLD_FULL;
        oversize_reject(generation, records[0].end, now, text, len); /* an empty cache is as much room as there is */
    }
    return taken(ledger);
}

static enum fold_verdict records_fold(struct folder *folder, struct generation *generation, int64_t now,
                                      struct flow_record *records, unsigned n, const char *text, size_t len) {
    struct reject reject;
    switch (records_check(folder, now, records, n, &reject)) {
    case CHECK_REJECT: return entry_reject(generation, &reject, now, text, len);
    case CHECK_TOO_OLD: generation->ledger.too_old++; return taken(&generation->ledger);
    case CHECK_IMPORT: break;
    }
    return records_add(folder, generation, now, records, n, text, len);
}

enum fold_verdict fold_flows(struct folder *folder, struct generation *generation, int64_t now,
                             struct flow_record *records, unsigned n) {
    return records_fold(folder, generation, now, records, n, "", 0);
}

/* Judged by its times as a flow is. */
static enum fold_verdict lost_fold(const struct folder *folder, struct generation *generation, int64_t now,
                                   const char *text, size_t len) {
    const struct check_rules *rules = &folder->rules;
    struct ledger_row *ledger = &generation->ledger;
    struct reject reject;
    struct lost lost;
    if (lost_read(text, len, &lost, &reject) != 0) return entry_reject(generation, &reject, now, text, len);
    bool too_long = (int64_t)lost.end - lost.start > rules->max_flow_duration;
    if (too_long || lost.end > now + rules->max_future) {
        reject = (struct reject){.reason = too_long ? REJECT_TOO_LONG : REJECT_IN_FUTURE, .field = "end"};
        snprintf(reject.value, sizeof reject.value, "%" PRIu32, lost.end);
        return entry_reject(generation, &reject, now, text, len);
    }
    if (rules->max_flow_age > 0 && lost.start < now - rules->max_flow_age) {
        ledger->too_old++;
        return taken(ledger);
    }
    if (!generation->recount && !losses_add(&generation->losses, &lost, cache_smallest_size(generation->cache))) {
        if (ledger->imported > 0) return FOLD_FULL;
        oversize_reject(generation, lost.end, now, text, len);
        return taken(ledger);
    }
    ledger->imported++;
    return taken(ledger);
}

/* The records of a list's objects, those that are too old left out. */
struct list {
    const struct folder *folder;
    int64_t now;
    struct flow_record *records;
    size_t n, room;
};

static bool list_add(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    struct list *list = context;
    const struct folder *folder = list->folder;
    enum check_verdict verdict = records_check(folder, list->now, records, n, reject);
    if (verdict != CHECK_IMPORT) return verdict == CHECK_TOO_OLD;
    if (list->n + n > list->room) {
        list->room = 2 * list->room + n;
        list->records = mem_realloc(list->records, list->room, sizeof list->records[0]);
    }
    memcpy(list->records + list->n, records, n * sizeof list->records[0]);
    list->n += n;
    return true;
}

/* One entry, whatever it holds: counted as a whole or refused as a whole, so that the rejected list has it as it was.
 */
static enum fold_verdict list_fold(struct folder *folder, struct generation *generation, int64_t now, const char *text,
                                   size_t len) {
    struct list list = {.folder = folder, .now = now};
    struct reject reject;
    enum fold_verdict verdict;
    if (!entry_decode_list(folder->decoder, text, len, list_add, &list, &reject)) {
        verdict = entry_reject(generation, &reject, now, text, len);
    } else if (list.n == 0) {
        generation->ledger.too_old++;
        verdict = taken(&generation->ledger);
    } else {
        verdict = records_add(folder, generation, now, list.records, (unsigned)list.n, text, len);
    }
    free(list.records);
    return verdict;
}

static enum fold_verdict oversize_entry_reject(struct generation *generation, int64_t now, const char *text,
                                               size_t len) {
    struct reject reject = {.reason = REJECT_TOO_BIG};
    snprintf(reject.value, sizeof reject.value, "%zu bytes", len);
    return entry_reject(generation, &reject, now, text, len);
}

enum fold_verdict fold_entry(struct folder *folder, struct generation *generation, int64_t now, const char *text,
                             size_t len) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    if (len > ENTRY_BYTES_MAX) return oversize_entry_reject(generation, now, text, len);
    if (len == 3 && memcmp(text, "END", 3) == 0) return FOLD_END;
    if (lost_is(text, len)) return lost_fold(folder, generation, now, text, len);
    int n = entry_decode(folder->decoder, ENTRY_ANY, text, len, records, &reject);
    if (n == ENTRY_IS_LIST) return list_fold(folder, generation, now, text, len);
    if (n <= 0) return entry_reject(generation, &reject, now, text, len);
    return records_fold(folder, generation, now, records, (unsigned)n, text, len);
}
