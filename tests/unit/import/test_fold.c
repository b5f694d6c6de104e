/* An entry into a generation: verdicts, counters, the bound of a 63-bit sum, and when the generation is full. */
#include "import/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "entry_check.h"
#include "flow/names.h"
#include "flow/rejected.h"

enum { NOW = 1700003000, LIMIT = 8 << 20 };

static struct flow_layout layout;
static struct schema schema;
static struct folder folder;
static struct generation generation;

static void begin(size_t limit, const struct check_rules *rules) {
    static const uint32_t size = 600;
    static const struct generation_id id = {"here", 17};
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, &size, 1);
    folder_init(&folder, &layout, rules);
    generation_init(&generation, cache_new(&layout, &schema, limit, 1));
    generation_start(&generation, &id);
}

static const struct check_rules standard = {.max_flow_duration = 86400, .max_future = 3600};

static int setup(void **state) {
    (void)state;
    names_init();
    begin(LIMIT, &standard);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    folder_release(&folder);
    generation_release(&generation);
    return 0;
}

static enum fold_verdict fold(const char *changes) {
    char json[1024];
    entry_make(json, "", changes);
    return fold_entry(&folder, &generation, NOW, json, strlen(json));
}

static void ledger_is(uint64_t entries, uint64_t imported, uint64_t too_old, uint64_t rejected, uint64_t packets,
                      sum_wide octets, uint64_t flows) {
    const struct ledger_row *ledger = &generation.ledger;
    assert_int_equal(ledger->entries, entries);
    assert_int_equal(ledger->imported, imported);
    assert_int_equal(ledger->too_old, too_old);
    assert_int_equal(ledger->rejected, rejected);
    assert_int_equal(ledger->sums[0], packets);
    assert_true(ledger->sums[1] == octets);
    assert_int_equal(ledger->flows, flows * FLOW_UNIT);
    assert_int_equal(generation.n_rejects, rejected);
}

static void taken_too_old_or_rejected(void **state) {
    (void)state;
    folder.rules.max_flow_age = 500;
    assert_true(generation_is_empty(&generation));
    assert_int_equal(fold(""), FOLD_TAKEN);
    ledger_is(1, 1, 0, 0, 10, 1000, 1);
    assert_int_equal(fold("\"revOctetDeltaCount\":7"), FOLD_TAKEN);
    ledger_is(2, 2, 0, 0, 20, 2007, 3);
    assert_int_equal(fold("\"flowStartSeconds\":1700002499"), FOLD_TAKEN);
    ledger_is(3, 2, 1, 0, 20, 2007, 3);
    /* The forward direction decides about the age. */
    assert_int_equal(fold("\"revOctetDeltaCount\":7,\"revFlowStartSeconds\":1,\"revFlowEndSeconds\":2"), FOLD_TAKEN);
    ledger_is(4, 3, 1, 0, 30, 3014, 5);
    assert_int_equal(fold("\"revOctetDeltaCount\":7,\"flowStartSeconds\":1,\"flowEndSeconds\":2"), FOLD_TAKEN);
    ledger_is(5, 3, 2, 0, 30, 3014, 5);
    assert_int_equal(fold("\"octetDeltaCount\":null"), FOLD_TAKEN);
    ledger_is(6, 3, 2, 1, 30, 3014, 5);
    /* A direction that can't be right refuses both. */
    assert_int_equal(fold("\"revOctetDeltaCount\":7,\"revFlowEndSeconds\":1"), FOLD_TAKEN);
    ledger_is(7, 3, 2, 2, 30, 3014, 5);
    assert_int_equal(fold("\"flowEndSeconds\":1700006601"), FOLD_TAKEN);
    ledger_is(8, 3, 2, 3, 30, 3014, 5);
    assert_false(generation_is_empty(&generation));
    assert_int_equal(generation.reasons[REJECT_MISSING_FIELD], 1);
    assert_int_equal(generation.reasons[REJECT_ENDS_BEFORE_START], 1);
    assert_int_equal(generation.reasons[REJECT_IN_FUTURE], 1);
    static const char first[] =
        "{\"reason\":\"missing-field\",\"field\":\"octetDeltaCount\",\"value\":\"\",\"time\":1700003000}\n{ ";
    assert_memory_equal(generation.rejects.data, first, sizeof first - 1);
    assert_int_equal(generation.reject_ends[2], generation.rejects.len);
    assert_string_equal(generation.ledger.id.consumer, "here");
    assert_int_equal(generation.ledger.id.generation, 17);
    /* What is folded is in the cache. */
    struct cache_rows rows = cache_rows(generation.cache, 600, FLOW_IPV4);
    assert_int_equal(rows.n, 3);
    static const struct generation_id next = {"here", 18};
    generation_start(&generation, &next);
    assert_true(generation_is_empty(&generation));
    ledger_is(0, 0, 0, 0, 0, 0, 0);
    assert_int_equal(generation.rejects.len, 0);
    assert_int_equal(generation.ledger.id.generation, 18);
    assert_int_equal(cache_row_count(generation.cache), 0);
    assert_int_equal(generation.reasons[REJECT_MISSING_FIELD], 0);
}

static void the_word_end(void **state) {
    (void)state;
    static const char *const strangers[] = {"end", "END ", " END", "END\n", "\"END\"", "EN", "E", "ENDE", ""};
    assert_int_equal(fold_entry(&folder, &generation, NOW, "END", 3), FOLD_END);
    ledger_is(0, 0, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        assert_int_equal(fold_entry(&folder, &generation, NOW, strangers[i], strlen(strangers[i])), FOLD_TAKEN);
    ledger_is(9, 0, 0, 9, 0, 0, 0);
    assert_int_equal(generation.reasons[REJECT_NOT_JSON], 8);
    assert_int_equal(generation.reasons[REJECT_NOT_AN_OBJECT], 1);
}

#define MAX "9223372036854775807"
#define TOO_LARGE(field, value)                                                                                        \
    "{\"reason\":\"too-large\",\"field\":\"" field "\",\"value\":\"" value "\",\"time\":1700003000}\n"

static void last_reject_is(const char *line) {
    size_t n = generation.n_rejects, start = n > 1 ? generation.reject_ends[n - 2] : 0;
    assert_true(n > 0);
    assert_true(generation.rejects.len - start > strlen(line));
    assert_memory_equal(generation.rejects.data + start, line, strlen(line));
}

/* An entry is refused for what it claims, never for what others have used up. */
static void the_ledger_has_exact_sums(void **state) {
    (void)state;
    assert_int_equal(fold("\"octetDeltaCount\":" MAX), FOLD_TAKEN);
    ledger_is(1, 1, 0, 0, 10, INT64_MAX, 1);
    assert_int_equal(fold("\"octetDeltaCount\":0"), FOLD_TAKEN);
    ledger_is(2, 2, 0, 0, 20, INT64_MAX, 2);
    assert_int_equal(fold("\"octetDeltaCount\":1"), FOLD_TAKEN);
    ledger_is(3, 3, 0, 0, 30, (sum_wide)INT64_MAX + 1, 3);
    assert_int_equal(fold("\"octetDeltaCount\":" MAX ",\"revOctetDeltaCount\":" MAX), FOLD_TAKEN);
    ledger_is(4, 4, 0, 0, 40, 3 * (sum_wide)INT64_MAX + 1, 5);
    folder.rules.max_sums[1] = 999;
    assert_int_equal(fold(""), FOLD_TAKEN);
    ledger_is(5, 4, 0, 1, 40, 3 * (sum_wide)INT64_MAX + 1, 5);
    last_reject_is(TOO_LARGE("octetDeltaCount", "1000"));
    assert_int_equal(generation.reasons[REJECT_TOO_LARGE], 1);
}

/* Room for three rows of one bucket. */
static void a_full_cache(void **state) {
    (void)state;
    teardown(NULL);
    begin(3 * 80 + 4 * 4096, &standard);
    assert_int_equal(fold("\"flowStartSeconds\":1700000400,\"flowEndSeconds\":1700002820"), FOLD_TAKEN);
    ledger_is(1, 0, 0, 1, 0, 0, 0);
    last_reject_is(
        "{\"reason\":\"too-long\",\"field\":\"flowEndSeconds\",\"value\":\"1700002820\",\"time\":1700003000}\n");
    assert_int_equal(generation.reasons[REJECT_TOO_LONG], 1);
    for (unsigned i = 0; i < 3; i++) {
        char changes[64];
        sprintf(changes, "\"sourceTransportPort\":%u", i);
        assert_int_equal(fold(changes), FOLD_TAKEN);
    }
    ledger_is(4, 3, 0, 1, 30, 3000, 3);
    assert_int_equal(fold("\"sourceTransportPort\":3"), FOLD_FULL);
    assert_int_equal(fold("\"sourceTransportPort\":3"), FOLD_FULL);
    ledger_is(4, 3, 0, 1, 30, 3000, 3);
    assert_int_equal(cache_rows(generation.cache, 600, FLOW_IPV4).n, 3);
    /* What needs no room is taken still. */
    assert_int_equal(fold("\"octetDeltaCount\":\"x\""), FOLD_TAKEN);
    ledger_is(5, 3, 0, 2, 30, 3000, 3);
    static const struct generation_id next = {"here", 18};
    generation_start(&generation, &next);
    assert_int_equal(fold("\"sourceTransportPort\":3"), FOLD_TAKEN);
    ledger_is(1, 1, 0, 0, 10, 1000, 1);
}

/* A generation that was committed before is gone through for its refused entries alone. */
static void recounting_sums_nothing(void **state) {
    (void)state;
    generation.recount = true;
    assert_int_equal(fold(""), FOLD_TAKEN);
    assert_int_equal(fold("\"octetDeltaCount\":\"x\""), FOLD_TAKEN);
    ledger_is(2, 1, 0, 1, 10, 1000, 1);
    assert_int_equal(cache_rows(generation.cache, 600, FLOW_IPV4).n, 0);
}

static void refused_entries_fill_a_generation(void **state) {
    (void)state;
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG);
    assert_non_null(text);
    memset(text, 'x', LONG);
    unsigned taken = 0;
    while (fold_entry(&folder, &generation, NOW, text, LONG) == FOLD_TAKEN)
        taken++;
    /* 64 KiB of each; the last of 256 would end beyond 16 MiB, by the lines before each entry. */
    assert_int_equal(taken, 255);
    ledger_is(255, 0, 0, 255, 0, 0, 0);
    assert_true(generation.rejects.len <= GENERATION_REJECTS_BYTES);
    assert_int_equal(generation.reasons[REJECT_NOT_JSON], 255);
    /* Good entries and small refused ones are taken still. */
    assert_int_equal(fold(""), FOLD_TAKEN);
    assert_int_equal(fold_entry(&folder, &generation, NOW, "x", 1), FOLD_TAKEN);
    ledger_is(257, 1, 0, 256, 10, 1000, 1);
    free(text);
}

/* Refused by its length: no more than its head is there to be read. */
static void one_huge_entry(void **state) {
    (void)state;
    static const char line[] = "{\"reason\":\"too-big\",\"field\":\"\",\"value\":\"1048577 bytes\",\"time\":1700003000,"
                               "\"bytes\":1048577}\n";
    static const struct {
        size_t len;
        enum reject_reason reason;
    } cases[] = {{ENTRY_BYTES_MAX + 1, REJECT_TOO_BIG}, {(size_t)1 << 40, REJECT_TOO_BIG}};
    char *text = malloc(ENTRY_HEAD_BYTES); /* a sanitizer sees who reads on */
    assert_non_null(text);
    memset(text, '[', ENTRY_HEAD_BYTES);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fold_entry(&folder, &generation, NOW, text, cases[i].len), FOLD_TAKEN);
        ledger_is(i + 1, 0, 0, i + 1, 0, 0, 0);
        assert_int_equal(generation.reasons[cases[i].reason], i + 1);
    }
    assert_int_equal(generation.reject_ends[0], sizeof line - 1 + ENTRY_HEAD_BYTES);
    assert_memory_equal(generation.rejects.data, line, sizeof line - 1);
    free(text);
}

/* Rows that another importer has added up: whole flows, in one bucket, refused by the same rules. */
static void rows_of_many_flows(void **state) {
    (void)state;
    const struct tuple tuple = {0x0a000001, 0x0a000002, 443, 443, 6};
    struct flow_record row = record_make(&layout, FLOW_IPV4, tuple, 1700002800, 1700002800, 10, 1000);
    struct reject reject;
    assert_int_equal(fold_row(&folder, &generation, NOW, &row, 3, &reject), FOLD_TAKEN);
    assert_int_equal(fold_row(&folder, &generation, NOW, &row, 0, &reject), FOLD_TAKEN);
    ledger_is(2, 2, 0, 0, 20, 2000, 3);
    struct cache_rows rows = cache_rows(generation.cache, 600, FLOW_IPV4);
    static const uint64_t sums[] = {20, 2000, 3 * FLOW_UNIT};
    assert_int_equal(rows.n, 1);
    assert_memory_equal(rows.rows, sums, sizeof sums);
    folder.rules.max_sums[1] = 1000;
    row.sums[1] = 1001;
    assert_int_equal(fold_row(&folder, &generation, NOW, &row, 1, &reject), FOLD_TAKEN);
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    row.sums[1] = 1;
    row.start = row.end = NOW + 3601;
    assert_int_equal(fold_row(&folder, &generation, NOW, &row, 1, &reject), FOLD_TAKEN);
    assert_int_equal(reject.reason, REJECT_IN_FUTURE);
    assert_int_equal(generation.reasons[REJECT_TOO_LARGE], 1);
    assert_int_equal(generation.reasons[REJECT_IN_FUTURE], 1);
    assert_int_equal(generation.ledger.entries, 4);
    assert_int_equal(generation.ledger.rejected, 2);
    uint32_t n = 0;
    row.start = row.end = 1700002800;
    do
        memcpy(row.key, &n, sizeof n);
    while (fold_row(&folder, &generation, NOW, &row, 1, &reject) == FOLD_TAKEN && ++n < 1000000);
    assert_in_range(n, 10000, 200000);
    assert_int_equal(generation.ledger.imported, 2 + n);
}

static void old_flows_of_a_list_are_left_out(void **state) {
    char entry[2200] = "[", object[1024];
    (void)state;
    folder.rules.max_flow_age = 500;
    entry_make(object, "", "\"flowStartSeconds\":1700002499,\"flowEndSeconds\":1700002499");
    strcat(strcat(entry, object), "]");
    assert_int_equal(fold_entry(&folder, &generation, NOW, entry, strlen(entry)), FOLD_TAKEN);
    ledger_is(1, 0, 1, 0, 0, 0, 0);
    entry[strlen(entry) - 1] = ',';
    entry_make(object, "", "\"flowStartSeconds\":1700002500,\"flowEndSeconds\":1700002500");
    strcat(strcat(entry, object), "]");
    assert_int_equal(fold_entry(&folder, &generation, NOW, entry, strlen(entry)), FOLD_TAKEN);
    ledger_is(2, 1, 1, 0, 10, 1000, 1);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(taken_too_old_or_rejected),         test(the_word_end),   test(the_ledger_has_exact_sums),
        test(old_flows_of_a_list_are_left_out),  test(a_full_cache),   test(recounting_sums_nothing),
        test(refused_entries_fill_a_generation), test(one_huge_entry), test(rows_of_many_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
