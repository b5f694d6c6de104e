/* SQLite's write-ahead log beside readers: emptied while nobody waits, bounded, and reported once if one holds it. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/sqlite/wal.h"

static char folder[] = "/tmp/flowimport-test-XXXXXX";
static char path[64];
static sqlite3 *writer;
static struct sqlite_wal wal;

static void run(sqlite3 *db, const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", sql, message);
}

static sqlite3 *reader_open(void) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL), SQLITE_OK);
    return db;
}

/* One commit of about 100 kB. */
static void commit(void) { run(writer, "INSERT INTO t (bytes) VALUES (zeroblob(100000))"); }

static void idle_moments_empty_it(void **state) {
    (void)state;
    commit();
    assert_true(sqlite_wal_bytes(&wal) > 100000);
    sqlite_wal_idle(&wal, writer);
    assert_int_equal(sqlite_wal_bytes(&wal), 0);
    sqlite_wal_idle(&wal, writer);
    assert_false(wal.told);
}

static void a_commit_within_the_bound_leaves_it(void **state) {
    (void)state;
    wal.bound = 250000;
    commit();
    sqlite_wal_committed(&wal, writer);
    assert_true(sqlite_wal_bytes(&wal) > 100000);
    commit();
    commit();
    sqlite_wal_committed(&wal, writer);
    assert_int_equal(sqlite_wal_bytes(&wal), 0);
}

/* The lines of the log that the calls write. */
static void log_read(void (*calls)(sqlite3 *), sqlite3 *reader, char *text, size_t size) {
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stderr);
    dup2(ends[1], STDERR_FILENO);
    calls(reader);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(ends[1]);
    close(before);
    ssize_t len = read(ends[0], text, size - 1);
    close(ends[0]);
    text[len > 0 ? len : 0] = '\0';
}

static void held_by(sqlite3 *reader) {
    run(reader, "BEGIN; SELECT COUNT(*) FROM t");
    for (unsigned i = 0; i < 25; i++)
        commit();
    sqlite_wal_idle(&wal, writer);
    sqlite_wal_idle(&wal, writer);
    sqlite_wal_committed(&wal, writer);
}

static void a_reader_that_holds_it_is_told_of_once(void **state) {
    char text[2048];
    sqlite3 *reader = reader_open();
    (void)state;
    wal.bound = 2 << 20;
    commit();
    log_read(held_by, reader, text, sizeof text);
    char *line = strstr(text, "warning: store: ");
    assert_non_null(line);
    char expected[256];
    snprintf(expected, sizeof expected,
             "warning: store: %s-wal: the write-ahead log has grown to 2 MiB and can't be emptied: a reader uses it; "
             "it shrinks when the longest query on this database ends\n",
             path);
    assert_string_equal(line, expected); /* and no other behind it */
    assert_true(sqlite_wal_bytes(&wal) > wal.bound);
    run(reader, "COMMIT");
    sqlite_wal_idle(&wal, writer);
    assert_int_equal(sqlite_wal_bytes(&wal), 0);
    assert_false(wal.told); /* the next one would be reported again */
    sqlite3_close(reader);
}

/* Two readers, of whom one always is in a query: each ends its own when the other's has begun. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned begun; /* queries so far */
static int stopping;

static void *reader_main(void *context) {
    unsigned own = *(unsigned *)context;
    sqlite3 *db = reader_open();
    sqlite3_busy_timeout(db, SQLITE_BUSY_MS);
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!stopping && begun % 2 != own)
            pthread_cond_wait(&changed, &lock);
        if (stopping) break;
        pthread_mutex_unlock(&lock);
        int code = sqlite3_exec(db, "BEGIN; SELECT COUNT(*) FROM t", NULL, NULL, NULL);
        pthread_mutex_lock(&lock);
        begun++;
        if (code != SQLITE_OK) stopping = 2;
        pthread_cond_broadcast(&changed);
        while (!stopping && begun % 2 != own)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    sqlite3_close(db);
    return NULL;
}

static void queries_begun(unsigned n) {
    pthread_mutex_lock(&lock);
    unsigned first = begun;
    while (!stopping && begun - first < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void readers_that_never_pause_do_not_make_it_grow(void **state) {
    static unsigned numbers[] = {0, 1};
    pthread_t threads[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader_main, &numbers[i]), 0);
    for (unsigned round = 0; round < 5; round++) {
        commit();
        queries_begun(3);                                                      /* both have it in their view */
        for (unsigned try = 0; try < 100 && sqlite_wal_bytes(&wal) > 0; try++) /* of 0.1 s, on a loaded machine */
            sqlite_wal_idle(&wal, writer);
        assert_int_equal(sqlite_wal_bytes(&wal), 0);
    }
    pthread_mutex_lock(&lock);
    assert_int_equal(stopping, 0);
    stopping = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void a_database_in_memory_has_none(void **state) {
    struct sqlite_wal none;
    sqlite3 *db;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite_wal_init(&none, db);
    assert_null(none.path);
    assert_int_equal(sqlite_wal_bytes(&none), 0);
    sqlite_wal_idle(&none, db);
    sqlite_wal_committed(&none, db);
    sqlite3_close(db);
}

static int database_open(void **state) {
    (void)state;
    assert_int_equal(sqlite3_open_v2(path, &writer, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
    run(writer, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS t (bytes BLOB)");
    sqlite_wal_init(&wal, writer);
    sqlite_wal_idle(&wal, writer);
    return sqlite_wal_bytes(&wal) == 0 ? 0 : -1;
}

static int database_close(void **state) {
    (void)state;
    free(wal.path);
    return sqlite3_close(writer);
}

static int folder_make(void **state) {
    (void)state;
    snprintf(path, sizeof path, "%s/flows.db", mkdtemp(folder));
    return 0;
}

static int folder_remove(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, database_open, database_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(idle_moments_empty_it),
        CASE(a_commit_within_the_bound_leaves_it),
        CASE(a_reader_that_holds_it_is_told_of_once),
        CASE(readers_that_never_pause_do_not_make_it_grow),
        cmocka_unit_test(a_database_in_memory_has_none),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
