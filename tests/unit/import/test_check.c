/* The rules about a flow's times, each at its edge and one beyond, and the port filter. */
#include "import/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flow/names.h"
#include "records.h"

enum { NOW = 1700000000, DAY = 86400, HOUR = 3600 };

static struct flow_layout layout;

static int setup(void **state) {
    (void)state;
    names_init();
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    return 0;
}

#define RULES(age, duration, future, filter)                                                                           \
    {.max_flow_age = (age), .max_flow_duration = (duration), .max_future = (future), .filter_unknown_ports = (filter)}

static const struct {
    struct check_rules rules;
    int64_t now;
    uint32_t start, end;
    enum check_verdict verdict;
    const char *reject;
} cases[] = {
    {RULES(0, DAY, HOUR, false), NOW, NOW - 10, NOW, CHECK_IMPORT, ""},
    {RULES(0, DAY, HOUR, false), NOW, NOW, NOW, CHECK_IMPORT, ""},
    {RULES(0, DAY, HOUR, false), NOW, NOW, NOW - 1, CHECK_REJECT, "ends-before-start flowEndSeconds '1699999999'"},
    {RULES(0, DAY, HOUR, false), NOW, UINT32_MAX, 0, CHECK_REJECT, "ends-before-start flowEndSeconds '0'"},
    {RULES(0, DAY, HOUR, false), NOW, NOW - DAY, NOW, CHECK_IMPORT, ""},
    {RULES(0, DAY, HOUR, false), NOW, NOW - DAY - 1, NOW, CHECK_REJECT, "too-long flowEndSeconds '1700000000'"},
    {RULES(0, 0, HOUR, false), NOW, NOW, NOW, CHECK_IMPORT, ""},
    {RULES(0, 0, HOUR, false), NOW, NOW - 1, NOW, CHECK_REJECT, "too-long flowEndSeconds '1700000000'"},
    {RULES(0, DAY, HOUR, false), NOW, 0, UINT32_MAX, CHECK_REJECT, "too-long flowEndSeconds '4294967295'"},
    {RULES(0, INT64_MAX, INT32_MAX, false), INT64_C(4294967295), 0, UINT32_MAX, CHECK_IMPORT, ""},
    {RULES(0, DAY, HOUR, false), NOW, NOW, NOW + HOUR, CHECK_IMPORT, ""},
    {RULES(0, DAY, HOUR, false), NOW, NOW, NOW + HOUR + 1, CHECK_REJECT, "in-future flowEndSeconds '1700003601'"},
    {RULES(0, DAY, 0, false), NOW, NOW, NOW, CHECK_IMPORT, ""},
    {RULES(0, DAY, 0, false), NOW, NOW, NOW + 1, CHECK_REJECT, "in-future flowEndSeconds '1700000001'"},
    {RULES(0, DAY, HOUR, false), NOW, UINT32_MAX, UINT32_MAX, CHECK_REJECT, "in-future flowEndSeconds '4294967295'"},
    {RULES(0, DAY, HOUR, false), NOW, 0, 0, CHECK_IMPORT, ""},
    {RULES(HOUR, DAY, HOUR, false), NOW, NOW - HOUR, NOW, CHECK_IMPORT, ""},
    {RULES(HOUR, DAY, HOUR, false), NOW, NOW - HOUR - 1, NOW, CHECK_TOO_OLD, ""},
    {RULES(HOUR, DAY, HOUR, false), NOW, 0, 0, CHECK_TOO_OLD, ""},
    {RULES(1, DAY, HOUR, false), NOW, NOW - 1, NOW, CHECK_IMPORT, ""},
    {RULES(1, DAY, HOUR, false), NOW, NOW - 2, NOW, CHECK_TOO_OLD, ""},
    /* What can't be right is refused, however old it is. */
    {RULES(HOUR, DAY, HOUR, false), NOW, 20, 10, CHECK_REJECT, "ends-before-start flowEndSeconds '10'"},
    {RULES(HOUR, DAY, HOUR, false), NOW, 0, DAY + 1, CHECK_REJECT, "too-long flowEndSeconds '86401'"},
};

static void times_at_their_edges(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tuple tuple = {1, 2, 51515, 443, 6};
        struct flow_record record = record_make(&layout, FLOW_IPV4, tuple, cases[i].start, cases[i].end, 1, 2);
        struct flow_record before = record;
        struct reject reject;
        char text[256] = "";
        enum check_verdict verdict = check_record(&cases[i].rules, &layout, cases[i].now, &record, &reject);
        if (verdict == CHECK_REJECT) reject_show(&reject, text);
        assert_int_equal(verdict, cases[i].verdict);
        assert_string_equal(text, cases[i].reject);
        assert_memory_equal(&record, &before, sizeof record);
    }
}

static const struct {
    struct tuple before;
    uint16_t source_port, destination_port;
} filters[] = {
    {{1, 2, 51515, 443, 6}, 0, 443},  {{1, 2, 443, 51515, 6}, 443, 0}, {{1, 2, 69, 25, 6}, 0, 25},
    {{1, 2, 69, 25, 17}, 69, 0},      {{1, 2, 69, 25, 132}, 69, 25},   {{1, 2, 51515, 65535, 17}, 0, 0},
    {{1, 2, 443, 443, 17}, 443, 443}, {{1, 2, 0, 0, 6}, 0, 0},
};

static void unknown_ports_become_0(void **state) {
    (void)state;
    struct check_rules rules = RULES(0, DAY, HOUR, true);
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        for (unsigned i = 0; i < sizeof filters / sizeof filters[0]; i++) {
            struct tuple after = filters[i].before;
            struct reject reject;
            after.source_port = filters[i].source_port;
            after.destination_port = filters[i].destination_port;
            struct flow_record record =
                record_make(&layout, (enum flow_family)family, filters[i].before, NOW, NOW, 1, 2);
            struct flow_record wanted = record_make(&layout, (enum flow_family)family, after, NOW, NOW, 1, 2);
            assert_int_equal(check_record(&rules, &layout, NOW, &record, &reject), CHECK_IMPORT);
            assert_memory_equal(&record, &wanted, sizeof record);
        }
}

/* Each sum at the limit and one above it; the limits go by the sums' names. */
static void sums_at_their_limits(void **state) {
    (void)state;
    static const struct {
        uint64_t packets, octets;
        const char *reject;
    } sums[] = {
        {10, 1000, ""},
        {11, 1000, "too-large packetDeltaCount '11'"},
        {10, 1001, "too-large octetDeltaCount '1001'"},
        {INT64_MAX, 1000, "too-large packetDeltaCount '9223372036854775807'"},
    };
    struct check_rules rules = RULES(0, DAY, HOUR, false);
    struct tuple tuple = {1, 2, 51515, 443, 6};
    check_limit(&rules, &layout, 1000, 10);
    for (unsigned i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        struct flow_record record = record_make(&layout, FLOW_IPV4, tuple, NOW, NOW, sums[i].packets, sums[i].octets);
        struct reject reject;
        char text[256] = "";
        if (check_record(&rules, &layout, NOW, &record, &reject) == CHECK_REJECT) reject_show(&reject, text);
        assert_string_equal(text, sums[i].reject);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_at_their_edges),
        cmocka_unit_test(unknown_ports_become_0),
        cmocka_unit_test(sums_at_their_limits),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
