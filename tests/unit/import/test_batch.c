/* A batch of claims, and what becomes of them when its generation has committed. */
#include "import/batch.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define P "{q}"

enum { CLAIMS_MAX = 4, UNKNOWN = CLAIM_LEN_UNKNOWN };

struct one {
    int64_t n, len;
    bool adopted;
    const char *becomes; /* "finished", or "READ -> KEY LEN" */
};

static const struct {
    const char *what;
    int64_t claim, position;
    bool adopted; /* the ledger's row */
    struct one claims[CLAIMS_MAX];
} cases[] = {
    {"all read to their ends",
     2,
     5,
     false,
     {{0, 3, false, "finished"}, {1, 4, false, "finished"}, {2, 5, false, "finished"}}},
    {"the last is read in part",
     1,
     3,
     false,
     {{0, 9, false, "finished"}, {1, 5, false, "3 -> {q}:claim:me:77:0:1001 2"}}},
    {"nothing of the last is read",
     1,
     0,
     false,
     {{0, 9, false, "finished"}, {1, 5, false, "0 -> {q}:claim:me:77:0:1001 5"}}},
    {"an empty claim is the last", 1, 0, false, {{0, 9, false, "finished"}, {1, 0, false, "finished"}}},
    {"fewer entries than were read", 0, 7, false, {{0, 5, false, "finished"}}},
    {"the last's length is unknown", 0, 7, false, {{0, UNKNOWN, false, "7 -> {q}:claim:me:77:0:1000 -1"}}},
    {"the first's length is unknown", 1, 2, false, {{0, UNKNOWN, false, "finished"}, {1, 2, false, "finished"}}},
    {"claims beyond the mark",
     0,
     3,
     false,
     {{0, 3, false, "finished"},
      {1, 4, false, "0 -> {q}:claim:me:77:0:1001 4"},
      {2, UNKNOWN, false, "0 -> {q}:claim:me:77:1:1002 -1"}}},
    {"a rest and claims beyond the mark",
     0,
     2,
     false,
     {{0, 3, false, "2 -> {q}:claim:me:77:0:1000 1"}, {1, 4, false, "0 -> {q}:claim:me:77:1:1001 4"}}},
    {"committed by its owner, adopted too late",
     1,
     4,
     false,
     {{0, 3, true, "finished"},
      {1, 6, true, "4 -> {q}:claim:me:77:0:1001 2"},
      {1, 6, false, "4 -> {q}:claim:me:77:1:1001 2"}}},
    {"committed by another: what it had not adopted is a rest, whole",
     2,
     3,
     true,
     {{0, 3, true, "finished"},
      {1, 4, false, "0 -> {q}:claim:me:77:0:1001 4"},
      {2, 3, true, "finished"},
      {3, 1, false, "0 -> {q}:claim:me:77:1:1003 1"}}},
    {"committed by another, which read the last in part",
     1,
     1,
     true,
     {{0, 3, true, "finished"},
      {1, 4, true, "1 -> {q}:claim:me:77:0:1001 3"},
      {1, 4, false, "0 -> {q}:claim:me:77:1:1001 4"}}},
    {"committed by another before any was adopted", 0, 0, true, {{0, 3, false, "0 -> {q}:claim:me:77:0:1000 3"}}},
    {"no claims", 0, 0, false, {{0, 0, false, NULL}}},
};

static void settlements(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct claim claims[CLAIMS_MAX] = {{.n = 0}};
        struct ledger_row ledger = {
            .id = {"owner", 5}, .claim = cases[i].claim, .position = cases[i].position, .adopted = cases[i].adopted};
        struct settlement settlement;
        size_t n = 0, finished = 0, rests = 0;
        for (; n < CLAIMS_MAX && cases[i].claims[n].becomes; n++) {
            const struct one *one = &cases[i].claims[n];
            claims[n] = (struct claim){.generation = 5,
                                       .n = one->n,
                                       .epoch = 1000 + one->n,
                                       .len = one->len,
                                       .read = 99,
                                       .adopted = one->adopted};
            strcpy(claims[n].consumer, "owner");
            claim_name(&claims[n], P);
        }
        settlement_build(&settlement, claims, n, &ledger, P, "me", 77);
        for (size_t c = 0; c < n; c++) {
            char text[CLAIM_KEY_MAX + 64];
            if (strcmp(cases[i].claims[c].becomes, "finished") == 0) {
                assert_true(finished < settlement.n_finished);
                assert_string_equal(settlement.finished[finished++].key, claims[c].key);
                continue;
            }
            assert_true(rests < settlement.n_rests);
            const struct claim *from = &settlement.rests[rests], *to = &settlement.rests_to[rests];
            assert_string_equal(from->key, claims[c].key);
            snprintf(text, sizeof text, "%d -> %s %d", (int)from->read, to->key, (int)to->len);
            if (strcmp(text, cases[i].claims[c].becomes) != 0) print_error("%s\n", cases[i].what);
            assert_string_equal(text, cases[i].claims[c].becomes);
            assert_string_equal(to->consumer, "me");
            assert_int_equal(to->generation, 77);
            assert_int_equal(to->n, rests);
            assert_int_equal(to->epoch, claims[c].epoch);
            assert_int_equal(to->read, 0);
            assert_false(to->adopted);
            rests++;
        }
        assert_int_equal(settlement.n_finished, finished);
        assert_int_equal(settlement.n_rests, rests);
        settlement_release(&settlement);
        assert_null(settlement.finished);
    }
}

static void how_far_a_batch_reaches(void **state) {
    (void)state;
    struct batch batch = {.claims = NULL};
    struct ledger_row ledger = {.claim = -1, .position = -1};
    batch_start(&batch, "me", 7);
    assert_string_equal(batch.id.consumer, "me");
    assert_int_equal(batch.id.generation, 7);
    batch_mark_end(&batch, &ledger);
    assert_int_equal(ledger.claim, 0);
    assert_int_equal(ledger.position, 0);
    for (int i = 0; i < 40; i++) {
        struct claim claim = {.n = 2 * i, .len = 10, .read = i < 39 ? 10 : 4};
        assert_int_equal(batch_add(&batch, &claim), i);
        assert_int_equal(batch.n_claims, i + 1);
        assert_int_equal(batch.claims[i].n, 2 * i);
    }
    batch.at = 40;
    batch_mark_end(&batch, &ledger);
    assert_int_equal(ledger.claim, 78);
    assert_int_equal(ledger.position, 4);
    batch.at = 3;
    batch_mark_end(&batch, &ledger);
    assert_int_equal(ledger.claim, 6);
    assert_int_equal(ledger.position, 10);
    batch.live = batch.recount = batch.adopted = batch.ended = batch.full = batch.has_more = true;
    batch_start(&batch, "me", 8);
    assert_int_equal(batch.n_claims, 0);
    assert_int_equal(batch.at, 0);
    assert_false(batch.live || batch.recount || batch.adopted || batch.ended || batch.full || batch.has_more);
    assert_int_equal(batch.id.generation, 8);
    batch_release(&batch);
    assert_null(batch.claims);
}

static void what_counts_as_content(void **state) {
    (void)state;
    struct batch batch = {.claims = NULL};
    struct claim claim = {.len = 5};
    batch_start(&batch, "me", 1);
    assert_false(batch_has_content(&batch));
    size_t added = batch_add(&batch, &claim);
    assert_false(batch_has_content(&batch));
    batch.claims[added].read = 1;
    assert_true(batch_has_content(&batch));
    batch_start(&batch, "me", 2);
    assert_false(batch_has_content(&batch));
    batch.ended = true;
    assert_true(batch_has_content(&batch));
    batch_start(&batch, "me", 3);
    batch.has_more = true;
    assert_true(batch_has_content(&batch));
    batch_release(&batch);
}

static void partial_claims(void **state) {
    (void)state;
    static const struct {
        int64_t len, read;
        bool partial;
    } claims[] = {{5, 0, true},  {5, 4, true},       {5, 5, false},     {5, 6, false},
                  {0, 0, false}, {UNKNOWN, 0, true}, {UNKNOWN, 9, true}};
    for (unsigned i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        struct claim claim = {.len = claims[i].len, .read = claims[i].read};
        assert_int_equal(claim_is_partial(&claim), claims[i].partial);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settlements),
        cmocka_unit_test(how_far_a_batch_reaches),
        cmocka_unit_test(what_counts_as_content),
        cmocka_unit_test(partial_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
