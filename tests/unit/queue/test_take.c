/* Taking and reading on a Redis in the same process: whatever is lost or refused on the way, an entry is on the queue
 * or in a registered claim, once. */
#include "consumer_case.h"
#include "fake_redis.h"
#include "queue/consumer_impl.h"

enum { ENTRIES = 25, BACKLOG = 4001 };

static void a_claim_is_read_in_pages(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 1, 0);
    consumer_begin_test();
    claim_put(&claim, 1, ENTRIES);
    consumer_read(consumer, &claim, INT64_MAX);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.taken, ENTRIES);
    assert_true(told.result.ended);
    taken_are(1, ENTRIES);
    told_clear();
    claim.read = 7; /* on from there */
    consumer_read(consumer, &claim, INT64_MAX);
    fake_run();
    assert_int_equal(told.result.taken, ENTRIES - 7);
    taken_are(8, ENTRIES);
    list_is(claim.key, 1, ENTRIES);
    consumer_end_test();
}

static void reading_stops_where_an_entry_is_not_taken(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 1, 0);
    consumer_begin_test();
    claim_put(&claim, 1, ENTRIES);
    for (unsigned at = 0; at < ENTRIES; at++) {
        told_clear();
        told.refuse_at = at;
        consumer_read(consumer, &claim, INT64_MAX);
        fake_run();
        assert_int_equal(told.done, 1);
        assert_int_equal(told.result.taken, at);
        assert_false(told.result.ended);
        assert_int_equal(told.offered, at + 1); /* and none after it */
        taken_are(1, at);
    }
    consumer_end_test();
}

static void reading_stops_at_the_limit(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 1, 0);
    consumer_begin_test();
    claim_put(&claim, 1, ENTRIES);
    for (unsigned limit = 1; limit <= ENTRIES + 2; limit++) {
        unsigned n = limit < ENTRIES ? limit : ENTRIES;
        told_clear();
        consumer_read(consumer, &claim, limit);
        fake_run();
        assert_int_equal(told.done, 1);
        assert_int_equal(told.result.taken, n);
        assert_true(told.result.ended);
        taken_are(1, n);
    }
    consumer_end_test();
}

static void a_claim_that_is_gone_has_no_entries(void **state) {
    (void)state;
    struct claim claim = claim_make("me", 1, 0);
    consumer_begin_test();
    consumer_read(consumer, &claim, INT64_MAX);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.taken, 0);
    assert_true(told.result.ended);
    consumer_end_test();
}

#define COUNT_ID "0102030000000001" /* with the first id that `config.random` makes */

/* The claim that a script makes: with its place. */
static struct claim claim_at(const struct claim *fresh, int64_t place) {
    struct claim claim = *fresh;
    memcpy(claim.queue_id, COUNT_ID, QUEUE_ID_MAX);
    claim.place = place;
    claim_name(&claim, PREFIX);
    return claim;
}

static void what_a_take_brings(void **state) {
    (void)state;
    enum by { SCRIPT, OLD_SCRIPT, COMMANDS, AT_MOST_ONCE };
    static const struct {
        unsigned entries;
        bool wait;
        enum by by;
        unsigned moved, taken;
    } cases[] = {
        {0, false, SCRIPT, 0, 0},
        {0, true, SCRIPT, 0, 0},
        {1, true, SCRIPT, 1, 1},
        {256, true, SCRIPT, 256, 256},
        {257, true, SCRIPT, 257, 0},
        {BACKLOG, true, SCRIPT, 4000, 0},
        {1, true, OLD_SCRIPT, 1, 1},
        {BACKLOG, true, OLD_SCRIPT, 4000, 0},
        {0, false, COMMANDS, 0, 0},
        {0, true, COMMANDS, 0, 0},
        {ENTRIES, true, COMMANDS, ENTRIES, ENTRIES},
        {256, true, COMMANDS, 256, 256},
        {BACKLOG, true, COMMANDS, BACKLOG, 0},
        {0, false, AT_MOST_ONCE, 0, 0},
        {0, true, AT_MOST_ONCE, 0, 0},
        {ENTRIES, true, AT_MOST_ONCE, ENTRIES, ENTRIES},
        {BACKLOG, true, AT_MOST_ONCE, 4000, 4000},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct claim fresh = claim_make("me", 1, 0);
        bool scripts = cases[i].by == SCRIPT || cases[i].by == OLD_SCRIPT;
        config.at_most_once = cases[i].by == AT_MOST_ONCE;
        fake_scripts = cases[i].by == SCRIPT       ? FAKE_ALL_SCRIPTS
                       : cases[i].by == OLD_SCRIPT ? FAKE_OLD_SCRIPTS
                                                   : FAKE_NO_SCRIPTS;
        consumer_begin_test();
        list_fill(QUEUE, 1, cases[i].entries);
        told_clear();
        consumer_take(consumer, NULL, &fresh, cases[i].wait);
        fake_run();
        assert_int_equal(told.done, 1);
        assert_int_equal(told.result.moved, cases[i].moved);
        assert_int_equal(told.result.left, cases[i].entries - cases[i].moved);
        assert_int_equal(told.result.taken, cases[i].taken);
        taken_are(1, cases[i].taken);
        assert_int_equal(fake_length(QUEUE), cases[i].entries - cases[i].moved);
        assert_int_equal(told.claimed, !config.at_most_once && cases[i].moved > 0);
        if (told.claimed) {
            struct claim claim = scripts ? claim_at(&fresh, 0) : fresh;
            assert_int_equal(told.where.moved, cases[i].moved);
            assert_false(told.where.filled);
            assert_string_equal(told.where.queue_id, claim.queue_id);
            assert_int_equal(told.where.place, 0);
            list_is(claim.key, 1, cases[i].moved);
            assert_true(is_registered(&claim));
        }
        assert_int_equal(fake_key(TAKEN) ? atoi(fake_key(TAKEN)->items[1].text) : 0, scripts ? cases[i].moved : 0);
        consumer_end_test();
    }
}

static unsigned room;
static bool room_entry(void *context, const char *text, size_t len) {
    (void)context, (void)text, (void)len;
    return room > 0 && room-- > 0;
}

static void pages_of_a_few_megabytes(void **state) {
    (void)state;
    enum { KIB = 1024, MIB = 1024 * KIB };
    static const struct {
        int64_t page, asked;
        uint64_t bytes;
        int64_t next;
    } cases[] = {
        {64, 64, 64 * 250, 128},
        {128, 64, 64 * 250, 128}, /* asked before it grew */
        {4000, 4000, 4000 * 250, 5000},
        {5000, 5000, 5000 * 250, 5000},
        {64, 64, MIB, 64},
        {64, 64, 2 * MIB, 64},
        {64, 64, 64 * MIB, 1},
        {64, 64, UINT64_C(25600) * MIB, 1},
        {1, 64, UINT64_C(64) * 5 * MIB, 1},
        {1, 1, 5 * MIB, 1},
        {1, 1, 250, 2},
        {5000, 5000, 4 * MIB, 1250},
        {1250, 5000, 8 * MIB, 625},
        {625, 5000, 3 * MIB, 625},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(paging_next(cases[i].page, cases[i].asked, cases[i].bytes, 5000), cases[i].next);
    assert_int_equal(paging_some(0), 256);
    assert_int_equal(paging_some(1), 4000);
    assert_int_equal(paging_some(2097), 4000);
    assert_int_equal(paging_some(64 * KIB), 128);
    assert_int_equal(paging_some(400 * MIB), 1);
}

/* Generation by generation, each with room for 16 of them: what Redis hands over is not much more than the queue. */
static void what_finds_no_room_is_read_once_more(void **state) {
    (void)state;
    enum { N = 300, ROOM = 16, LEN = 1 << 20 };
    char *big = malloc(LEN + 1);
    assert_non_null(big);
    memset(big, 'x', LEN);
    big[LEN] = '\0';
    struct claim claim = claim_make("me", 1, 0);
    config.page = 5000;
    consumer_begin_test();
    consumer->handler.entry = room_entry;
    fake_push(CLAIMS, claim.key);
    for (unsigned i = 0; i < N; i++)
        fake_push(claim.key, big);
    fake.sent = 0;
    while (claim.read < N) {
        told_clear();
        room = ROOM;
        consumer_read(consumer, &claim, INT64_MAX);
        fake_run();
        assert_int_equal(told.done, 1);
        assert_true(told.result.taken > 0);
        claim.read += told.result.taken;
    }
    /* The first reads are of 64; then of one, and three of them are under way. */
    assert_in_range(fake.sent, (uint64_t)N * LEN, UINT64_C(2) * N * LEN);
    consumer_end_test();
    free(big);
}

/* Its length and head, in whichever way it comes. */
static size_t big_len;
static char big_head[3];
static bool big_entry(void *context, const char *text, size_t len) {
    (void)context;
    big_len = len;
    memcpy(big_head, text, 2);
    return true;
}

static void an_entry_that_is_too_big(void **state) {
    (void)state;
    char *big = malloc(ENTRY_BYTES_MAX + 2);
    assert_non_null(big);
    memset(big, 'x', ENTRY_BYTES_MAX + 1);
    big[ENTRY_BYTES_MAX + 1] = '\0';
    big[1] = 'y';
    for (unsigned way = 0; way < 4; way++) { /* moved, read, popped, waited for and popped */
        struct claim some = claim_make("me", 1, 0), piece = claim_make("me", 1, 1);
        config.at_most_once = way >= 2;
        fake_scripts = way == 0 ? FAKE_ALL_SCRIPTS : FAKE_NO_SCRIPTS;
        consumer_begin_test();
        consumer->handler.entry = big_entry;
        fake_push(way == 1 ? piece.key : QUEUE, big);
        told_clear();
        big_len = 0;
        if (way == 1)
            consumer_read(consumer, &piece, INT64_MAX);
        else
            consumer_take(consumer, NULL, &some, true);
        if (way == 3) { /* the queue was empty when it was asked for its length */
            fake_delete(QUEUE);
            fake_step();
            fake_push(QUEUE, big);
        }
        fake_run();
        assert_int_equal(told.result.taken, 1);
        assert_int_equal(big_len, ENTRY_BYTES_MAX + 1);
        assert_string_equal(big_head, "xy");
        consumer_end_test();
    }
    free(big);
}

/* Importers that take in turn. */
static void a_backlog_is_shared(void **state) {
    (void)state;
    fake_scripts = FAKE_ALL_SCRIPTS;
    consumer_begin_test();
    list_fill(QUEUE, 1, 9000);
    for (unsigned i = 0; i < 3; i++) {
        struct claim fresh = claim_make("me", 1, i), claim = claim_at(&fresh, 4000 * i), other = fresh;
        unsigned moved = i == 0 ? 4000 : i == 1 ? 5000 : 0;
        told_clear();
        consumer_take(consumer, NULL, &fresh, false);
        fake_run();
        assert_int_equal(told.done, 1);
        assert_int_equal(told.result.moved, moved);
        /* once it is known how long entries are, they are read as they are taken, and more of them are */
        assert_int_equal(told.result.taken, i > 0 ? moved : 0);
        assert_int_equal(told.claimed, i < 2 ? i + 1 : 0);
        if (i == 0) {
            list_is(claim.key, 1, 4000);
            consumer_read(consumer, &claim, INT64_MAX);
            fake_run();
        } else if (i == 1) {
            taken_are(4001, 9000);
            list_is(claim.key, 4001, 8000);
            other.n++;
            list_is(claim_at(&other, 8000).key, 8001, 9000);
        }
    }
    assert_int_equal(atoi(fake_key(TAKEN)->items[1].text), 9000);
    consumer_end_test();
}

/* The claim that was filled before, if nobody else has taken since; what another took is not read ahead. */
static void a_claim_is_filled_while_nobody_else_takes(void **state) {
    (void)state;
    struct claim first = claim_make("me", 1, 0), second = claim_make("me", 1, 1);
    fake_scripts = FAKE_ALL_SCRIPTS;
    consumer_begin_test();
    list_fill(QUEUE, 1, 10);
    consumer_take(consumer, NULL, &first, false);
    fake_run();
    first = claim_at(&first, 0);
    first.len = 10;
    list_fill(QUEUE, 11, 20);
    told_clear();
    consumer_take(consumer, &first, &second, false);
    fake_run();
    assert_true(told.where.filled);
    list_is(first.key, 1, 20);
    first.len = 20;
    struct fake_text name = fake_text_new(TAKEN, strlen(TAKEN));
    fake_count(&name, &name, 7); /* another's take */
    free(name.text);
    list_fill(QUEUE, 21, 30);
    told_clear();
    consumer_take(consumer, &first, &second, false);
    fake_run();
    assert_false(told.where.filled);
    assert_int_equal(told.where.place, 27);
    second = claim_at(&second, 27);
    list_is(first.key, 1, 20);
    list_is(second.key, 21, 30);
    taken_are(21, 30);
    consumer_end_test();
}

static void what_stands_behind_an_end_stays(void **state) {
    (void)state;
    static const unsigned before[] = {0, 3, 300};
    for (unsigned i = 0; i < 3; i++) {
        struct claim fresh = claim_make("me", 1, 0);
        fake_scripts = FAKE_ALL_SCRIPTS;
        consumer_begin_test();
        list_fill(QUEUE, 1, before[i]);
        fake_push(QUEUE, "END");
        fake_push(QUEUE, "5");
        told_clear();
        consumer_take(consumer, NULL, &fresh, false);
        fake_run();
        assert_int_equal(told.result.moved, before[i] + 1);
        list_is(QUEUE, 5, 5);
        assert_int_equal(fake_length(claim_at(&fresh, 0).key), before[i] + 1);
        consumer_end_test();
    }
}

/* Of what is read ahead, entries are passed over where one found no room. */
static void a_piece_that_finds_no_room(void **state) {
    (void)state;
    struct claim fresh = claim_make("me", 1, 1), next = claim_make("me", 1, 2), claim = claim_at(&fresh, 0);
    fake_scripts = FAKE_ALL_SCRIPTS;
    consumer_begin_test();
    list_fill(QUEUE, 1, 8000);
    consumer_take(consumer, NULL, &fresh, false);
    fake_run();
    consumer_read(consumer, &claim, INT64_MAX);
    fake_run();
    told_clear();
    told.refuse_at = 700;
    consumer_take(consumer, NULL, &next, false);
    fake_run();
    assert_int_equal(told.done, 1);
    assert_int_equal(told.result.moved, 4000);
    assert_int_equal(told.result.taken, 700);
    taken_are(4001, 4700);
    list_is(claim_at(&next, 4000).key, 4001, 8000);
    consumer_end_test();
}

/* The name's holder has changed between the look and the transaction: it is looked at again. */
static void a_take_that_is_to_be_repeated(void **state) {
    (void)state;
    struct claim fresh = claim_make("me", 1, 0);
    consumer_begin_test();
    list_fill(QUEUE, 1, ENTRIES);
    fake.watched_changed = true;
    consumer_take(consumer, NULL, &fresh, false);
    fake_run();
    assert_int_equal(told.done, 1);
    taken_are(1, ENTRIES);
    consumer_end_test();
}

/* The answers of the second half are of entries that are moved, and not taken. */
static void a_take_that_finds_no_room(void **state) {
    (void)state;
    struct claim some = claim_make("me", 1, 0);
    consumer_begin_test();
    list_fill(QUEUE, 1, ENTRIES);
    told_clear();
    told.refuse_at = 10;
    consumer_take(consumer, NULL, &some, true);
    fake_run();
    assert_int_equal(told.result.moved, ENTRIES);
    assert_int_equal(told.result.taken, 10);
    taken_are(1, 10);
    list_is(some.key, 1, ENTRIES);
    consumer_end_test();
}

/* Each command of a take or a read goes wrong in each way. */
static void every_fault_at_every_command(void **state) {
    (void)state;
    static const unsigned lengths[] = {0, 3, BACKLOG};
    for (unsigned i = 0; i < 6; i++)
        for (enum fake_fault fault = FAKE_LOST_BEFORE; fault < FAKE_FAULTS; fault++) {
            bool struck = true;
            for (unsigned n = 0; struck && n < 12; n++) {
                struct claim fresh = claim_make("me", 1, 0), claim = fresh;
                fake_scripts = i % 2 ? FAKE_ALL_SCRIPTS : FAKE_NO_SCRIPTS;
                if (i % 2) claim = claim_at(&fresh, 0);
                consumer_begin_test();
                list_fill(QUEUE, 1, lengths[i / 2]);
                told_clear();
                fake_fail(n, fault);
                consumer_take(consumer, NULL, &fresh, true);
                fake_run();
                if (told.done && told.result.taken < told.result.moved) consumer_read(consumer, &claim, INT64_MAX);
                fake_run();
                struck = fake.fault == FAKE_NO_FAULT;
                /* a take whose transaction was refused has not begun; all else ends the connection */
                assert_int_equal(told.lost, struck && fault != FAKE_NO_FAULT ? told.lost : 0);
                assert_true(told.done + told.lost >= 1);
                assert_true(told.lost <= 1);
                assert_int_equal(fake_length(QUEUE) + fake_length(claim.key), lengths[i / 2]);
                assert_true(fake_length(claim.key) == 0 || is_registered(&claim));
                consumer_end_test();
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_read_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_stops_where_an_entry_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_stops_at_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_claim_that_is_gone_has_no_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_take_brings, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_is_too_big, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_of_a_few_megabytes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_finds_no_room_is_read_once_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_backlog_is_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_piece_that_finds_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_claim_is_filled_while_nobody_else_takes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_behind_an_end_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_take_that_is_to_be_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(a_take_that_finds_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(every_fault_at_every_command, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
