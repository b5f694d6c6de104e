/* Entries that report loss: their text, why one is refused, their rows, and these in a store. */
#include "import/losses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "flow/names.h"
#include "import/flush.h"
#include "import/fold.h"

enum { NOW = 1700003000, SIZE = 600, FIRST = 1700002800 }; /* FIRST: a bucket's begin */

static void text_and_back(void **state) {
    (void)state;
    const struct lost lost = {LOST_FLOWS, 12, "192.0.2.1/0", 1700000000, 1700000004};
    char text[LOST_ENTRY_MAX];
    struct lost back;
    struct reject reject;
    size_t len = lost_write(&lost, text);
    assert_string_equal(
        text, "{\"lost\":12,\"what\":\"flows\",\"source\":\"192.0.2.1/0\",\"start\":1700000000,\"end\":1700000004}");
    assert_int_equal(len, strlen(text));
    assert_true(lost_is(text, len));
    assert_int_equal(lost_read(text, len, &back, &reject), 0);
    assert_memory_equal(&back.source, "192.0.2.1/0", 12);
    assert_int_equal(back.what, LOST_FLOWS);
    assert_int_equal(back.n, 12);
    assert_int_equal(back.start, 1700000000);
    assert_int_equal(back.end, 1700000004);
}

/* The longest there is has room, and what JSON would have to escape is replaced. */
static void longest_text(void **state) {
    (void)state;
    struct lost lost = {LOST_DATAGRAMS, INT64_MAX, "\"\\\n", UINT32_MAX, UINT32_MAX}, back;
    char text[LOST_ENTRY_MAX];
    struct reject reject;
    memset(lost.source + 3, 'x', LOST_SOURCE_MAX - 4);
    size_t len = lost_write(&lost, text);
    assert_true(len < LOST_ENTRY_MAX);
    assert_int_equal(lost_read(text, len, &back, &reject), 0);
    assert_memory_equal(back.source, "???xxx", 6);
    assert_int_equal(strlen(back.source), LOST_SOURCE_MAX - 1);
    assert_int_equal(back.n, INT64_MAX);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *field, *value;
        enum reject_reason reason;
    } cases[] = {
        {"{\"lost\":", "", "", REJECT_NOT_JSON},
        {"{\"lost\":1}", "what", "", REJECT_MISSING_FIELD},
        {"{\"lost\":\"1\",\"what\":\"flows\"}", "lost", "\"1\"", REJECT_WRONG_TYPE},
        {"{\"lost\":-1,\"what\":\"flows\"}", "lost", "-1", REJECT_OUT_OF_RANGE},
        {"{\"lost\":1,\"what\":7}", "what", "7", REJECT_WRONG_TYPE},
        {"{\"lost\":1,\"what\":\"fish\",\"source\":\"a\",\"start\":1,\"end\":2}", "what", "\"fish\"",
         REJECT_OUT_OF_RANGE},
        {"{\"lost\":1,\"what\":\"flows\",\"source\":\"a\",\"start\":4294967296,\"end\":2}", "start", "4294967296",
         REJECT_OUT_OF_RANGE},
        {"{\"lost\":1,\"what\":\"flows\",\"source\":\"a\",\"start\":3,\"end\":2}", "end", "2",
         REJECT_ENDS_BEFORE_START},
        {"{\"lost\":1,\"what\":\"flows\",\"source\":"
         "\"0123456789012345678901234567890123456789012345678901234567890123\",\"start\":3,\"end\":3}",
         "source", "\"01234567890123456789012345678901234567890123456789012345678901", REJECT_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lost lost;
        struct reject reject;
        assert_int_equal(lost_read(cases[i].text, strlen(cases[i].text), &lost, &reject), -1);
        assert_int_equal(reject.reason, cases[i].reason);
        assert_string_equal(reject.field, cases[i].field);
        assert_string_equal(reject.value, cases[i].value);
    }
}

static void rows_of_buckets(void **state) {
    (void)state;
    struct losses losses = {NULL, 0};
    const struct lost across = {LOST_FLOWS, 10, "a", FIRST - 300, FIRST + 599 + 100};
    const struct lost again = {LOST_FLOWS, 5, "a", FIRST, FIRST}, other = {LOST_SETS, 5, "a", FIRST, FIRST};
    assert_true(losses_add(&losses, &across, SIZE)); /* 300, 600 and 100 of 1,000 seconds */
    assert_true(losses_add(&losses, &again, SIZE));
    assert_true(losses_add(&losses, &other, SIZE));
    assert_int_equal(losses.n, 4);
    assert_int_equal(losses.rows[0].bucket, FIRST - SIZE);
    assert_int_equal(losses.rows[0].lost, 3);
    assert_int_equal(losses.rows[1].bucket, FIRST);
    assert_int_equal(losses.rows[1].lost, 6 + 5);
    assert_int_equal(losses.rows[2].bucket, FIRST + SIZE);
    assert_int_equal(losses.rows[2].lost, 1);
    assert_int_equal(losses.rows[3].what, LOST_SETS);
    losses_clear(&losses);
    assert_int_equal(losses.n, 0);
}

static void as_many_as_there_is_room_for(void **state) {
    (void)state;
    struct losses losses = {NULL, 0};
    struct lost lost = {LOST_FLOWS, LOSSES_MAX, "a", 0, LOSSES_MAX * SIZE - 1};
    assert_true(losses_add(&losses, &lost, SIZE));
    assert_int_equal(losses.n, LOSSES_MAX);
    assert_int_equal(losses.rows[LOSSES_MAX - 1].lost, 1);
    lost.end = lost.start;
    assert_false(losses_add(&losses, &lost, SIZE));
    assert_int_equal(losses.rows[0].lost, 1);
    losses_clear(&losses);
}

/* Folded, flushed twice, added up. */
static int row_show(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct buffer *out = context;
    (void)lengths;
    for (unsigned i = 0; i < n; i++)
        buffer_printf(out, "%s%s", i ? " " : "", columns[i]);
    buffer_add_text(out, "\n");
    return 0;
}

static void into_the_table(void **state) {
    (void)state;
    static const uint32_t size = SIZE;
    static const struct store_config config = {.url = "memory:"};
    const struct check_rules rules = {.max_flow_duration = 86400, .max_future = 3600, .max_flow_age = 7200};
    static const char *const entries[] = {
        "{\"lost\":10,\"what\":\"flows\",\"source\":\"192.0.2.1/0\",\"start\":1700002500,\"end\":1700003099}",
        "{\"lost\":3,\"what\":\"sets\",\"source\":\"192.0.2.1/0\",\"start\":1700002800,\"end\":1700002800}",
        "{\"lost\":7,\"what\":\"flows\",\"source\":\"a\",\"start\":1699990000,\"end\":1699990000}", /* too old */
        "{\"lost\":7,\"what\":\"flows\",\"source\":\"a\",\"start\":1700002800,\"end\":1700007000}", /* in future */
    };
    struct flow_layout layout;
    struct schema schema;
    struct folder folder;
    struct generation generation;
    struct generation_id id = {"here", 1};
    struct store *store;
    struct error error = {""};
    struct buffer rows = BUFFER_INIT;
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error), 0);
    schema_init(&schema, &layout, &size, 1);
    folder_init(&folder, &layout, &rules);
    generation_init(&generation, cache_new(&layout, &schema, 8 << 20, 1));
    assert_int_equal(store_open(&store, &config, &schema, &error), STORE_OK);
    for (; id.generation <= 2; id.generation++) {
        generation_start(&generation, &id);
        for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
            assert_int_equal(fold_entry(&folder, &generation, NOW, entries[i], strlen(entries[i])), FOLD_TAKEN);
        assert_int_equal(generation.ledger.imported, 2);
        assert_int_equal(generation.ledger.too_old, 1);
        assert_int_equal(generation.ledger.rejected, 1);
        assert_int_equal(generation.ledger.flows, 0);
        assert_int_equal(flush_cache(generation.cache, &generation.losses, NULL, &layout, &schema, store,
                                     &generation.ledger, &error),
                         STORE_OK);
    }
    assert_int_equal(store_query(store, "SELECT bucket, source, what, lost FROM loss ORDER BY bucket, what", NULL, 0,
                                 row_show, &rows, &error),
                     STORE_OK);
    assert_string_equal(rows.data, "1700002200 192.0.2.1/0 flows 10\n"
                                   "1700002800 192.0.2.1/0 flows 10\n"
                                   "1700002800 192.0.2.1/0 sets 6\n");
    buffer_release(&rows);
    store_close(store);
    generation_release(&generation);
    folder_release(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(longest_text),
        cmocka_unit_test(refused),
        cmocka_unit_test(rows_of_buckets),
        cmocka_unit_test(as_many_as_there_is_room_for),
        cmocka_unit_test(into_the_table),
    };
    names_init();
    return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
