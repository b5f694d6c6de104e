/* Jobs through the threads: each comes back once, whether it ran, was cancelled or was never begun. */
#include "http/workers.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/names.h"

enum { BOUND_US = 20000000, N = 3 };

#define ENDLESS                                                                                                        \
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT COUNT(*) FROM n"

struct job {
    struct workers_job job;
    const char *sql; /* NULL: waits for `gate` */
    enum store_status status;
    struct error error;
    unsigned n_fail; /* how many of the first tries fail */
    unsigned n_run, n_done;
    int64_t number;
};

static struct event_base *base;
static struct workers *workers;
static struct flow_layout layout;
static struct schema schema;
static char url[64];
static sem_t gate, begun;

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(int64_t *)context = atoll(columns[0]);
    return 0;
}

static void run(struct workers_job *taken, struct store *store) {
    struct job *job = (struct job *)(void *)taken;
    sem_post(&begun);
    taken->failed = job->n_run++ < job->n_fail;
    if (!job->sql) {
        assert_true(taken->storeless ? !store : store != NULL);
        sem_wait(&gate);
        return;
    }
    job->status = store_query(store, job->sql, NULL, 0, number_read, &job->number, &job->error);
}

static void done(struct workers_job *taken) { ((struct job *)(void *)taken)->n_done++; }

static struct job job_of(const char *sql) {
    return (struct job){.job = {.run = run, .done = done, .storeless = !sql}, .sql = sql, .status = STORE_TAKEN};
}

static void begin(const char *store_url) {
    static struct store_config config;
    config = (struct store_config){.url = store_url, .query_ms = 1000};
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    base = event_base_new();
    workers = workers_new(base, &(struct workers_config){.store = &config, .schema = &schema, .n = N});
}

static void end(void) {
    workers_free(workers);
    event_base_free(base);
}

static void loop_until_done(struct job *jobs, unsigned n) {
    int64_t until = clock_monotonic_us() + BOUND_US;
    for (unsigned i = 0; i < n; i++)
        while (jobs[i].n_done == 0) {
            assert_true(clock_monotonic_us() < until);
            event_base_loop(base, EVLOOP_NONBLOCK);
        }
}

static bool is_shown(const char *line) {
    struct buffer out = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_PROMETHEUS, &out);
    workers_show(workers, &show);
    show_end(&show);
    bool found = strstr(out.data, line) != NULL;
    buffer_release(&out);
    return found;
}

static int make_store(void **state) {
    struct store *store;
    struct error error;
    struct store_config config = {.url = url};
    static const uint32_t sizes[] = {600};
    (void)state;
    snprintf(url, sizeof url, "sqlite:/tmp/test_workers.%ld", (long)getpid());
    names_init();
    if (flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0) return -1;
    schema_init(&schema, &layout, sizes, 1);
    if (store_open(&store, &config, &schema, &error) != STORE_OK) return -1;
    store_close(store);
    return 0;
}

static int remove_store(void **state) {
    static const char *const suffixes[] = {"-shm", "-wal"};
    char beside[sizeof url + 8];
    (void)state;
    for (unsigned i = 0; i < 2; i++) { /* readers leave them */
        snprintf(beside, sizeof beside, "%s%s", url + strlen("sqlite:"), suffixes[i]);
        unlink(beside);
    }
    return unlink(url + strlen("sqlite:"));
}

static void all_come_back(void **state) {
    (void)state;
    enum { JOBS = 40 };
    struct job jobs[JOBS];
    begin(url);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = job_of("SELECT 42 FROM import_ledger UNION SELECT 42");
        assert_true(workers_take(workers, &jobs[i].job));
    }
    loop_until_done(jobs, JOBS);
    end();
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].n_done, 1);
        assert_true(jobs[i].job.has_run);
        assert_int_equal(jobs[i].status, STORE_OK);
        assert_int_equal(jobs[i].number, 42);
    }
}

static void nothing_can_be_written(void **state) {
    (void)state;
    struct job job = job_of("DELETE FROM import_ledger");
    begin(url);
    assert_true(workers_take(workers, &job.job));
    loop_until_done(&job, 1);
    assert_int_equal(job.status, STORE_REFUSED);
    end();
}

static void what_fails_is_tried_again(void **state) {
    (void)state;
    enum { JOBS = WORKERS_TRIES + 1 };
    struct job jobs[JOBS];
    begin(url);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i] = job_of("SELECT 42");
        jobs[i].n_fail = i;
        assert_true(workers_take(workers, &jobs[i].job));
    }
    loop_until_done(jobs, JOBS);
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].n_run, i < WORKERS_TRIES ? i + 1 : WORKERS_TRIES);
        assert_int_equal(jobs[i].job.failed, i == WORKERS_TRIES);
        assert_int_equal(jobs[i].number, 42);
    }
    /* Not what nobody waits for any more. */
    struct job given_up = job_of(NULL);
    given_up.job.storeless = false;
    given_up.n_fail = 2;
    while (sem_trywait(&begun) == 0)
        continue;
    assert_true(workers_take(workers, &given_up.job));
    sem_wait(&begun);
    workers_cancel(workers, &given_up.job);
    sem_post(&gate);
    loop_until_done(&given_up, 1);
    assert_int_equal(given_up.n_run, 1);
    end();
}

/* N run, 64 wait; one more is refused, and counted. */
static void no_more_than_can_wait(void **state) {
    (void)state;
    enum { JOBS = N + WORKERS_WAITING + 1 };
    struct job jobs[JOBS];
    begin(url);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = job_of(NULL);
        assert_int_equal(workers_take(workers, &jobs[i].job), i < JOBS - 1);
        if (i < N) sem_wait(&begun);
    }
    assert_true(is_shown("\nflowimport_queries_running 3\n"));
    assert_true(is_shown("\nflowimport_queries_waiting 64\n"));
    assert_true(is_shown("\nflowimport_queries_refused_total 1\n"));
    for (int i = 0; i < JOBS; i++)
        sem_post(&gate);
    loop_until_done(jobs, JOBS - 1);
    assert_true(is_shown("\nflowimport_queries_running 0\n"));
    end();
    assert_int_equal(jobs[JOBS - 1].n_done, 0);
}

static void cancelled_while_it_runs(void **state) {
    (void)state;
    struct job jobs[2 * N];
    begin(url);
    for (int i = 0; i < 2 * N; i++) {
        jobs[i] = job_of(ENDLESS);
        assert_true(workers_take(workers, &jobs[i].job));
        if (i < N) sem_wait(&begun);
    }
    workers_cancel(workers, &jobs[N].job); /* waits */
    loop_until_done(&jobs[N], 1);
    assert_false(jobs[N].job.has_run);
    for (int i = 0; i < 2 * N; i++)
        if (i != N) workers_cancel(workers, &jobs[i].job);
    loop_until_done(jobs, 2 * N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(jobs[i].n_done, 1);
        assert_int_equal(jobs[i].status, STORE_RETRY);
        assert_non_null(strstr(jobs[i].error.text, ": the query was cancelled"));
    }
    /* The connections are good for others. */
    struct job next = job_of("SELECT 1");
    assert_true(workers_take(workers, &next.job));
    loop_until_done(&next, 1);
    assert_int_equal(next.status, STORE_OK);
    assert_true(is_shown("\nflowimport_queries_cancelled_total 6\n"));
    end();
}

static void freed_with_all_under_way(void **state) {
    (void)state;
    struct job jobs[2 * N];
    begin(url);
    for (int i = 0; i < 2 * N; i++) {
        jobs[i] = job_of(ENDLESS);
        assert_true(workers_take(workers, &jobs[i].job));
        if (i < N) sem_wait(&begun);
    }
    end();
    for (int i = 0; i < 2 * N; i++) {
        assert_int_equal(jobs[i].n_done, 1);
        assert_int_equal(jobs[i].job.has_run, i < N);
    }
}

static void without_a_store(void **state) {
    (void)state;
    begin("sqlite:/nowhere/flows.db");
    struct job jobs[2] = {job_of("SELECT 1"), job_of(NULL)};
    sem_post(&gate);
    for (int i = 0; i < 2; i++)
        assert_true(workers_take(workers, &jobs[i].job));
    loop_until_done(jobs, 2);
    assert_false(jobs[0].job.has_run);
    assert_non_null(strstr(jobs[0].job.error.text, "sqlite:/nowhere/flows.db: "));
    assert_true(jobs[1].job.has_run);
    end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_come_back),
        cmocka_unit_test(nothing_can_be_written),
        cmocka_unit_test(what_fails_is_tried_again),
        cmocka_unit_test(no_more_than_can_wait),
        cmocka_unit_test(cancelled_while_it_runs),
        cmocka_unit_test(freed_with_all_under_way),
        cmocka_unit_test(without_a_store),
    };
    log_init("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
