/* Redis' settings: read from answers of CONFIG and INFO, and judged in every combination. */
#include "queue/redis_settings.h"

#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void text_read(struct redis_settings *settings, const char *text) {
    char copy[400];
    snprintf(copy, sizeof copy, "%s", text);
    redis_settings_read(settings, &(redisReply){.type = REDIS_REPLY_STRING, .str = copy, .len = strlen(copy)});
}

static void config_read(struct redis_settings *settings, const char *name, const char *value) {
    char texts[2][64];
    snprintf(texts[0], sizeof texts[0], "%s", name);
    snprintf(texts[1], sizeof texts[1], "%s", value);
    redisReply parts[2] = {{.type = REDIS_REPLY_STRING, .str = texts[0]},
                           {.type = REDIS_REPLY_STRING, .str = texts[1]}};
    redisReply *elements[2] = {&parts[0], &parts[1]};
    redis_settings_read(settings, &(redisReply){.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements});
}

/* Every combination of what can be known; each finding by its own rule, written out once more. */
static void every_combination(void **state) {
    (void)state;
    static const char *const policies[] = {"",
                                           "noeviction",
                                           "allkeys-lru",
                                           "allkeys-lfu",
                                           "allkeys-random",
                                           "volatile-lru",
                                           "volatile-lfu",
                                           "volatile-random",
                                           "volatile-ttl"};
    static const char *const syncs[] = {"", "no", "everysec", "always"};
    unsigned combinations = 0, clean = 0;
    for (unsigned p = 0; p < 9; p++)
        for (unsigned y = 0; y < 4; y++)
            for (unsigned bits = 0; bits < 81; bits++) {
                struct redis_settings settings = {.limited = (enum redis_known)(bits % 3),
                                                  .appends = (enum redis_known)(bits / 3 % 3),
                                                  .snapshots = (enum redis_known)(bits / 9 % 3),
                                                  .failing = (enum redis_known)(bits / 27)};
                snprintf(settings.policy, sizeof settings.policy, "%s", policies[p]);
                snprintf(settings.sync, sizeof settings.sync, "%s", syncs[y]);
                bool off = settings.appends == REDIS_NO, none = settings.snapshots == REDIS_NO;
                unsigned expected = 0;
                if (settings.limited == REDIS_YES && p >= 2)
                    expected |= 1u << (p < 5 ? REDIS_EVICTS_ENTRIES : REDIS_EVICTS_LIFE);
                if (off) expected |= 1u << (none ? REDIS_KEEPS_NOTHING : REDIS_KEEPS_SNAPSHOTS);
                if (settings.appends == REDIS_YES && y == 1) expected |= 1u << REDIS_SYNCS_LATE;
                if (settings.failing == REDIS_YES) expected |= 1u << REDIS_WRITES_FAIL;
                assert_int_equal(redis_settings_judge(&settings), expected);
                clean += expected == 0;
                combinations++;
            }
    assert_int_equal(combinations, 2916);
    assert_int_equal(clean,
                     840); /* 20 of policies and limits, 7 of appending and syncs, 3 of snapshots, 2 of failing */
}

static void of_nothing_known_nothing_is_found(void **state) {
    (void)state;
    struct redis_settings settings = {.limited = REDIS_UNKNOWN};
    char text[] = "NOPERM";
    redis_settings_read(&settings, &(redisReply){.type = REDIS_REPLY_ERROR, .str = text});
    redis_settings_read(&settings, &(redisReply){.type = REDIS_REPLY_NIL});
    redis_settings_read(&settings, &(redisReply){.type = REDIS_REPLY_ARRAY, .elements = 0});
    text_read(&settings, "");
    text_read(&settings, "# Memory\r\nused_memory:12\r\nno colon\r\n:\r\n");
    config_read(&settings, "port", "6379");
    assert_int_equal(redis_settings_judge(&settings), 0);
    assert_memory_equal(&settings, &(struct redis_settings){.limited = REDIS_UNKNOWN}, sizeof settings);
}

static void info_alone(void **state) {
    (void)state;
    struct redis_settings settings = {.limited = REDIS_UNKNOWN};
    text_read(&settings, "# Memory\r\nmaxmemory:1000\r\nmaxmemory_human:1000B\r\nmaxmemory_policy:allkeys-lru\r\n");
    text_read(&settings, "# Persistence\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0\r\naof_last_write_status:ok\r\n");
    assert_string_equal(settings.policy, "allkeys-lru");
    assert_int_equal(settings.limited, REDIS_YES);
    assert_int_equal(settings.appends, REDIS_NO);
    assert_int_equal(settings.snapshots, REDIS_UNKNOWN);
    assert_int_equal(settings.failing, REDIS_NO);
    assert_int_equal(redis_settings_judge(&settings), 1u << REDIS_EVICTS_ENTRIES | 1u << REDIS_KEEPS_SNAPSHOTS);
}

static void a_failure_of_either_kind(void **state) {
    (void)state;
    static const char *const infos[] = {"rdb_last_bgsave_status:err\naof_last_write_status:ok\n",
                                        "rdb_last_bgsave_status:ok\naof_last_write_status:err\n"};
    for (unsigned i = 0; i < 2; i++) {
        struct redis_settings settings = {.limited = REDIS_UNKNOWN};
        text_read(&settings, infos[i]);
        assert_int_equal(settings.failing, REDIS_YES);
    }
}

static void config_too(void **state) {
    (void)state;
    struct redis_settings settings = {.limited = REDIS_UNKNOWN};
    config_read(&settings, "maxmemory-policy", "noeviction");
    config_read(&settings, "save", "");
    config_read(&settings, "appendonly", "yes");
    config_read(&settings, "appendfsync", "everysec");
    assert_string_equal(settings.policy, "noeviction");
    assert_int_equal(settings.snapshots, REDIS_NO);
    assert_int_equal(redis_settings_judge(&settings), 0);
    config_read(&settings, "appendfsync", "no");
    assert_int_equal(redis_settings_judge(&settings), 1u << REDIS_SYNCS_LATE);
    config_read(&settings, "appendonly", "no");
    assert_int_equal(redis_settings_judge(&settings), 1u << REDIS_KEEPS_NOTHING);
    config_read(&settings, "save", "3600 1 300 100");
    assert_int_equal(redis_settings_judge(&settings), 1u << REDIS_KEEPS_SNAPSHOTS);
}

static void each_finding_has_its_words(void **state) {
    (void)state;
    for (unsigned i = 0; i < REDIS_FINDINGS; i++) {
        assert_true(strlen(redis_finding_name((enum redis_finding)i)) > 0);
        assert_true(strlen(redis_finding_meaning((enum redis_finding)i)) > 0);
        assert_non_null(strstr(redis_finding_fix((enum redis_finding)i), "redis-cli "));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination), cmocka_unit_test(of_nothing_known_nothing_is_found),
        cmocka_unit_test(info_alone),        cmocka_unit_test(a_failure_of_either_kind),
        cmocka_unit_test(config_too),        cmocka_unit_test(each_finding_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
