/* Generations that a store has confirmed, and no longer has behind another connection: when that is said, and of which.
 */
#include "import/confirmed.h"

#include "store/store_ops.h"
#include "store_env.h"

enum { NOW = 1700003000 };

static struct env env;
static struct confirmed confirmed;

static int setup(void **state) {
    (void)state;
    env_init(&env, "memory:confirmed");
    memset(&confirmed, 0, sizeof confirmed);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    env_release(&env);
    return 0;
}

/* Generation `number`, of so many entries; what is remembered before it is held against the store first. */
static void commit(int64_t number, uint64_t entries) {
    const struct ledger_row row = {.id = {"one", number}, .entries = entries};
    confirmed_add(&confirmed, env.store, &row, NOW);
    generation_write(&env, "one", number, test_flows, 1);
}

static void another_server(const char *change) {
    struct error error = {""};
    env.store->connections++;
    if (store_query(env.store, change, NULL, 0, NULL, NULL, &error) != STORE_OK) fail_msg("%s", error.text);
}

static struct confirmed_missing look(bool expected) {
    struct confirmed_missing missing;
    assert_int_equal(confirmed_look(&confirmed, env.store, NOW, &missing), expected);
    return missing;
}

static void a_server_with_all_of_them_is_not_doubted(void **state) {
    (void)state;
    commit(1, 10);
    commit(2, 20);
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1);
    another_server("SELECT 1");
    commit(3, 30);
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1);
}

static void what_is_missing_twice_is_told_once(void **state) {
    (void)state;
    for (int64_t number = 1; number <= 4; number++)
        commit(number, 10u * (unsigned)number);
    another_server("DELETE FROM import_ledger WHERE generation > 2");
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1); /* nothing was committed there yet */
    commit(5, 50);
    assert_int_equal(confirmed_wait(&confirmed, NOW), CONFIRMED_PATIENCE);
    assert_int_equal(confirmed_wait(&confirmed, NOW + 1), CONFIRMED_PATIENCE - 1);
    assert_int_equal(confirmed_wait(&confirmed, NOW + CONFIRMED_PATIENCE), 0);
    assert_int_equal(confirmed_wait(&confirmed, NOW - 100), 0);
    struct confirmed_missing missing = look(true);
    assert_int_equal(missing.generations, 2);
    assert_int_equal(missing.entries, 70);
    assert_int_equal(missing.first.generation, 3);
    assert_string_equal(missing.first.consumer, "one");
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1);
    commit(6, 60);
    another_server("SELECT 1");
    commit(7, 70);
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1);
}

/* A server that took over applies the rest of what it has received. */
static void what_arrives_late_is_not_missing(void **state) {
    (void)state;
    for (int64_t number = 1; number <= 3; number++)
        commit(number, 10);
    another_server("UPDATE import_ledger SET generation = generation + 100 WHERE generation > 1");
    commit(4, 10);
    assert_int_equal(confirmed_wait(&confirmed, NOW), CONFIRMED_PATIENCE);
    assert_int_equal(store_query(env.store, "UPDATE import_ledger SET generation = 3 WHERE generation = 103", NULL, 0,
                                 NULL, NULL, NULL),
                     STORE_OK);
    struct confirmed_missing missing = look(true);
    assert_int_equal(missing.generations, 1);
    assert_int_equal(missing.first.generation, 2);
    another_server("DELETE FROM import_ledger WHERE generation = 4");
    commit(5, 10);
    assert_int_equal(store_query(env.store, "UPDATE import_ledger SET generation = 4 WHERE generation = 102", NULL, 0,
                                 NULL, NULL, NULL),
                     STORE_OK);
    look(false);
}

static void the_last_ones_are_remembered(void **state) {
    (void)state;
    for (int64_t number = 1; number <= CONFIRMED_MOST + 6; number++)
        commit(number, 1);
    another_server("DELETE FROM import_ledger");
    commit(1000, 1);
    struct confirmed_missing missing = look(true);
    assert_int_equal(missing.generations, CONFIRMED_MOST);
    assert_int_equal(missing.first.generation, 7);
}

static void a_store_that_does_not_answer_is_asked_again(void **state) {
    (void)state;
    commit(1, 10);
    another_server("DELETE FROM import_ledger");
    store_cancel(env.store);
    const struct ledger_row row = {.id = {"one", 2}, .entries = 20};
    confirmed_add(&confirmed, env.store, &row, NOW);
    store_resume(env.store);
    assert_int_equal(confirmed_wait(&confirmed, NOW), -1);
    commit(3, 30);
    assert_int_equal(confirmed_wait(&confirmed, NOW), CONFIRMED_PATIENCE);
    store_cancel(env.store);
    look(false);
    assert_int_equal(confirmed_wait(&confirmed, NOW + CONFIRMED_PATIENCE), 0);
    store_resume(env.store);
    assert_int_equal(look(true).entries, 30); /* the first and the second */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_server_with_all_of_them_is_not_doubted),
        CASE(what_is_missing_twice_is_told_once),
        CASE(what_arrives_late_is_not_missing),
        CASE(the_last_ones_are_remembered),
        CASE(a_store_that_does_not_answer_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
