/* Entries by way of the journal: each once and in order, whatever is put aside, read again or refused meanwhile. */
#include "import/supply.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { NOW = 1700003000 };

struct set_clock {
    struct clock clock;
    int64_t us;
};

static int64_t set_clock_now(const struct clock *clock) { return ((const struct set_clock *)clock)->us; }

static struct set_clock now = {.clock = {set_clock_now}};
static char folder[64];
static struct journal_config config = {.folder = folder, .max_bytes = 1 << 20};
static struct feed *feeds[2];
static struct supply supply;

static void supply_begin(void) {
    struct error error = {""};
    supply = (struct supply){.clock = &now.clock, .placed = true};
    for (unsigned i = 0; i < 2; i++)
        supply.feeds.list[supply.feeds.n++] = feeds[i] = feed_new(&error);
    supply.journal = journal_new(&config, &error);
    if (!supply.journal) fail_msg("%s", error.text);
}

static void supply_end(void) {
    journal_free(supply.journal);
    feed_free(feeds[0]);
    feed_free(feeds[1]);
}

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/test_supply.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) return -1;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0);
    now.us = NOW * INT64_C(1000000);
    supply_begin();
    return 0;
}

static int teardown(void **state) {
    char path[400];
    (void)state;
    fault_call_hook = NULL;
    supply_end();
    DIR *listing = opendir(folder);
    for (const struct dirent *entry; listing && (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (listing) closedir(listing);
    rmdir(folder);
    return 0;
}

/* Each letter is an entry; a space ends the block. */
static void feed_letters(unsigned which, const char *letters) {
    for (; *letters; letters++) {
        if (*letters == ' ')
            feed_flush(feeds[which]);
        else
            feed_put(feeds[which], letters, 1);
    }
    feed_flush(feeds[which]);
}

/* The next entries are these letters; a '.' says that there are no more. */
static void letters_are(const char *letters) {
    for (; *letters && *letters != '.'; letters++) {
        if (!supply_look(&supply)) fail_msg("no '%c'", *letters);
        if (supply.len != 1 || *supply.text != *letters) fail_msg("'%c' where '%c' comes", *supply.text, *letters);
        supply_taken(&supply);
    }
    if (*letters == '.') assert_false(supply_look(&supply));
}

static int fail_with; /* 0: nothing fails */
static const char *fail_at;
static int call_fail(const char *place) { return strcmp(place, fail_at) == 0 ? fail_with : 0; }

static void in_order(void **state) {
    (void)state;
    feed_letters(0, "abc d");
    feed_letters(1, "vw xyz");
    letters_are("abcdvwxyz.");
    feed_letters(0, "e f g h i j k");
    letters_are("efghijk.");
    assert_true(supply_is_safe(&supply));
    assert_int_equal(supply_place(&supply).block, journal_end(supply.journal).block);
}

/* From any place, while any number of entries were read since, and blocks wait in the feed that are on disk, too. */
static void again_from_anywhere(void **state) {
    static const char letters[] = "abcdefghijklmnop";
    (void)state;
    for (unsigned from = 0; from < 16; from++) {
        for (unsigned to = from; to <= 16; to++) {
            struct journal_place place = {0, 0};
            feed_letters(0, "ab c def ghi j k lm nop");
            for (unsigned i = 0; i < to; i++) {
                assert_true(supply_look(&supply));
                if (i == from) place = supply_place(&supply);
                supply_taken(&supply);
            }
            if (from == to) {
                assert_true(supply_look(&supply));
                place = supply_place(&supply);
            }
            supply_rewind(&supply, place);
            letters_are(letters + from);
            letters_are(".");
            journal_forget(supply.journal, supply_place(&supply));
        }
    }
    assert_int_equal(supply_left(&supply), 0);
}

/* The same after a restart: the place is what the ledger has, and times and numbers are what they were. */
static void in_the_next_process(void **state) {
    (void)state;
    feed_letters(0, "abc def");
    letters_are("abcd");
    assert_true(supply_look(&supply));
    int64_t packed = journal_place_pack(supply_place(&supply)), number = supply.number;
    assert_int_equal(number, NOW * INT64_C(1000000) + 4); /* the second of a block that begins behind three */
    supply_end();
    now.us += 86400 * INT64_C(1000000);
    supply_begin();
    feed_letters(0, "g");
    supply_rewind(&supply, journal_place_unpack(packed));
    assert_true(supply_look(&supply));
    assert_int_equal(supply.number, number);
    assert_int_equal(supply.now, NOW);
    letters_are("ef");
    assert_true(supply_look(&supply));
    assert_int_equal(supply.now, NOW + 86400);
    letters_are("g.");
}

/* Packed flows of other keys or sums mean nothing to us, and stay for who knows them, with all that stands behind. */
static void of_another_layout(void **state) {
    (void)state;
    feed_letters(0, "ab c");
    letters_are("abc");
    supply_end();
    config.layout++;
    supply_begin();
    feed_letters(0, "d e");
    letters_are(".");
    assert_true(supply.foreign);
    supply_discard(&supply);
    assert_int_equal(supply_left(&supply), 0); /* they are in the journal, too */
    supply_end();
    config.layout--;
    supply_begin();
    letters_are("abc.");
    assert_true(supply.foreign);
    journal_forget(supply.journal, supply_place(&supply));
    supply_end();
    config.layout++;
    supply_begin();
    supply_rewind(&supply, (struct journal_place){3, 0}); /* as the ledger has it */
    letters_are("de.");
    assert_false(supply.foreign);
}

static void put_aside(void **state) {
    (void)state;
    feed_letters(0, "ab cd");
    letters_are("abc");
    assert_true(supply_look(&supply));
    feed_letters(0, "ef");
    feed_letters(1, "g h i j k");
    supply_drain(&supply);
    assert_true(feed_is_empty(feeds[0]) && feed_is_empty(feeds[1]));
    assert_true(supply_is_safe(&supply));
    feed_letters(0, "l");
    letters_are("defghijkl.");
}

static void alone_where_the_disk_fails(void **state) {
    (void)state;
    fail_at = "spool-create";
    fail_with = ENOSPC;
    fault_call_hook = call_fail;
    feed_letters(0, "ab c");
    assert_true(supply_look(&supply));
    assert_int_equal(supply.number, 0);
    assert_false(supply_is_safe(&supply));
    supply_drain(&supply); /* nothing can be put aside */
    letters_are("a");
    assert_int_equal(supply_left(&supply), 1);
    supply_rewind(&supply, (struct journal_place){0, 0}); /* it is nowhere else */
    letters_are("b");
    fail_with = 0;
    letters_are("c."); /* not tried again within a second */
    assert_int_equal(supply.alone, 3);
    now.us += 1000000;
    feed_letters(0, "d");
    assert_true(supply_look(&supply));
    assert_true(supply.number > 0);
    letters_are("d.");
}

static void discarded(void **state) {
    (void)state;
    feed_letters(0, "ab c");
    letters_are("a");
    supply_discard(&supply);
    assert_int_equal(supply_left(&supply), 0);
    letters_are("bc."); /* they are on disk */
    fail_at = "spool-write";
    fail_with = EIO;
    fault_call_hook = call_fail;
    feed_letters(0, "de f");
    letters_are("d");
    supply_discard(&supply);
    assert_int_equal(supply_left(&supply), 2);
    letters_are(".");
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(in_order),  test(again_from_anywhere),        test(in_the_next_process), test(of_another_layout),
        test(put_aside), test(alone_where_the_disk_fails), test(discarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
