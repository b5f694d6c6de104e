/* The rows of flowimport_schema. */
#include "store_env.h"

#include "store/settings.h"

static void assert_setting(struct env *env, const char *name, const char *expected) {
    struct error error = {""};
    char *value;
    if (settings_find(env->store, name, &value, &error) != STORE_OK) fail_msg("%s", error.text);
    if (expected)
        assert_string_equal(value, expected);
    else
        assert_null(value);
    free(value);
}

static void settings_are_added_replaced_and_removed(void **state) {
    struct env env;
    struct error error = {""};
    (void)state;
    env_init(&env, "memory:");
    assert_setting(&env, "version", "1");
    assert_setting(&env, "x", NULL);
    assert_int_equal(settings_add(env.store, "x", "one's \"own\"", &error), STORE_OK);
    assert_int_equal(settings_add(env.store, "x", "two", &error), STORE_OK); /* leaves what is there */
    assert_setting(&env, "x", "one's \"own\"");
    assert_int_equal(settings_put(env.store, "x", "three", &error), STORE_OK);
    assert_setting(&env, "x", "three");
    assert_int_equal(settings_put(env.store, "y", "new", &error), STORE_OK);
    assert_setting(&env, "y", "new");
    assert_int_equal(settings_put(env.store, "x", NULL, &error), STORE_OK);
    assert_setting(&env, "x", NULL);
    assert_int_equal(settings_put(env.store, "x", NULL, &error), STORE_OK);
    assert_setting(&env, "y", "new");
    env_release(&env);
}

static void numbers_are_read(void **state) {
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {{"0", 0}, {"1700006400", 1700006400}, {"9223372036854775807", INT64_MAX}, {NULL, -1}};
    struct env env;
    struct error error = {""};
    int64_t number;
    (void)state;
    env_init(&env, "memory:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(settings_put(env.store, "n", cases[i].text, &error), STORE_OK);
        assert_int_equal(settings_number(env.store, "n", &number, &error), STORE_OK);
        assert_true(number == cases[i].number);
    }
    env_release(&env);
}

/* From when on a size is complete: what it was added at, or what retention has dropped, whichever is later. */
static void a_size_is_complete_from_somewhere_on(void **state) {
    static const struct {
        const char *added, *expired;
        uint32_t from, kept;
    } cases[] = {
        {NULL, NULL, 0, 0},
        {"1700092800", NULL, 1700092800, 0},
        {NULL, "1700006400", 1700006400, 1700006400},
        {"1700092800", "1700006400", 1700092800, 1700006400},
        {"1700092800", "1700179200", 1700179200, 1700179200},
        {"1700092800", "1700092800", 1700092800, 1700092800},
    };
    struct env env;
    struct error error = {""};
    uint32_t from, kept;
    (void)state;
    env_init(&env, "memory:");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(settings_put(env.store, "size_600_from", cases[i].added, &error), STORE_OK);
        assert_int_equal(settings_put(env.store, "size_600_expired", cases[i].expired, &error), STORE_OK);
        assert_int_equal(settings_size(env.store, 600, &from, &kept, &error), STORE_OK);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(kept, cases[i].kept);
        assert_int_equal(settings_size(env.store, 60, &from, &kept, &error), STORE_OK); /* another's */
        assert_int_equal(from, 0);
    }
    env_release(&env);
}

static void without_the_table_it_is_an_error(void **state) {
    struct env env;
    struct error error = {""};
    int64_t number;
    uint32_t from, kept;
    (void)state;
    env_init(&env, "memory:");
    assert_run(&env, "DROP TABLE flowimport_schema");
    assert_int_equal(settings_number(env.store, "n", &number, &error), STORE_REFUSED);
    assert_contains(error.text, "no such table: flowimport_schema");
    assert_int_equal(number, -1);
    assert_int_equal(settings_size(env.store, 600, &from, &kept, &error), STORE_REFUSED);
    assert_int_equal(settings_put(env.store, "n", "1", &error), STORE_REFUSED);
    env_release(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_added_replaced_and_removed),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(a_size_is_complete_from_somewhere_on),
        cmocka_unit_test(without_the_table_it_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
