/* Sequence numbers: gaps, late messages, wrapping, restarts, and the numbers of exporters that count otherwise. */
#include "collect/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"

enum { T = 1700000000 };

static uint64_t lost_of(struct sequence *sequence) {
    sequence_settle(sequence, UINT32_MAX);
    return sequence->lost.n;
}

static void in_order(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 4711, 30, true, T);
    sequence_message(&sequence, 4741, 29, true, T + 1);
    sequence_message(&sequence, 4770, 0, true, T + 2);
    sequence_message(&sequence, 4770, 1, true, T + 3);
    assert_int_equal(sequence.next, 4771);
    assert_int_equal(lost_of(&sequence), 0);
}

static void a_gap_is_lost_between_its_neighbours(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 100, 30, true, T);
    sequence_message(&sequence, 190, 30, true, T + 7);
    sequence_settle(&sequence, T + 7);
    assert_int_equal(sequence.lost.n, 0); /* it may still come */
    sequence_settle(&sequence, T + 8);
    assert_int_equal(sequence.lost.n, 60);
    assert_int_equal(sequence.lost.start, T);
    assert_int_equal(sequence.lost.end, T + 7);
    assert_int_equal(sequence.n_gaps, 0);
}

static void late_messages_fill_gaps(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 0, 10, true, T);
    sequence_message(&sequence, 50, 10, true, T + 1); /* missing: 10 to 49 */
    sequence_message(&sequence, 20, 10, true, T + 2); /* in the middle */
    assert_int_equal(sequence.n_gaps, 2);
    sequence_message(&sequence, 10, 10, true, T + 2); /* the first part */
    assert_int_equal(sequence.n_gaps, 1);
    sequence_message(&sequence, 45, 5, true, T + 2); /* the end */
    sequence_message(&sequence, 30, 5, true, T + 2); /* the beginning */
    sequence_message(&sequence, 60, 1, true, T + 3);
    assert_int_equal(sequence.n_gaps, 1);
    assert_int_equal(lost_of(&sequence), 10);
    assert_int_equal(sequence.lost.end, T + 1);
}

static void numbers_wrap(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, UINT32_MAX - 9, 10, true, T);
    sequence_message(&sequence, 0, 10, true, T);
    assert_int_equal(sequence.n_gaps, 0);
    sequence = (struct sequence){.known = false};
    sequence_message(&sequence, UINT32_MAX - 9, 5, true, T);
    sequence_message(&sequence, 15, 5, true, T); /* 20 are missing: 5 before the wrap, 15 behind it */
    sequence_message(&sequence, UINT32_MAX - 4, 10, true, T);
    assert_int_equal(lost_of(&sequence), 10);
}

static void far_behind_is_a_restart(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 1000000, 30, true, T);
    sequence_message(&sequence, 1000060, 30, true, T);
    sequence_message(&sequence, 0, 30, true, T + 1);
    sequence_message(&sequence, 60, 30, true, T + 2);
    assert_int_equal(sequence.next, 90);
    assert_int_equal(lost_of(&sequence), 60); /* 30 before it, 30 behind it */
}

/* It is told from late messages by going on. */
static void a_restart_of_a_young_exporter(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 0, 300, true, T);
    sequence_message(&sequence, 0, 30, true, T + 1);
    sequence_message(&sequence, 30, 30, true, T + 1);
    assert_int_equal(sequence.next, 300);
    sequence_message(&sequence, 60, 30, true, T + 1);
    assert_int_equal(sequence.next, 90);
    sequence_message(&sequence, 120, 30, true, T + 1);
    assert_int_equal(lost_of(&sequence), 30);
}

static void doubled_messages_are_no_loss(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    for (uint32_t i = 0; i < 100; i++) {
        sequence_message(&sequence, i * 30, 30, true, T);
        sequence_message(&sequence, i * 30, 30, true, T);
    }
    assert_int_equal(sequence.next, 3000);
    assert_int_equal(lost_of(&sequence), 0);
}

static void a_told_restart_forgets_the_number(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 10, 1, true, T);
    sequence_restart(&sequence);
    sequence_message(&sequence, 5000, 1, true, T);
    sequence_message(&sequence, 5001, 1, true, T);
    assert_int_equal(lost_of(&sequence), 0);
}

/* After a message of unknown contents any number ahead is right. */
static void unknown_contents(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 100, 3, false, T);
    sequence_message(&sequence, 120, 5, true, T);
    assert_int_equal(sequence.n_gaps, 0);
    sequence_message(&sequence, 127, 5, true, T);
    assert_int_equal(lost_of(&sequence), 2);
}

/* softflowd's IPFIX: the number is that behind the message. */
static void numbers_behind_the_message(void **state) {
    (void)state;
    static const uint32_t units[] = {18, 29, 31, 29, 32, 30, 28, 29, 32, 31, 28, 30};
    struct sequence sequence = {.known = false};
    uint32_t number = 5;
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        number += units[i];
        sequence_message(&sequence, number, units[i], true, T);
    }
    assert_true(sequence.behind);
    assert_int_equal(sequence.n_gaps, 0);
    number += 30 + 29; /* of which 30 don't come */
    sequence_message(&sequence, number, 29, true, T + 1);
    assert_int_equal(lost_of(&sequence), 30);
}

/* softflowd's again: of 20 records one is of options, which its count leaves out; in front or behind. */
static void options_that_do_not_count(void **state) {
    (void)state;
    for (unsigned behind = 0; behind < 2; behind++) {
        struct sequence sequence = {.known = false};
        uint32_t number = 5;
        for (unsigned i = 0; i < 40; i++) {
            uint32_t counted = i % 8 == 7 ? 19 : 20;
            sequence_message(&sequence, number + (behind ? counted : 0), 20, true, T + i);
            number += counted;
        }
        assert_int_equal(lost_of(&sequence), 0);
    }
}

/* Where loss looks like that for a moment, numbers still count from the front. */
static void a_likeness_is_no_proof(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 0, 10, true, T);
    sequence_message(&sequence, 30, 30, true, T); /* 20 lost, and 30 on */
    sequence_message(&sequence, 60, 30, true, T);
    sequence_message(&sequence, 90, 30, true, T);
    assert_false(sequence.behind);
    assert_int_equal(lost_of(&sequence), 20);
}

static void the_oldest_gap_is_settled_early(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    for (uint32_t i = 0; i <= SEQUENCE_GAPS + 3; i++)
        sequence_message(&sequence, i * 10, 5, true, T + i);
    assert_int_equal(sequence.n_gaps, SEQUENCE_GAPS);
    assert_int_equal(sequence.lost.n, 15);
    assert_int_equal(sequence.lost.start, T);
    assert_int_equal(sequence.lost.end, T + 3);
    assert_int_equal(lost_of(&sequence), 5 * (SEQUENCE_GAPS + 3));
}

/* What is missing in the end is what did not come, however much of the rest changes places with its neighbours. */
static void shuffled_and_thinned(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (unsigned run = 0; run < 200; run++) {
        struct sequence sequence = {.known = false};
        struct {
            uint32_t number, units;
        } messages[400];
        uint32_t number = (uint32_t)random_next(&seed), missing = 0;
        unsigned n = 0;
        for (unsigned i = 0; i < 400; i++) {
            uint32_t units = 1 + (uint32_t)random_below(&seed, 30);
            messages[n].number = number;
            messages[n].units = units;
            number += units;
            if (i > 0 && i < 399 && random_below(&seed, 100) == 0)
                missing += units;
            else
                n++;
        }
        for (unsigned i = 2; i + 2 < n; i += 2)
            if (random_below(&seed, 10) == 0) {
                messages[399] = messages[i];
                messages[i] = messages[i + 1];
                messages[i + 1] = messages[399];
            }
        for (unsigned i = 0; i < n; i++) {
            sequence_message(&sequence, messages[i].number, messages[i].units, true, T + i / 8);
            sequence_settle(&sequence, T + i / 8);
        }
        assert_int_equal(lost_of(&sequence), missing);
    }
}

/* --- what is believed --- */

/* How much a message ahead by so much, so long after the last one, and those behind it make lost. */
static void what_is_believed(void **state) {
    (void)state;
    enum { W = SEQUENCE_WINDOW, MOST = INT32_MAX };
    static const struct {
        uint32_t ahead, seconds, fastest;
        uint64_t alone, confirmed; /* lost, without and with a message that goes on */
    } cases[] = {
        {0, 0, 0, 0, 0},
        {1, 0, 0, 1, 1},
        {W, 0, 0, W, W},
        {W + 1, 0, 0, 0, 0}, /* more than one second allows */
        {W + 1, 1, 0, 0, W + 1},
        {2 * W, 1, 0, 0, 2 * W},
        {2 * W + 1, 1, 0, 0, 0},
        {61 * W, 60, 0, 0, 61 * W},
        {61 * W + 1, 60, 0, 0, 0},
        {32 * 100000, 0, 100000, 0, 32 * 100000}, /* of a fast exporter */
        {32 * 100040, 0, 100000, 0, 32 * 100040}, /* by the second's end */
        {32 * 100040 + 1, 0, 100000, 0, 0},
        {32 * 100000 * 10, 9, 100000, 0, 32 * 100000 * 10},
        {MOST, 32766, 0, 0, 0},
        {MOST, 32767, 0, 0, MOST}, /* nine hours of silence */
        {(uint32_t)MOST + 1, 86400, 0, 0, 0},
        {UINT32_MAX - W, 86400, 0, 0, 0}, /* that is behind, by more than the window */
        {UINT32_MAX - W + 1, 86400, 0, 0, 0},
        {UINT32_MAX, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned confirmed = 0; confirmed < 2; confirmed++) {
            struct sequence sequence = {.known = false};
            sequence_message(&sequence, 4711, cases[i].fastest, true, T);
            uint32_t number = 4711 + cases[i].fastest + cases[i].ahead, at = T + cases[i].seconds;
            sequence_message(&sequence, number, 20, true, at);
            if (confirmed) sequence_message(&sequence, number + 20, 20, true, at);
            uint64_t expected = confirmed ? cases[i].confirmed : cases[i].alone;
            if (lost_of(&sequence) != expected)
                fail_msg("case %u: %llu, not %llu", i, (unsigned long long)sequence.lost.n,
                         (unsigned long long)expected);
            if (expected == 0) continue;
            assert_int_equal(sequence.lost.start, T);
            assert_int_equal(sequence.lost.end, at);
        }
    }
}

static void what_time_allows(void **state) {
    (void)state;
    struct sequence sequence = {.last = T, .fastest = 0};
    assert_int_equal(sequence_allowed(&sequence, T), 65536);
    assert_int_equal(sequence_allowed(&sequence, T - 100), 65536); /* the clock was set back */
    assert_int_equal(sequence_allowed(&sequence, T + 9), 655360);
    assert_int_equal(sequence_allowed(&sequence, UINT32_MAX), INT32_MAX);
    sequence.fastest = 2047;
    assert_int_equal(sequence_allowed(&sequence, T), 65536);
    sequence.fastest = 2049;
    assert_int_equal(sequence_allowed(&sequence, T), 65568);
    sequence.fastest = UINT32_MAX;
    assert_int_equal(sequence_allowed(&sequence, T + 9), INT32_MAX);
}

/* Many messages of one second can't claim a window each: all their gaps together have what it allows. */
static void a_second_has_one_window(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    uint32_t number = 1000;
    for (unsigned i = 0; i < 100; i++, number += 10 + 60000)
        sequence_message(&sequence, number, 10, true, T);
    assert_int_equal(lost_of(&sequence), 65536);
    sequence_message(&sequence, number, 10, true, T + 1); /* the next has its own */
    assert_int_equal(lost_of(&sequence), 65536 + 60000);
    /* Small ones, as of a router that is really short of room, are all believed. */
    for (unsigned i = 0; i < 600; i++)
        sequence_message(&sequence, number += 110, 10, true, T + 2);
    assert_int_equal(lost_of(&sequence), 65536 + 60000 + 600 * 100);
}

/* A socket that overflows from the first message on loses more than the second allows at the time, and in all less. */
static void a_second_allows_by_its_end(void **state) {
    (void)state;
    struct sequence sequence = {.known = false};
    uint32_t number = 1000;
    for (unsigned i = 0; i < 100; i++, number += 10 + 1000)
        sequence_message(&sequence, number, 10, true, T);
    assert_int_equal(sequence.missing_in_second, 65000); /* of 99000 */
    for (unsigned i = 0; i < 2000; i++, number += 10)
        sequence_message(&sequence, number, 10, true, T);
    sequence_settle(&sequence, T);
    assert_int_equal(sequence.lost.n, 65000 - SEQUENCE_GAPS * 1000); /* all but what may come late */
    sequence_message(&sequence, number + 10, 10, true, T + 1);
    assert_int_equal(lost_of(&sequence), 100010);
    assert_int_equal(sequence.lost.start, T);
    assert_int_equal(sequence.lost.end, T + 1);
    /* A large one, too, where the next message goes on behind it. */
    number += 20;
    sequence_message(&sequence, number += 500000, 10, true, T + 2);
    for (unsigned i = 0; i < 7001; i++)
        sequence_message(&sequence, number += 10, 10, true, T + 2);
    assert_int_equal(lost_of(&sequence), 100010 + 500000);
    /* Never more than it allows. */
    number += 10;
    for (unsigned i = 0; i < 100; i++, number += 10 + 40000)
        sequence_message(&sequence, number, 10, true, T + 3);
    assert_int_equal(lost_of(&sequence), 600010 + SEQUENCE_FASTER * 7002 * 10);
}

/* A gap in doubt, and what comes behind it. */
static void doubts(void **state) {
    (void)state;
    enum { GAP = 100000 };
    static const struct {
        int32_t behind[3]; /* where the next messages begin, counted from the end of the one behind the gap */
        uint64_t lost;
    } cases[] = {
        {{0, 30, 60}, GAP},
        {{30, 60, 90}, GAP + 30},  /* loss goes on */
        {{-60, 0, 30}, GAP - 30},  /* two changed places */
        {{-60, -90, 0}, GAP - 60}, /* three */
        {{SEQUENCE_WINDOW, SEQUENCE_WINDOW + 30, SEQUENCE_WINDOW + 60}, GAP + SEQUENCE_WINDOW},
        {{SEQUENCE_WINDOW + 1, SEQUENCE_WINDOW + 31, SEQUENCE_WINDOW + 61},
         SEQUENCE_WINDOW + 1},                     /* a doubt of its own */
        {{-30 - GAP, -GAP, 30 - GAP}, 0},          /* where they were before the gap: that was garbage */
        {{1000000000, 1000000030, 1000000060}, 0}, /* a restart */
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sequence sequence = {.known = false};
        const uint32_t number = UINT32_MAX - 50000; /* it wraps on the way */
        sequence_message(&sequence, number, 30, true, T);
        sequence_message(&sequence, number + 30 + GAP, 30, true, T + 1);
        assert_int_equal(sequence.n_gaps, 1);
        for (unsigned next = 0; next < 3; next++)
            sequence_message(&sequence, number + 60 + GAP + (uint32_t)cases[i].behind[next], 30, true, T + 2);
        if (lost_of(&sequence) != cases[i].lost)
            fail_msg("case %u: %llu, not %llu", i, (unsigned long long)sequence.lost.n,
                     (unsigned long long)cases[i].lost);
    }
    /* Nothing comes: it is lost for nobody. */
    struct sequence sequence = {.known = false};
    sequence_message(&sequence, 0, 30, true, T);
    sequence_message(&sequence, GAP, 30, true, T + 1);
    assert_int_equal(lost_of(&sequence), 0);
}

/* An exporter begins anew with 0, wherever it was, and whenever: that is no loss. */
static void a_restart_is_one_whatever_the_number(void **state) {
    (void)state;
    static const uint32_t before[] = {0,     1,       29,         30,         31,         65535,      65536,
                                      65537, 1000000, 0x7fffffff, 0x80000000, 0x80000001, 3000000000, 0xfffeffff};
    static const uint32_t seconds[] = {0, 1, 60, 3600, 86400};
    for (unsigned i = 0; i < sizeof before / sizeof before[0]; i++)
        for (unsigned s = 0; s < sizeof seconds / sizeof seconds[0]; s++) {
            struct sequence sequence = {.known = false};
            sequence_message(&sequence, before[i] - 30, 30, true, T);
            for (uint32_t number = 0; number < 300; number += 30)
                sequence_message(&sequence, number, 30, true, T + seconds[s]);
            if (lost_of(&sequence) != 0) fail_msg("from %u after %u s", before[i], seconds[s]);
            assert_int_equal(sequence.next, 300);
        }
    /* What is so near to the end of numbers goes through 0. */
    for (uint32_t ahead = 1; ahead <= SEQUENCE_WINDOW; ahead *= 2) {
        struct sequence sequence = {.known = false};
        sequence_message(&sequence, 0 - ahead - 30, 30, true, T);
        sequence_message(&sequence, 0, 30, true, T);
        assert_int_equal(lost_of(&sequence), ahead);
    }
}

/* Of any exporter, or under its name. */
static void random_numbers_lose_next_to_nothing(void **state) {
    (void)state;
    enum { DATAGRAMS = 1000000 };
    for (unsigned a_second = 1; a_second <= 10000; a_second *= 100) {
        uint64_t seed = 11;
        struct sequence sequence = {.known = false};
        for (unsigned i = 0; i < DATAGRAMS; i++) {
            uint32_t now = T + i / a_second;
            uint32_t units = 1 + (uint32_t)random_below(&seed, 30); /* drawn in this order by every compiler */
            sequence_message(&sequence, (uint32_t)random_next(&seed), units, true, now);
            sequence_settle(&sequence, now - 10);
        }
        sequence_settle(&sequence, UINT32_MAX);
        assert_int_equal(sequence.lost.n, 244021); /* of 10^6 datagrams; it was 5.4 * 10^14 */
    }
}

/* Between the messages of an exporter that loses a hundredth: what is found is what was lost, and a little. */
static void random_numbers_between_right_ones(void **state) {
    (void)state;
    uint64_t seed = 12, missing = 0;
    struct sequence sequence = {.known = false};
    uint32_t number = 0x80000000;
    for (unsigned i = 0; i < 100000; i++) {
        if (i % 100 == 50) { /* not beside those that are lost */
            missing += 30;
        } else {
            sequence_message(&sequence, number, 30, true, T + i / 100);
        }
        number += 30;
        if (i % 100 == 0) sequence_message(&sequence, (uint32_t)random_next(&seed), 7, true, T + i / 100);
        sequence_settle(&sequence, T + i / 100 - 10);
    }
    assert_int_equal(lost_of(&sequence), missing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(a_gap_is_lost_between_its_neighbours),
        cmocka_unit_test(late_messages_fill_gaps),
        cmocka_unit_test(numbers_wrap),
        cmocka_unit_test(far_behind_is_a_restart),
        cmocka_unit_test(a_restart_of_a_young_exporter),
        cmocka_unit_test(doubled_messages_are_no_loss),
        cmocka_unit_test(a_told_restart_forgets_the_number),
        cmocka_unit_test(unknown_contents),
        cmocka_unit_test(numbers_behind_the_message),
        cmocka_unit_test(options_that_do_not_count),
        cmocka_unit_test(a_likeness_is_no_proof),
        cmocka_unit_test(the_oldest_gap_is_settled_early),
        cmocka_unit_test(shuffled_and_thinned),
        cmocka_unit_test(what_is_believed),
        cmocka_unit_test(what_time_allows),
        cmocka_unit_test(a_second_has_one_window),
        cmocka_unit_test(a_second_allows_by_its_end),
        cmocka_unit_test(doubts),
        cmocka_unit_test(a_restart_is_one_whatever_the_number),
        cmocka_unit_test(random_numbers_lose_next_to_nothing),
        cmocka_unit_test(random_numbers_between_right_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
