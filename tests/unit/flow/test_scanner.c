/* The fast reader: what it takes, what it must leave alone, and that it never reads beyond the text. */
#include "flow/scanner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "records.h"

static struct flow_layout layout;
static struct slots slots;

static int setup(void **state) {
    (void)state;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    slots_init(&slots, &layout);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    slots_release(&slots);
    return 0;
}

/* From a copy of exactly the text's length, so that AddressSanitizer sees any byte read beyond. Text values are
 * compared before it is freed: into `text`, where it isn't NULL. */
static bool scan(const char *json, size_t len, uint64_t *unknown, unsigned text_slot, char *text) {
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, json, len);
    bool taken = scanner_read(&slots, copy, len, unknown);
    if (taken && text) sprintf(text, "%.*s", (int)slots.values[text_slot].len, slots.values[text_slot].text);
    free(copy);
    return taken;
}

#define BYTES(literal) literal, sizeof(literal) - 1

/* The value of octetDeltaCount, as it stands in {"octetDeltaCount":…}. */
static const struct {
    const char *text;
    size_t len;
    bool taken;
    int64_t integer;
} integers[] = {
    {BYTES("0"), true, 0},
    {BYTES("7"), true, 7},
    {BYTES("1234567890"), true, 1234567890},
    {BYTES("999999999999999999"), true, 999999999999999999},
    {BYTES("1000000000000000000"), true, 1000000000000000000},
    {BYTES("9223372036854775807"), true, INT64_MAX},
    {BYTES("9223372036854775808"), false, 0},
    {BYTES("9999999999999999999"), false, 0},
    {BYTES("10000000000000000000"), false, 0},
    {BYTES("18446744073709551615"), false, 0},
    {BYTES("18446744073709551617"), false, 0}, /* 1, if 64 bits wrapped */
    {BYTES("340282366920938463463374607431768211457"), false, 0},
    {BYTES("00"), false, 0},
    {BYTES("01"), false, 0},
    {BYTES("-1"), false, 0},
    {BYTES("-0"), false, 0},
    {BYTES("+1"), false, 0},
    {BYTES("1.0"), false, 0},
    {BYTES("1."), false, 0},
    {BYTES(".5"), false, 0},
    {BYTES("1e3"), false, 0},
    {BYTES("1E3"), false, 0},
    {BYTES("0x1"), false, 0},
    {BYTES("1 2"), false, 0},
    {BYTES("1a"), false, 0},
    {BYTES("true"), false, 0},
    {BYTES("null"), false, 0},
    {BYTES("NaN"), false, 0},
    {BYTES("[]"), false, 0},
    {BYTES("{}"), false, 0},
    {BYTES(""), false, 0},
    {BYTES("'1'"), false, 0},
    {BYTES("1\0"), false, 0},
};

static void plain_integers(void **state) {
    (void)state;
    unsigned slot = SLOT_SUMS + 1;
    for (unsigned i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        char json[128];
        uint64_t unknown = 0;
        size_t at = (size_t)sprintf(json, "{\"octetDeltaCount\":");
        memcpy(json + at, integers[i].text, integers[i].len);
        at += integers[i].len;
        json[at++] = '}';
        bool taken = scan(json, at, &unknown, 0, NULL);
        if (taken != integers[i].taken) print_error("%s\n", integers[i].text);
        assert_int_equal(taken, integers[i].taken);
        if (!taken) continue;
        assert_true(slots_has(&slots, slot));
        assert_int_equal(slots.values[slot].kind, VALUE_INTEGER);
        assert_int_equal(slots.values[slot].integer, integers[i].integer);
        assert_string_equal(slots.names[slots.values[slot].name].name, "octetDeltaCount");
    }
}

/* Numbers of every length, and at every distance from the entry's end: most are read eight digits at a time. Behind
 * them any byte but a digit ends them. */
static void integers_of_every_length(void **state) {
    (void)state;
    int64_t number = 0;
    for (unsigned digits = 1; digits <= 19; digits++) {
        number = digits == 19 ? INT64_C(9123456789123456789) : number * 10 + digits % 10;
        for (int spaces = 0; spaces < 20; spaces++) {
            char json[128];
            uint64_t unknown = 0;
            int len = sprintf(json, "{\"octetDeltaCount\":%" PRId64 "%*s}", number, spaces, "");
            assert_true(scan(json, (size_t)len, &unknown, 0, NULL));
            assert_int_equal(slots.values[SLOT_SUMS + 1].integer, number);
            for (int byte = 1; byte < 256; byte++) {
                json[len - 1 - spaces] = (char)byte;
                bool ends = spaces > 0 ? strchr(" \t\n\r", byte) != NULL : byte == '}';
                bool goes_on = byte >= '0' && byte <= '9' && spaces > 0 && digits <= 18;
                assert_int_equal(scan(json, (size_t)len, &unknown, 0, NULL), ends || goes_on);
                if (ends) assert_int_equal(slots.values[SLOT_SUMS + 1].integer, number);
                if (goes_on) assert_int_equal(slots.values[SLOT_SUMS + 1].integer, number * 10 + byte - '0');
            }
        }
    }
}

/* The value of protocolIdentifier; taken as it stands where there is something to compare. */
static const struct {
    const char *text;
    size_t len;
    const char *value;
} texts[] = {
    {BYTES("\"\""), ""},           {BYTES("\"TCP\""), "TCP"},
    {BYTES("\" 6 \""), " 6 "},     {BYTES("\"{[:,'/]}\""), "{[:,'/]}"},
    {BYTES("\"~\x7f\""), "~\x7f"}, {BYTES("\"a\\\"b\""), NULL},
    {BYTES("\"a\\u0041\""), NULL}, {BYTES("\"\\\\\""), NULL},
    {BYTES("\"\\/\""), NULL},      {BYTES("\"a\tb\""), NULL},
    {BYTES("\"a\nb\""), NULL},     {BYTES("\"a\0b\""), NULL},
    {BYTES("\"\x1f\""), NULL},     {BYTES("\"\x80\""), NULL},
    {BYTES("\"\xc3\xa9\""), NULL}, {BYTES("\"open"), NULL},
    {BYTES("'6'"), NULL},          {BYTES("\"6\"7"), NULL},
};

static void plain_texts(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char json[128], value[64];
        uint64_t unknown = 0;
        size_t at = (size_t)sprintf(json, "{\"protocolIdentifier\":");
        memcpy(json + at, texts[i].text, texts[i].len);
        at += texts[i].len;
        json[at++] = '}';
        bool taken = scan(json, at, &unknown, SLOT_TUPLE + TUPLE_PROTOCOL, value);
        assert_int_equal(taken, texts[i].value != NULL);
        if (!taken) continue;
        assert_int_equal(slots.values[SLOT_TUPLE + TUPLE_PROTOCOL].kind, VALUE_TEXT);
        assert_string_equal(value, texts[i].value);
    }
}

static const struct {
    const char *text;
    size_t len;
    bool taken;
    uint64_t unknown;
} objects[] = {
    {BYTES("{\"ipVersion\":4}"), true, 0},
    {BYTES(" \t\r\n{ \t\r\n\"ipVersion\" \t\r\n: \t\r\n4 \t\r\n, \t\r\n\"x\" : \"y\" \t\r\n} \t\r\n"), true, 1},
    {BYTES("{\"a\":1,\"b\":2,\"a\":3}"), true, 3},
    {BYTES("{\"\":1}"), true, 1},
    {BYTES("{\"flows\":1,\"octetDeltaCoun\":2,\"octetDeltaCountX\":3,\"OctetDeltaCount\":4}"), true, 4},
    {BYTES("{\"revVlanId\":1,\"reverseIpVersion\":2,\"vlanId\":3,\"vlanId\":4}"), true, 0},
    {BYTES("{\"octetDeltaCount\":1,\"octetDeltaCount\":1}"), false, 0},
    {BYTES("{\"revOctetDeltaCount\":1,\"reverseOctetDeltaCount\":1}"), false, 0},
    {BYTES("{\"x\":1,\"octetDeltaCount\":null}"), false, 0},
    {BYTES("{}"), false, 0},
    {BYTES(""), false, 0},
    {BYTES("   "), false, 0},
    {BYTES("[]"), false, 0},
    {BYTES("{\"a\":1,}"), false, 0},
    {BYTES("{,\"a\":1}"), false, 0},
    {BYTES("{\"a\":1,,\"b\":1}"), false, 0},
    {BYTES("{\"a\":1;\"b\":1}"), false, 0},
    {BYTES("{\"a\":1 \"b\":1}"), false, 0},
    {BYTES("{\"a\"1}"), false, 0},
    {BYTES("{\"a\":1,1231}"), false, 0},
    {BYTES("{a:1}"), false, 0},
    {BYTES("{'a':1}"), false, 0},
    {BYTES("{\"a\\u0062\":1}"), false, 0},
    {BYTES("{\"caf\xc3\xa9\":1}"), false, 0},
    {BYTES("{\"a\":1}}"), false, 0},
    {BYTES("{\"a\":1} x"), false, 0},
    {BYTES("{\"a\":1}{\"a\":1}"), false, 0},
    {BYTES("{\"a\":1}\0"), false, 0},
    {BYTES("{\"a\":1}\v"), false, 0},
    {BYTES("\v{\"a\":1}"), false, 0},
    {BYTES("\xef\xbb\xbf{\"a\":1}"), false, 0},
    {BYTES("{\"a\":{\"b\":1}}"), false, 0},
};

static void flat_objects(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        uint64_t unknown = 100;
        bool taken = scan(objects[i].text, objects[i].len, &unknown, 0, NULL);
        if (taken != objects[i].taken) print_error("%s\n", objects[i].text);
        assert_int_equal(taken, objects[i].taken);
        assert_int_equal(unknown, 100 + objects[i].unknown);
    }
}

static const char whole[] =
    "{ \"sourceIPv4Address\" : 3232235777,\"protocolIdentifier\" : \"tcp\",\"flowStartSeconds\" : 17 }";

static void no_part_of_an_entry_is_an_entry(void **state) {
    (void)state;
    uint64_t unknown = 0;
    assert_true(scan(whole, sizeof whole - 1, &unknown, 0, NULL));
    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_false(scan(whole, len, &unknown, 0, NULL));
    assert_int_equal(unknown, 0);
}

/* Which names stood in the entry before changes nothing: every order after every other. */
static void guesses_change_nothing(void **state) {
    (void)state;
    static const char *const members[] = {
        "\"octetDeltaCount\":1",  "\"octetTotalCount\":2",       "\"sourceIPv4Address\":3", "\"sourceIPv4Prefix\":4",
        "\"flowStartSeconds\":5", "\"flowStartMilliSeconds\":6", "\"flowEndSeconds\":7",    "\"octetDelta\":8",
    };
    enum { MEMBERS = sizeof members / sizeof members[0] };
    static const struct {
        unsigned slot;
        int64_t integer;
    } wanted[] = {
        {SLOT_SUMS + 1, 1}, {SLOT_TUPLE + TUPLE_SOURCE, 3}, {SLOT_START, 5}, {SLOT_START + 2, 6}, {SLOT_END, 7}};
    for (unsigned round = 0; round < 200; round++) {
        char json[512] = "{";
        uint64_t unknown = 0;
        for (unsigned i = 0; i < MEMBERS; i++) {
            if (i > 0) strcat(json, ",");
            strcat(json, members[(i * (1 + 2 * (round % 4)) + round / 4) % MEMBERS]);
        }
        strcat(json, "}");
        assert_true(scan(json, strlen(json), &unknown, 0, NULL));
        assert_int_equal(unknown, 1);
        for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            assert_true(slots_has(&slots, wanted[i].slot));
            assert_int_equal(slots.values[wanted[i].slot].integer, wanted[i].integer);
        }
        for (unsigned slot = 0, n = 0; slot <= SLOT_COUNT; slot++) {
            if (slot < SLOT_COUNT) n += slots_has(&slots, slot);
            if (slot == SLOT_COUNT) assert_int_equal(n, sizeof wanted / sizeof wanted[0]);
        }
    }
}

/* Each way to set out an entry after each other: the bytes between values are guessed as a whole. */
static void layouts_change_nothing(void **state) {
    (void)state;
    static const char *const layouts[] = {
        "{\"octetDeltaCount\":12,\"protocolIdentifier\":6}",
        "{ \"octetDeltaCount\" : 12 , \"protocolIdentifier\" : 6 }",
        "{\"octetDeltaCount\": 12, \"protocolIdentifier\": 6}",
        "\n{\t\"octetDeltaCount\"\r:\n12,\n\"protocolIdentifier\"  :  6\n}\n",
        "{\"octetDeltaCount\" :12, \"protocolIdentifier\" :6}",
        "{\"octetDeltaCount\":                                                       12,\"protocolIdentifier\":6}",
    };
    enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };
    for (unsigned i = 0; i < LAYOUTS * LAYOUTS * LAYOUTS; i++) {
        const unsigned in_turn[] = {i % LAYOUTS, i / LAYOUTS % LAYOUTS, i / LAYOUTS / LAYOUTS};
        for (unsigned turn = 0; turn < 3; turn++) {
            const char *json = layouts[in_turn[turn]];
            uint64_t unknown = 0;
            assert_true(scan(json, strlen(json), &unknown, 0, NULL));
            assert_int_equal(unknown, 0);
            assert_int_equal(slots.values[SLOT_SUMS + 1].integer, 12);
            assert_int_equal(slots.values[SLOT_TUPLE + TUPLE_PROTOCOL].integer, 6);
        }
    }
}

/* An object within is none because one began with the same bytes; nor is an entry that begins with a comma. */
static void beginnings_are_guessed_at_the_beginning_alone(void **state) {
    (void)state;
    uint64_t unknown = 0;
    char json[8192] = "{\"vlanId\":1";
    for (unsigned place = 1; place < 100; place++) {
        strcat(json, ",\"stranger\":1");
        size_t len = strlen(json);
        strcpy(json + len, "}");
        assert_true(scan(json, len + 1, &unknown, 0, NULL));
        strcpy(json + len, "{\"vlanId\":1}");
        assert_false(scan(json, strlen(json), &unknown, 0, NULL));
        json[len] = '\0';
    }
    static const char comma[] = ",\"stranger\":1}";
    assert_false(scan(comma, sizeof comma - 1, &unknown, 0, NULL));
}

/* More members than there are places to guess at. */
static void many_members(void **state) {
    (void)state;
    char json[8192] = "{";
    uint64_t unknown = 0;
    for (unsigned i = 0; i < 200; i++)
        sprintf(json + strlen(json), "\"stranger%u\":%u,", i, i);
    strcat(json, "\"packetDeltaCount\":9}");
    assert_true(scan(json, strlen(json), &unknown, 0, NULL));
    assert_int_equal(unknown, 200);
    assert_int_equal(slots.values[SLOT_SUMS].integer, 9);
}

static const struct {
    const char *name;
    unsigned slot;
} names[] = {
    {"flowStartSeconds", SLOT_START},
    {"flowStartMilliseconds", SLOT_START + 1},
    {"flowStartMilliSeconds", SLOT_START + 2},
    {"flowStartMicroseconds", SLOT_START + 3},
    {"flowStartNanoseconds", SLOT_START + 4},
    {"flowEndSeconds", SLOT_END},
    {"flowEndMilliSeconds", SLOT_END + 2},
    {"flowEndNanoseconds", SLOT_END + 4},
    {"packetDeltaCount", SLOT_SUMS},
    {"octetDeltaCount", SLOT_SUMS + 1},
    {"revFlowStartSeconds", SLOT_REVERSE + SLOT_START},
    {"reverseFlowEndMilliSeconds", SLOT_REVERSE + SLOT_END + 2},
    {"revOctetDeltaCount", SLOT_REVERSE + SLOT_SUMS + 1},
    {"reverseOctetDeltaCount", SLOT_REVERSE + SLOT_SUMS + 1},
    {"sourceIPv4Address", SLOT_TUPLE},
    {"protocolIdentifier", SLOT_TUPLE + TUPLE_PROTOCOL},
    {"sourceIPv6Address", SLOT_SOURCE_IPV6},
    {"destinationIPv6Address", SLOT_DESTINATION_IPV6},
    {"revSourceIPv4Address", SLOT_IGNORED},
    {"vlanId", SLOT_IGNORED},
    {"flowStartSysUpTime", SLOT_IGNORED},
};

static void names_have_their_slots(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        int found = slots_find(&slots, names[i].name, strlen(names[i].name));
        assert_true(found >= 0);
        assert_string_equal(slots.names[found].name, names[i].name);
        assert_int_equal(slots.names[found].slot, names[i].slot);
    }
    assert_int_equal(slots.n_names, 3 * (ELEMENT_COUNT + 2));
    for (unsigned i = 0; i < slots.n_names; i++)
        assert_int_equal(slots_find(&slots, slots.names[i].name, slots.names[i].len), i);
    char longest[300];
    memset(longest, 'a', sizeof longest);
    assert_int_equal(slots_find(&slots, "", 0), -1);
    assert_int_equal(slots_find(&slots, longest, 255), -1);
    assert_int_equal(slots_find(&slots, longest, 300), -1);
    assert_int_equal(slots_find(&slots, "a", 1), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_of_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(plain_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(flat_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(no_part_of_an_entry_is_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(guesses_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(layouts_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(beginnings_are_guessed_at_the_beginning_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(many_members, setup, teardown),
        cmocka_unit_test_setup_teardown(names_have_their_slots, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
