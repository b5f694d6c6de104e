/* Columns and rows of VERMONT's tables, old and new, and the entries they become, to the byte. */
#include "files/vermont_row.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { COLUMNS_MAX = 24 };

#define TIMES "firstSwitched", "lastSwitched"
#define TIMES_ENTRY "\"flowStartSeconds\":1700000000,\"flowEndSeconds\":1700000042"

static const struct {
    const char *columns[COLUMNS_MAX], *values[COLUMNS_MAX], *entry; /* NULL ends the columns */
} rows[] = {
    /* The first tables. */
    {{"dstIP", "srcIP", "srcPort", "dstPort", "proto", "dstTos", "bytes", "pkts", TIMES, "exporterID"},
     {"134744072", "3232235777", "51515", "443", "6", "16", "52340", "61", "1700000000", "1700000042", "1"},
     "{\"destinationIPv4Address\":134744072,\"sourceIPv4Address\":3232235777,\"sourceTransportPort\":51515,"
     "\"destinationTransportPort\":443,\"protocolIdentifier\":6,\"ipClassOfService\":16,\"octetDeltaCount\":52340,"
     "\"packetDeltaCount\":61," TIMES_ENTRY "}"},
    /* Both directions, with milliseconds beside the seconds. */
    {{TIMES, "firstSwitchedMillis", "lastSwitchedMillis", "tcpControlBits", "revbytes", "revpkts", "revFirstSwitched",
      "revLastSwitched", "revFirstSwitchedMillis", "revLastSwitchedMillis", "revTcpControlBits", "maxPacketGap"},
     {"1700000000", "1700000042", "7", "999", "27", "1500", "2", "1700000001", "1700000041", "0", "50", "19", "3"},
     "{\"flowStartMilliseconds\":1700000000007,\"flowEndMilliseconds\":1700000042999,\"tcpControlBits\":27,"
     "\"revOctetDeltaCount\":1500,\"revPacketDeltaCount\":2,\"revFlowStartMilliseconds\":1700000001000,"
     "\"revFlowEndMilliseconds\":1700000041050,\"revTcpControlBits\":19}"},
    /* No other direction. */
    {{TIMES, "revFirstSwitched", "revFirstSwitchedMillis"},
     {"1700000000", "1700000042", "0", "0"},
     "{" TIMES_ENTRY ",\"revFlowStartMilliseconds\":0}"},
    /* Milliseconds that don't fit into their column, and that aren't there. */
    {{TIMES, "firstSwitchedMillis", "lastSwitchedMillis"},
     {"1700000000", "1700000042", "65535", NULL},
     "{" TIMES_ENTRY "}"},
    /* Legacy names of later tables: milliseconds. */
    {{TIMES, "revFirstSwitched"},
     {"1700000000123", "1700000042456", "1700000000124"},
     "{\"flowStartMilliseconds\":1700000000123,\"flowEndMilliseconds\":1700000042456,"
     "\"revFlowStartMilliseconds\":1700000000124}"},
    {{TIMES}, {"4294967295", "4294967296"}, "{\"flowStartSeconds\":4294967295,\"flowEndMilliseconds\":4294967296}"},
    /* Names of elements, in all units. */
    {{"flowStartSeconds", "flowEndSeconds", "sourceIPv4Address", "revFlowStartSeconds"},
     {"1700000000", "1700000042", "3232235777", "1700000001"},
     "{" TIMES_ENTRY ",\"sourceIPv4Address\":3232235777,\"revFlowStartSeconds\":1700000001}"},
    {{"flowStartMilliSeconds", "flowEndMilliseconds", "reverseOctetDeltaCount"},
     {"1700000000123", "1700000042456", "0"},
     "{\"flowStartMilliseconds\":1700000000123,\"flowEndMilliseconds\":1700000042456,\"revOctetDeltaCount\":0}"},
    {{"flowStartMicroseconds", "flowEndNanoSeconds"},
     {"1700000000123456", "1700000042456789012"},
     "{\"flowStartMicroseconds\":1700000000123456,\"flowEndNanoseconds\":1700000042456789012}"},
    /* 1700000000.5 and .25 as NTP timestamps. */
    {{"flowStartMicroseconds", "flowEndNanoseconds"},
     {"16788979058577768448", "16788979057504026624"},
     "{\"flowStartMicroseconds\":1700000000500000,\"flowEndNanoseconds\":1700000000250000000}"},
    /* Types. */
    {{TIMES, "sourceIPv6Address", "sourceMacAddress", "interfaceName", "flowActiveTimeout", "mibObjectValueInteger"},
     {"1700000000", "1700000042", "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "187723572702975", "17", "2", "-5"},
     "{" TIMES_ENTRY ",\"sourceIPv6Address\":\"2001:db8::1\",\"sourceMacAddress\":\"aa:bb:cc:dd:ee:ff\","
     "\"interfaceName\":\"17\",\"flowActiveTimeout\":2,\"mibObjectValueInteger\":-5}"},
    /* Texts that their column should not have: to be refused by who reads the entry. */
    {{TIMES, "srcIP", "sourceIPv6Address", "sourceMacAddress", "pkts", "bytes", "srcPort", "proto"},
     {"yesterday", "1700000042", "192.0.2.1", "::1", "281474976710656", "007", "1.5e3", "a\"b\n", ""},
     "{\"flowStartSeconds\":\"yesterday\",\"flowEndSeconds\":1700000042,\"sourceIPv4Address\":\"192.0.2.1\","
     "\"sourceIPv6Address\":\"::1\",\"sourceMacAddress\":281474976710656,\"packetDeltaCount\":\"007\","
     "\"octetDeltaCount\":1.5e3,\"sourceTransportPort\":\"a\\\"b\\u000a\",\"protocolIdentifier\":\"\"}"},
    /* SQL's NULL. */
    {{TIMES, "srcIP"}, {NULL, "1700000042", NULL}, "{\"flowEndSeconds\":1700000042}"},
    {{TIMES}, {NULL, NULL}, "{}"},
};

static size_t length(const char *column, const char *value) {
    return !value ? 0 : strcmp(column, "sourceIPv6Address") == 0 && value[0] == 0x20 ? 16 : strlen(value);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t lengths[COLUMNS_MAX], len;
        unsigned n = 0;
        struct error error = {""};
        for (; rows[i].columns[n]; n++)
            lengths[n] = length(rows[i].columns[n], rows[i].values[n]);
        struct vermont_row *row = vermont_row_new(rows[i].columns, n, &error);
        assert_string_equal(error.text, "");
        for (unsigned turn = 0; turn < 2; turn++) {
            const char *entry = vermont_row_entry(row, rows[i].values, lengths, &len);
            assert_string_equal(entry, rows[i].entry);
            assert_int_equal(len, strlen(entry));
        }
        vermont_row_free(row);
    }
}

static void test_tables_of_others(void **state) {
    static const char *const exporter[] = {"id", "sourceID", "srcIP"}, *const start[] = {"firstSwitched", "srcIP"},
                             *const reverse[] = {"revFirstSwitched", "lastSwitched"},
                             *const count[] = {"flowStartDeltaMicroseconds", "flowEndSeconds"};
    struct error error;
    (void)state;
    assert_null(vermont_row_new(exporter, 3, &error));
    assert_string_equal(error.text,
                        "no column with the flow's start, firstSwitched or flowStartSeconds or an equivalent");
    assert_null(vermont_row_new(start, 2, &error));
    assert_string_equal(error.text, "no column with the flow's end, lastSwitched or flowEndSeconds or an equivalent");
    assert_null(vermont_row_new(reverse, 2, &error));
    assert_null(vermont_row_new(count, 2, &error));
}

static void test_names(void **state) {
    static const char *const known[] = {"srcIP",    "SRCIP",      "octetDeltaCount", "revOctetDeltaCount",
                                        "revbytes", "revDstPort", "lastSwitched",    "revLastSwitchedMillis"},
                             *const unknown[] = {"id",      "exporterID", "maxPacketGap", "OctetDeltaCount", "rev",
                                                 "reverse", "",           "srcIP2"};
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_true(vermont_column_is_known(known[i]));
        assert_false(vermont_column_is_known(unknown[i]));
    }
}

/* Whatever the values are, the entry is JSON. */
static void test_any_values(void **state) {
    static const char *const columns[] = {TIMES,
                                          "firstSwitchedMillis",
                                          "srcIP",
                                          "sourceIPv6Address",
                                          "sourceMacAddress",
                                          "interfaceName",
                                          "mplsLabelStackSection",
                                          "flowEndNanoseconds",
                                          "absoluteError"};
    enum { N = sizeof columns / sizeof columns[0], LENGTH = 20, TURNS = 20000 };
    static const char alphabet[] = "0123456789999-+.eE\"\\{}\n\xff\xc3\xa4";
    struct error error;
    struct vermont_row *row = vermont_row_new(columns, N, &error);
    uint64_t seed = 1;
    (void)state;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        char texts[N][LENGTH];
        const char *values[N];
        size_t lengths[N], len;
        for (unsigned i = 0; i < N; i++) {
            lengths[i] = random_below(&seed, LENGTH);
            values[i] = random_below(&seed, 10) ? texts[i] : NULL;
            for (size_t at = 0; at < lengths[i]; at++)
                texts[i][at] =
                    turn % 2 ? alphabet[random_below(&seed, sizeof alphabet - 1)] : (char)random_below(&seed, 256);
        }
        const char *entry = vermont_row_entry(row, values, lengths, &len);
        json_error_t why;
        json_t *tree = json_loadb(entry, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
        if (!tree && json_error_code(&why) != json_error_numeric_overflow) fail_msg("%s: %s", why.text, entry);
        json_decref(tree);
    }
    vermont_row_free(row);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_tables_of_others),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_any_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
