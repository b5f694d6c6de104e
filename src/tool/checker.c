/* Entries judged as the importer judges them. */
#include "tool/checker.h"

#include <stdio.h>
#include <string.h>

#include "flow/lost.h"

void checker_init(struct checker *checker, const struct flow_layout *layout, const struct check_rules *rules,
                  int64_t now) {
    *checker = (struct checker){.layout = layout, .rules = rules, .now = now, .decoder = entry_decoder_new(layout)};
}

void checker_release(struct checker *checker) { entry_decoder_free(checker->decoder); }

static enum check_verdict records_check(const struct checker *checker, struct flow_record *records, unsigned n,
                                        struct reject *reject) {
    enum check_verdict verdict = CHECK_IMPORT;
    for (unsigned i = 0; i < n && verdict == CHECK_IMPORT; i++)
        verdict = check_record(checker->rules, checker->layout, checker->now, &records[i], reject);
    return verdict;
}

/* A list is one entry, and rejected as a whole; of its objects those that are too old are left out. */
struct list {
    const struct checker *checker;
    uint64_t flows;
};

static bool list_take(void *context, struct flow_record *records, unsigned n, struct reject *reject) {
    struct list *list = context;
    enum check_verdict verdict = records_check(list->checker, records, n, reject);
    if (verdict == CHECK_IMPORT) list->flows += n;
    return verdict != CHECK_REJECT;
}

static void entry_count(struct checker *checker, uint64_t flows) {
    if (flows == 0)
        checker->too_old++;
    else
        checker->entries++;
    checker->flows += flows;
}

int checker_take(struct checker *checker, const char *text, size_t len, struct reject *reject) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct lost lost;
    *reject = (struct reject){.reason = REJECT_TOO_BIG};
    if (len > ENTRY_BYTES_MAX) {
        snprintf(reject->value, sizeof reject->value, "%zu bytes", len);
        return -1;
    }
    if (len == 3 && memcmp(text, "END", 3) == 0) return 0;
    if (lost_is(text, len)) {
        if (lost_read(text, len, &lost, reject) != 0) return -1;
        checker->entries++; /* of no flow */
        return 0;
    }
    int n = entry_decode(checker->decoder, ENTRY_ANY, text, len, records, reject);
    if (n == ENTRY_IS_LIST) {
        struct list list = {checker, 0};
        if (!entry_decode_list(checker->decoder, text, len, list_take, &list, reject)) return -1;
        entry_count(checker, list.flows);
        return 0;
    }
    if (n <= 0) return -1;
    enum check_verdict verdict = records_check(checker, records, (unsigned)n, reject);
    if (verdict == CHECK_REJECT) return -1;
    entry_count(checker, verdict == CHECK_IMPORT ? (uint64_t)n : 0);
    return 0;
}
