/* Entries in memory and on disk as one line, while the disk refuses: nothing is sent out of its order, and what could
 * not be read for a while is sent later. */
#include "queue/outbox.h"

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

enum { MEMORY = 64 << 10, BATCH = 100, NOT_READY = 0 };

static char folder[64];
static struct outbox_config config;
static struct outbox outbox;
static struct error error;

static const char *fail_place; /* NULL: nothing fails */
static int fail_number;

static int call_fails(const char *place) { return fail_place && strcmp(place, fail_place) == 0 ? fail_number : 0; }

static int setup(void **state) {
    (void)state;
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0); /* what goes wrong is wanted */
    snprintf(folder, sizeof folder, "%s/test_outbox.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    config = (struct outbox_config){
        .display = "test", .memory = MEMORY, .spool = folder, .spool_max = 1 << 20, .stream = 77};
    fault_call_hook = call_fails;
    fail_place = NULL;
    fail_number = EMFILE;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    DIR *listing = opendir(folder);
    char path[400];
    (void)state;
    for (const struct dirent *entry; listing && (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (listing) closedir(listing);
    rmdir(folder);
    fault_call_hook = NULL;
    return 0;
}

static void put(unsigned first, unsigned last) {
    char text[32];
    for (unsigned i = first; i <= last; i++)
        outbox_put(&outbox, text, (size_t)snprintf(text, sizeof text, "%u", i));
}

/* Sends what is there: `first` to `last`, in order. */
static void send_all(unsigned first, unsigned last) {
    const char *texts[BATCH];
    size_t lens[BATCH];
    for (size_t n; (n = outbox_send(&outbox, texts, lens, BATCH, 1 << 20)) > 0;)
        for (size_t i = 0; i < n; i++) {
            char text[32];
            assert_int_equal(snprintf(text, sizeof text, "%u", first++), (int)lens[i]);
            assert_memory_equal(texts[i], text, lens[i]);
        }
    assert_int_equal(first, last + 1);
}

static void in_memory_alone(void **state) {
    (void)state;
    config.spool = NULL;
    assert_int_equal(outbox_init(&outbox, &config, &error), 0);
    assert_true(outbox_is_ready(&outbox));
    assert_true(outbox_is_empty(&outbox));
    put(1, 250);
    assert_true(outbox_waits(&outbox));
    send_all(1, 250);
    assert_false(outbox_waits(&outbox));
    assert_false(outbox_is_empty(&outbox));
    outbox_unsend(&outbox);
    send_all(1, 250);
    outbox_arrived(&outbox, 200);
    outbox_unsend(&outbox);
    send_all(201, 250);
    outbox_tick(&outbox, true);
    assert_int_equal(outbox_release(&outbox), 50);
}

/* Stuck: to disk; then all that follows goes there, too, while entries wait there. */
static void to_disk_and_back(void **state) {
    (void)state;
    assert_int_equal(outbox_init(&outbox, &config, &error), 0);
    put(1, 100);
    outbox_tick(&outbox, true);
    assert_int_equal(outbox.backlog.n, 0);
    put(101, 200);
    send_all(1, 200);
    outbox_unsend(&outbox);
    outbox_tick(&outbox, false); /* what is on disk was not sent, so memory follows it */
    assert_int_equal(outbox.backlog.n, 0);
    send_all(1, 200);
    outbox_arrived(&outbox, 200);
    assert_true(outbox_is_empty(&outbox));
    assert_int_equal(outbox_release(&outbox), 0);
}

static void a_spool_that_opens_later(void **state) {
    static const char *const places[] = {"spool-folder", "spool-list", "spool-open", "spool-read"};
    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(outbox_init(&outbox, &config, &error), 0);
        put(1, 100);
        assert_int_equal(outbox_release(&outbox), 0);

        fail_place = places[i];
        config.stream = 5; /* another process */
        assert_int_equal(outbox_init(&outbox, &config, &error), 0);
        assert_false(outbox_is_ready(&outbox));
        assert_non_null(strstr(outbox_problem(&outbox), strerror(EMFILE)));
        put(101, 150);
        send_all(1, NOT_READY);
        outbox_tick(&outbox, true);
        assert_false(outbox_is_ready(&outbox));
        put(151, 200);
        fail_place = NULL;
        outbox_tick(&outbox, true);
        assert_true(outbox_is_ready(&outbox));
        assert_null(outbox_problem(&outbox));
        assert_int_equal(outbox.stream, 77);
        put(201, 210);
        send_all(1, 210);
        outbox_arrived(&outbox, outbox.sent);
        assert_true(outbox_is_empty(&outbox));
        assert_int_equal(outbox_release(&outbox), 0);
        config.stream = 77;
    }
}

/* The end comes while it can't be opened: it is tried once more; then what is in memory is lost, and counted. */
static void a_spool_that_opens_at_the_end_or_never(void **state) {
    (void)state;
    for (unsigned never = 0; never < 2; never++) {
        fail_place = "spool-list";
        assert_int_equal(outbox_init(&outbox, &config, &error), 0);
        put(1, 100);
        if (!never) fail_place = NULL;
        assert_int_equal(outbox_release(&outbox), never ? 100 : 0);
    }
    fail_place = NULL;
    assert_int_equal(outbox_init(&outbox, &config, &error), 0);
    send_all(1, 100);
    outbox_arrived(&outbox, outbox.sent);
    outbox_release(&outbox);
}

static void a_folder_that_is_wrong(void **state) {
    (void)state;
    fail_place = "spool-folder";
    fail_number = EACCES;
    assert_int_equal(outbox_init(&outbox, &config, &error), -1);
    assert_non_null(strstr(error.text, folder));
    assert_int_equal(outbox_release(&outbox), 0);
}

/* Memory stands behind the disk, and waits with it; a try a second. */
static void a_spool_that_is_read_later(void **state) {
    static const char *const places[] = {"spool-open", "spool-read"};
    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(outbox_init(&outbox, &config, &error), 0);
        put(1, 100);
        outbox_tick(&outbox, true);
        put(101, 120);
        fail_place = places[i];
        send_all(1, NOT_READY);
        assert_true(outbox_waits(&outbox));
        assert_non_null(strstr(outbox_problem(&outbox), strerror(EMFILE)));
        fail_place = NULL;
        send_all(1, NOT_READY); /* not before the next second */
        outbox_tick(&outbox, false);
        send_all(1, 120);
        assert_null(outbox_problem(&outbox));
        assert_int_equal(spool_counts(outbox.spool).damaged, 0);
        outbox_arrived(&outbox, outbox.sent);
        assert_true(outbox_is_empty(&outbox));
        assert_int_equal(outbox_release(&outbox), 0);
    }
}

static void losses_end_when_there_is_room(void **state) {
    static char text[1000];
    (void)state;
    config.spool = NULL;
    assert_int_equal(outbox_init(&outbox, &config, &error), 0);
    unsigned n = 0;
    for (; outbox.lost < 5; n++)
        outbox_put(&outbox, text, sizeof text);
    assert_int_equal(outbox.lost_lately, 5);
    outbox_tick(&outbox, true);
    assert_int_equal(outbox.lost_lately, 5); /* still more than half full */
    outbox_arrived(&outbox, n - 5);
    outbox_tick(&outbox, false);
    assert_int_equal(outbox.lost_lately, 0);
    assert_int_equal(outbox.lost, 5);
    assert_int_equal(outbox_release(&outbox), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(in_memory_alone),
        TEST(to_disk_and_back),
        TEST(a_spool_that_opens_later),
        TEST(a_spool_that_opens_at_the_end_or_never),
        TEST(a_folder_that_is_wrong),
        TEST(a_spool_that_is_read_later),
        TEST(losses_end_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
