/* The direct importer with a journal: a process that is killed at every instant, a store that is away, a disk that
 * fails; each flow is counted once. Blocks have one entry each, so every entry that was appended is known. */
#include "import/direct.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "capture.h"
#include "direct_case.h"
#include "flow/names.h"
#include "store/sqlite/memory.h"

enum { MIB = 1 << 20 };

static struct journal_config journal;
static char room[64], folder[96], url[96];

/* --- the importer, begun and ended as often as a test likes --- */

static void direct_again(void) {
    direct_end();
    direct_begin();
}

static void folder_empty(void) {
    char path[400];
    DIR *listing = opendir(folder);
    if (!listing) return;
    for (const struct dirent *entry; (entry = readdir(listing));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(listing);
}

static unsigned folder_files(void) {
    unsigned n = 0;
    DIR *listing = opendir(folder);
    if (!listing) return 0;
    for (const struct dirent *entry; (entry = readdir(listing));)
        n += entry->d_name[0] != '.';
    closedir(listing);
    return n;
}

static void begin(const char *store, uint64_t cache_memory) {
    static const uint32_t sizes[] = {600, 60};
    static unsigned stores;
    snprintf(room, sizeof room, "%s/test_direct.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(room));
    snprintf(folder, sizeof folder, "%s/spool", room);
    if (store)
        snprintf(url, sizeof url, "sqlite:%s/flows.db", room);
    else
        snprintf(url, sizeof url, "memory:spooled%u", stores++);
    log_init("test", LOG_TARGET_STDERR, (enum log_level)0);
    env_schema(&env, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, sizes, 2);
    env_open(&env, url);
    journal = (struct journal_config){.folder = folder, .max_bytes = 64 * MIB};
    spool = &journal;
    config = (struct importer_config){.queue = {.name = "here", .retry_max_ms = 5},
                                      .store = {.url = url},
                                      .rules = {.max_flow_duration = 86400, .max_future = 3600},
                                      .flush_interval = 3600,
                                      .cache_memory = cache_memory,
                                      .claim_entries = 1000000};
    now.us = NOW * INT64_C(1000000);
}

static int setup(void **state) {
    (void)state;
    begin(NULL, ROOMY);
    direct_begin();
    return 0;
}

static int setup_tight(void **state) {
    (void)state;
    begin(NULL, THREE_ROWS);
    direct_begin();
    return 0;
}

static int setup_file(void **state) {
    (void)state;
    begin("sqlite", THREE_ROWS);
    return 0;
}

static int teardown(void **state) {
    char path[400];
    (void)state;
    memory_fail_commits(0, STORE_OK);
    fault_hook = NULL;
    fault_call_hook = NULL;
    if (direct) direct_end();
    env_release(&env);
    folder_empty();
    rmdir(folder);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/flows.db%s", room, ((const char *[]){"", "-wal", "-shm"})[i]);
        unlink(path);
    }
    rmdir(room);
    return 0;
}

/* --- entries, and what became of them --- */

/* Each in a block of its own. */
static void put_blocks(unsigned first, unsigned n) {
    for (unsigned i = first; i < first + n; i++)
        put_ports(i, 1);
}

static void stop(void) {
    direct_stop(direct);
    run_until_finished();
    assert_int_equal(exit_code, 0);
}

static void problems_contain(const char *text) {
    struct buffer problems = BUFFER_INIT;
    direct_problems(direct, &problems);
    if (!text) assert_int_equal(problems.len, 0);
    if (text) assert_contains(problems.data ? problems.data : "", text);
    buffer_release(&problems);
}

static void run_until_problem(const char *text) {
    int64_t end = clock_monotonic_us() + BOUND_SECONDS * INT64_C(1000000);
    for (bool found = false; !found;) {
        struct buffer problems = BUFFER_INIT;
        if (clock_monotonic_us() > end) fail_msg("'%s' does not come", text);
        event_base_loop(base, EVLOOP_ONCE);
        direct_problems(direct, &problems);
        found = problems.len > 0 && strstr(problems.data, text);
        buffer_release(&problems);
    }
}

/* Each of the ports 1 to n was counted once. */
static void ports_are(unsigned n) {
    char expected[96];
    sprintf(expected, "%u|%u|%u|%u\n", n, n, n > 0 ? 1 : 0, 1000 * n);
    assert_query(&env,
                 "SELECT COUNT(*), COUNT(DISTINCT sourceTransportPort), COALESCE(MIN(sourceTransportPort), 0), "
                 "COALESCE(SUM(octetDeltaCount), 0) FROM flows_60",
                 expected);
    sprintf(expected, "%u|%u\n", n > 0 ? 1000 : 0, n);
    assert_query(&env, "SELECT COALESCE(MAX(octetDeltaCount), 0), COALESCE(MAX(sourceTransportPort), 0) FROM flows_60",
                 expected);
    sprintf(expected, "%u\n", n);
    assert_query(&env, "SELECT COALESCE(SUM(entries), 0) FROM import_ledger", expected);
}

/* --- what stays on disk --- */

static void what_is_committed_leaves_the_disk(void **state) {
    (void)state;
    run_until("store_up 1");
    put_blocks(1, 5);
    run_until("import_uncommitted_entries 5");
    assert_true(shows("spool_entries_total 5"));
    assert_int_equal(folder_files(), 1);
    direct_flush(direct);
    run_until("import_generations_total 1");
    assert_true(shows("spool_bytes 0"));
    assert_int_equal(folder_files(), 0);
    /* Its name, and the place: behind the fifth block. */
    assert_query(&env, "SELECT consumer, generation, claim > 0, position FROM import_ledger",
                 "direct:here|1700003000000000|1|393216\n");
    problems_contain(NULL);
    stop();
    ports_are(5);
}

static void what_is_not_committed_is_folded_again(void **state) {
    (void)state;
    run_until("store_up 1");
    put_blocks(1, 5);
    run_until("import_uncommitted_entries 5");
    direct_flush(direct);
    run_until("import_generations_total 1");
    put_blocks(6, 5);
    run_until("import_uncommitted_entries 5");
    now.us += 5000000;
    direct_again();
    run_until("import_uncommitted_entries 5");
    put_blocks(11, 2);
    stop();
    ports_are(12);
    assert_int_equal(folder_files(), 0);
}

/* A generation that ends within a block goes on there. */
static void a_place_within_a_block(void **state) {
    (void)state;
    run_until("store_up 1");
    put_ports(1, 10);
    run_until("import_generations_total 3");
    assert_query(&env, "SELECT generation, position FROM import_ledger ORDER BY generation",
                 "1700003000000000|65539\n1700003000000003|65542\n1700003000000006|65545\n");
    run_until("import_uncommitted_entries 1");
    direct_again();
    run_until("import_uncommitted_entries 1");
    stop();
    ports_are(10);
}

/* Times are judged as they were, whatever the clock says by now. */
static void a_replay_decides_the_same(void **state) {
    static const int64_t days[] = {-2, 2};
    (void)state;
    config.rules.max_flow_age = 4000;
    direct_reconfigure(direct);
    run_until("store_up 1");
    put("\"flowEndSeconds\":1700006000");                                 /* within max_future */
    put("\"flowStartSeconds\":1699998000");                               /* too old */
    put("\"flowStartSeconds\":1700006601,\"flowEndSeconds\":1700006602"); /* in the future */
    feed_flush(feed);
    for (unsigned i = 0; i < 2; i++) {
        run_until("import_uncommitted_entries 3");
        now.us = (NOW + 86400 * days[i]) * INT64_C(1000000);
        direct_again();
    }
    run_until("import_uncommitted_entries 3");
    stop();
    assert_query(&env, "SELECT entries, imported, too_old, rejected FROM import_ledger", "3|1|1|1\n");
}

/* Of a process with other keys, or of another version: it is said, and nothing of it is lost, nor of what comes behind.
 */
static void entries_of_another_layout(void **state) {
    (void)state;
    run_until("store_up 1");
    put_blocks(1, 3);
    run_until("import_uncommitted_entries 3");
    journal.layout++;
    direct_again();
    put_blocks(4, 2);
    run_until_finished();
    assert_int_equal(exit_code, 2);
    journal.layout--;
    direct_again();
    run_until_finished();
    assert_int_equal(exit_code, 2); /* those of the other one are behind */
    assert_query(&env, "SELECT SUM(entries) FROM import_ledger", "3\n");
    journal.layout++;
    direct_again();
    run_until("import_uncommitted_entries 2");
    stop();
    assert_query(&env, "SELECT SUM(entries) FROM import_ledger", "5\n");
    ports_are(5);
}

/* --- killed --- */

/* In memory that the child shares: passings of fault points, which of them kills, and entries in the journal. */
static struct shared {
    atomic_uint passed, deadly, appended;
} *shared;

static unsigned shown(const char *name) {
    struct buffer text = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_PROMETHEUS, &text);
    direct_show(direct, &show);
    show_end(&show);
    const char *line = strstr(text.data, name);
    assert_non_null(line);
    unsigned value = (unsigned)strtoul(line + strlen(name), NULL, 10);
    buffer_release(&text);
    return value;
}

static void count_and_kill(const char *place) {
    if (strcmp(place, "after-append") == 0) atomic_store(&shared->appended, shown("\nflowimport_spool_entries_total "));
    if (atomic_fetch_add(&shared->passed, 1) + 1 == atomic_load(&shared->deadly)) kill(getpid(), SIGKILL);
}

/* A process that takes these ports, and what was left, and ends. Whether it was killed at the passing of that number.
 */
static bool process_killed(unsigned first, unsigned n, unsigned deadly) {
    int status;
    atomic_store(&shared->passed, 0);
    atomic_store(&shared->deadly, deadly);
    pid_t child = fork();
    if (child == 0) {
        fault_hook = count_and_kill;
        direct_begin();
        put_blocks(first, n);
        run_until("store_up 1");
        direct_stop(direct);
        while (!finished)
            event_base_loop(base, EVLOOP_ONCE);
        _exit(exit_code);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status)) assert_int_equal(status, 0);
    return WIFSIGNALED(status);
}

static void database_empty(void) {
    static const char *const tables[] = {"flows_60_data", "import_ledger"};
    for (unsigned i = 0; i < 2; i++) {
        struct error error;
        char sql[64];
        sprintf(sql, "DELETE FROM %s", tables[i]);
        if (store_query(env.store, sql, NULL, 0, NULL, NULL, &error) != STORE_OK) fail_msg("%s", error.text);
    }
}

/* At every passing of every fault point; and what then replays is killed in its turn, ever later. */
static void killed_at_every_point(void **state) {
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned n = 1, again = 0;
    for (bool killed = true; killed; n++) {
        atomic_store(&shared->appended, 0);
        killed = process_killed(1, 20, n);
        unsigned safe = atomic_load(&shared->appended); /* of the first process */
        if (killed && process_killed(0, 0, 1 + n % 9)) again++;
        assert_false(process_killed(0, 0, 0));
        ports_are(safe);
        if (!killed) assert_int_equal(safe, 20);
        assert_int_equal(folder_files(), 0);
        database_empty();
    }
    assert_true(n > 30 && again > 10);
    munmap(shared, sizeof *shared);
}

/* The server ends the commit of a process that was killed only when the next one has begun: it is not told apart by
 * what the next has seen, but by its name. */
static void a_commit_that_ends_late(void **state) {
#define COLUMNS                                                                                                        \
    "consumer, generation, committed_at, entries, imported, too_old, rejected, flows_millionths, first_bucket, "       \
    "last_bucket, claim, position, adopted, packetDeltaCount, octetDeltaCount"
    static const char *const away[] = {"CREATE TABLE late AS SELECT " COLUMNS " FROM import_ledger",
                                       "DELETE FROM import_ledger"};
    static const char back[] = "INSERT INTO import_ledger (" COLUMNS ") SELECT " COLUMNS " FROM late";
    struct error error;
    (void)state;
    run_until("store_up 1");
    put_blocks(1, 3);
    run_until("import_uncommitted_entries 3");
    char command[400];
    snprintf(command, sizeof command, "cp -r %s %s.kept", folder, folder);
    assert_int_equal(system(command), 0);
    direct_flush(direct);
    run_until("import_generations_total 1");
    direct_end();
    snprintf(command, sizeof command, "rm -r %s && mv %s.kept %s", folder, folder, folder);
    assert_int_equal(system(command), 0);
    for (unsigned i = 0; i < 2; i++)
        if (store_query(env.store, away[i], NULL, 0, NULL, NULL, &error) != STORE_OK) fail_msg("%s", error.text);
    direct_begin();
    run_until("import_uncommitted_entries 3");
    put_blocks(4, 2);
    run_until("import_uncommitted_entries 5");
    if (store_query(env.store, back, NULL, 0, NULL, NULL, &error) != STORE_OK) fail_msg("%s", error.text);
    stop();
    ports_are(5);
    assert_query(&env, "SELECT entries FROM import_ledger ORDER BY generation", "3\n2\n");
    assert_int_equal(folder_files(), 0);
}

/* Another process has our name, and had the same microsecond. */
static void a_name_that_is_taken(void **state) {
    struct error error;
    (void)state;
    run_until("store_up 1");
    for (int64_t number = 0; number < 2; number++) {
        const struct ledger_row row = {
            .id = {"direct:here", NOW * INT64_C(1000000) + number}, .claim = 5, .position = 9};
        store_begin(env.store, &row, NULL, 0);
        assert_int_equal(store_commit(env.store, &error), STORE_OK);
    }
    put_blocks(1, 3);
    run_until("import_uncommitted_entries 3");
    stop();
    ports_are(3);
    assert_query(&env, "SELECT generation FROM import_ledger WHERE entries > 0", "1700003000000002\n");
}

/* --- a store that is away, or has no room --- */

static void the_store_away_at_a_stop(void **state) {
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_RETRY);
    put_blocks(1, 7); /* both generations, and one more */
    run_until("store_failures_total 2");
    put_blocks(8, 1);
    stop();
    direct_end();
    assert_int_equal(folder_files(), 1);
    memory_fail_commits(0, STORE_OK);
    ports_are(0);
    direct_begin();
    run_until("store_up 1");
    stop();
    ports_are(8);
}

/* Before its first answer, entries are on disk all the same. */
static void stopped_before_the_first_answer(void **state) {
    (void)state;
    put_blocks(1, 3);
    stop();
    direct_again();
    stop();
    direct_again();
    run_until("import_uncommitted_entries 3");
    stop();
    ports_are(3);
}

/* Far more than the feed has room for. */
static void the_disk_takes_what_can_not_be_folded(void **state) {
    enum { PUT = 2 * FEED_BLOCKS };
    (void)state;
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_RETRY);
    for (unsigned i = 1; i <= PUT; i++) {
        put_long(i);
        if (i % 50 == 0) event_base_loop(base, EVLOOP_ONCE);
    }
    char line[64];
    sprintf(line, "spool_entries_total %u", PUT);
    run_until(line);
    assert_int_equal(feed_lost(feed), 0);
    direct_again();
    memory_fail_commits(0, STORE_OK);
    run_until("store_up 1");
    stop();
    ports_are(PUT);
}

static void a_generation_that_is_too_large(void **state) {
    (void)state;
    run_until("store_up 1");
    put_blocks(1, 8);
    run_until("import_uncommitted_entries 8");
    memory_fail_commits(2, STORE_TOO_LARGE);
    direct_flush(direct);
    put_blocks(9, 2);
    run_until("import_generations_total 2");
    stop();
    ports_are(10);
    assert_true(shows("import_lost_races_total 0")); /* nothing of what was dropped is tried again */
    assert_query(&env, "SELECT entries FROM import_ledger ORDER BY generation", "2\n3\n4\n1\n");
}

/* --- a spool that fails --- */

static atomic_int failing;
static const char *failing_at;

static int call_fail(const char *place) { return strcmp(place, failing_at) == 0 ? atomic_load(&failing) : 0; }

/* Whatever the system refuses, the import goes on, and says what it can't promise. */
static void every_errno(void **state) {
    static const char *const places[] = {"spool-folder", "spool-list", "spool-create", "spool-write"};
    static const int numbers[] = {ENOSPC, EIO, EMFILE, EDQUOT};
    unsigned ports = 0;
    (void)state;
    fault_call_hook = call_fail;
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 4; j++) {
            bool opening = i < 2;
            failing_at = places[i];
            atomic_store(&failing, opening && numbers[j] != EMFILE ? EIO : numbers[j]);
            direct_again();
            run_until("store_up 1");
            put_blocks(ports + 1, 3);
            run_until("import_uncommitted_entries 3");
            assert_true(shows("spool_unwritten_entries_total 3"));
            problems_contain(strerror(atomic_load(&failing)));
            problems_contain(": entries would be lost if the process was killed\n");
            atomic_store(&failing, 0);
            now.us += 1000000;
            put_blocks(ports + 4, 2); /* into a generation of their own: these outlive the process */
            run_until("spool_entries_total 2");
            problems_contain(NULL);
            run_until("import_generations_total 1");
            run_until("import_uncommitted_entries 2");
            direct_again();
            run_until("store_up 1");
            stop();
            ports += 5;
            ports_are(ports);
            now.us += 1000000;
        }
    }
}

/* What is on disk and can't be read waits; what comes meanwhile does not. */
static void every_errno_at_the_reading(void **state) {
    static const char *const places[] = {"spool-open", "spool-read"};
    (void)state;
    run_until("store_up 1");
    for (unsigned i = 0, ports = 0; i < 2; i++, ports += 5) {
        put_blocks(ports + 1, 3);
        run_until("import_uncommitted_entries 3");
        direct_again();
        failing_at = places[i];
        atomic_store(&failing, EMFILE);
        fault_call_hook = call_fail;
        run_until("store_up 1");
        run_until_problem(strerror(EMFILE));
        put_blocks(ports + 4, 2);
        run_until("spool_unwritten_entries_total 2");
        atomic_store(&failing, 0);
        now.us += 1000000;
        direct_flush(direct);
        run_until("import_generations_total 1");
        direct_flush(direct);
        run_until("import_generations_total 2");
        ports_are(ports + 5);
        problems_contain(NULL);
    }
}

static void a_spool_that_is_full(void **state) {
    enum { PUT = 30 };
    (void)state;
    direct_end();
    journal.max_bytes = MIB;
    direct_begin();
    run_until("store_up 1");
    memory_fail_commits(1000000, STORE_RETRY);
    for (unsigned i = 1; i <= PUT; i++)
        put_long(i);
    run_until("import_uncommitted_entries 30"); /* those that fit, then those in memory alone */
    problems_contain("spool: ");
    problems_contain(": full, at 1048576 bytes: entries would be lost if the process was killed\n");
    assert_true(shows("import_flushes_total{cause=\"full\"} 1")); /* half full: written early */
    memory_fail_commits(0, STORE_OK);
    run_until("import_generations_total 1");
    now.us += 1000000;
    stop();
    ports_are(PUT);
}

static void a_folder_in_use(void **state) {
    struct error error = {""};
    (void)state;
    assert_null(direct_make(&error));
    assert_contains(error.text, "in use by another process");
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define tight(function) cmocka_unit_test_setup_teardown(function, setup_tight, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(what_is_committed_leaves_the_disk),
        test(what_is_not_committed_is_folded_again),
        tight(a_place_within_a_block),
        test(a_replay_decides_the_same),
        test(entries_of_another_layout),
        cmocka_unit_test_setup_teardown(killed_at_every_point, setup_file, teardown),
        test(a_commit_that_ends_late),
        test(a_name_that_is_taken),
        tight(the_store_away_at_a_stop),
        test(stopped_before_the_first_answer),
        tight(the_disk_takes_what_can_not_be_folded),
        test(a_generation_that_is_too_large),
        test(every_errno),
        test(every_errno_at_the_reading),
        test(a_spool_that_is_full),
        test(a_folder_in_use),
    };
    names_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
