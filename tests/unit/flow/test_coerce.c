/* What a JSON value means for an element of each type: every rule, at its edges. */
#include "flow/coerce.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "flow/names.h"

#define INTEGER(number) {.kind = VALUE_INTEGER, .integer = (number)}
#define REAL(number) {.kind = VALUE_REAL, .real = (number)}
#define TEXT(literal) {.kind = VALUE_TEXT, .len = sizeof(literal) - 1, .text = (literal)}
#define BOOLEAN(truth) {.kind = VALUE_BOOLEAN, .integer = (truth)}
#define COMPOUND {.kind = VALUE_COMPOUND}

enum { OK = COERCE_OK, TYPE = REJECT_WRONG_TYPE, RANGE = REJECT_OUT_OF_RANGE, LARGE = REJECT_TOO_LARGE };

static const struct {
    struct value value;
    uint64_t max;
    int verdict;
    uint64_t number;
} numbers[] = {
    {INTEGER(0), 0, OK, 0},
    {INTEGER(1), 0, RANGE, 0},
    {INTEGER(65535), 65535, OK, 65535},
    {INTEGER(65536), 65535, RANGE, 0},
    {INTEGER(-1), UINT64_MAX, RANGE, 0},
    {INTEGER(INT64_MIN), UINT64_MAX, RANGE, 0},
    {INTEGER(INT64_MAX), UINT64_MAX, OK, INT64_MAX},
    {TEXT("0"), 255, OK, 0},
    {TEXT("255"), 255, OK, 255},
    {TEXT("256"), 255, RANGE, 0},
    {TEXT("007"), 255, OK, 7},
    {TEXT("00000000000000000255"), 255, OK, 255},
    {TEXT("000000000000000000255"), 255, TYPE, 0},
    {TEXT("18446744073709551615"), UINT64_MAX, OK, UINT64_MAX},
    {TEXT("18446744073709551616"), UINT64_MAX, RANGE, 0},
    {TEXT("99999999999999999999"), UINT64_MAX, RANGE, 0},
    {TEXT(""), 255, TYPE, 0},
    {TEXT("-1"), 255, TYPE, 0},
    {TEXT("+1"), 255, TYPE, 0},
    {TEXT(" 1"), 255, TYPE, 0},
    {TEXT("1 "), 255, TYPE, 0},
    {TEXT("1.0"), 255, TYPE, 0},
    {TEXT("1e2"), 255, TYPE, 0},
    {TEXT("0x1"), 255, TYPE, 0},
    {TEXT("1\0"), 255, TYPE, 0},
    {TEXT("12L"), 255, TYPE, 0},
    {TEXT("/"), 255, TYPE, 0},
    {TEXT(":"), 255, TYPE, 0},
    {REAL(0.0), 255, OK, 0},
    {REAL(-0.0), 255, OK, 0},
    {REAL(7.0), 255, OK, 7},
    {REAL(255.0), 255, OK, 255},
    {REAL(256.0), 255, RANGE, 0},
    {REAL(7.5), 255, TYPE, 0},
    {REAL(-7.5), 255, TYPE, 0},
    {REAL(-7.0), 255, RANGE, 0},
    {REAL(4503599627370497.0), UINT64_MAX, OK, 4503599627370497},
    {REAL(9223372036854774784.0), UINT64_MAX, OK, 9223372036854774784u},
    {REAL(9223372036854775808.0), UINT64_MAX, RANGE, 0},
    {REAL(1e300), UINT64_MAX, RANGE, 0},
    {BOOLEAN(1), 255, TYPE, 0},
    {BOOLEAN(0), 255, TYPE, 0},
    {COMPOUND, 255, TYPE, 0},
};

static void whole_numbers(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t number = 0;
        int verdict = coerce_unsigned(&numbers[i].value, numbers[i].max, &number);
        if (verdict != numbers[i].verdict || number != numbers[i].number) print_error("numbers[%u]\n", i);
        assert_int_equal(verdict, numbers[i].verdict);
        assert_int_equal(number, numbers[i].number);
    }
}

static const struct {
    struct value value;
    uint64_t per_second;
    int verdict;
    uint32_t seconds;
} times[] = {
    {INTEGER(0), 1, OK, 0},
    {INTEGER(1700000000), 1, OK, 1700000000},
    {INTEGER(UINT32_MAX), 1, OK, UINT32_MAX},
    {INTEGER(INT64_C(4294967296)), 1, RANGE, 0},
    {INTEGER(-1), 1, RANGE, 0},
    {INTEGER(1700000000999), 1000, OK, 1700000000},
    {INTEGER(4294967295999), 1000, OK, UINT32_MAX},
    {INTEGER(4294967296000), 1000, RANGE, 0},
    {INTEGER(999), 1000, OK, 0},
    {INTEGER(1700000000999999), 1000000, OK, 1700000000},
    {INTEGER(1700000000999999999), 1000000000, OK, 1700000000},
    {INTEGER(4294967295999999999), 1000000000, OK, UINT32_MAX},
    {INTEGER(4294967296000000000), 1000000000, RANGE, 0},
    {TEXT("1700000000"), 1, OK, 1700000000},
    {TEXT("1700000000999"), 1000, OK, 1700000000},
    {TEXT("1700000000.5"), 1, TYPE, 0},
    {TEXT("18446744073709551615"), 1000000000, RANGE, 0},
    {TEXT("soon"), 1, TYPE, 0},
    {REAL(1700000000.999), 1, OK, 1700000000},
    {REAL(1700000000123.9), 1000, OK, 1700000000},
    {REAL(0.9), 1, OK, 0},
    {REAL(-0.0), 1, OK, 0},
    {REAL(-0.1), 1, RANGE, 0},
    {REAL(-1.5), 1, RANGE, 0},
    {REAL(4294967295.9), 1, OK, UINT32_MAX},
    {REAL(4294967296.0), 1, RANGE, 0},
    {REAL(1e30), 1, RANGE, 0},
    {TEXT("2026-11-28T16:00:00.000Z"), 1, OK, 1795881600},
    {TEXT("2026-11-28T16:00:00Z"), 1000, OK, 1795881600},
    {TEXT("2026-11-28T16:00:00.999999999Z"), 1000000, OK, 1795881600},
    {TEXT("2026-11-28T17:00:00+01:00"), 1, OK, 1795881600},
    {TEXT("2026-11-28T10:30:00-0530"), 1, OK, 1795881600},
    {TEXT("2026-11-28 16:00:00"), 1, OK, 1795881600},
    {TEXT("1970-01-01T00:00:00Z"), 1, OK, 0},
    {TEXT("2106-02-07T06:28:15Z"), 1, OK, UINT32_MAX},
    {TEXT("2106-02-07T06:28:16Z"), 1, RANGE, 0},
    {TEXT("1970-01-01T00:00:00+01:00"), 1, RANGE, 0},
    {TEXT("2024-02-29T00:00:00Z"), 1, OK, 1709164800},
    {TEXT("1969-12-31T23:59:59Z"), 1, TYPE, 0},
    {TEXT("2000-02-29T00:00:00Z"), 1, OK, 951782400},
    {TEXT("2026-02-28T23:59:60Z"), 1, OK, 1772323200},
    {TEXT("2026-02-29T00:00:00Z"), 1, TYPE, 0},
    {TEXT("2100-02-29T00:00:00Z"), 1, TYPE, 0},
    {TEXT("2026-11-31T00:00:00Z"), 1, TYPE, 0},
    {TEXT("2026-11-28T16:00:00+24:00"), 1, TYPE, 0},
    {TEXT("2026-11-28T16:00:00-01:60"), 1, TYPE, 0},
    {TEXT("2026-13-01T00:00:00Z"), 1, TYPE, 0},
    {TEXT("2026-11-28T24:00:00Z"), 1, TYPE, 0},
    {TEXT("2026-11-28"), 1, TYPE, 0},
    {TEXT("2026-11-28T16:00:00X"), 1, TYPE, 0},
    {TEXT("2026-11-28T16:00:00+1"), 1, TYPE, 0},
    {TEXT("2026-"), 1, TYPE, 0},
    {BOOLEAN(1), 1, TYPE, 0},
    {COMPOUND, 1, TYPE, 0},
};

static void times_are_cut_down_to_seconds(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint32_t seconds = 0;
        int verdict = coerce_time(&times[i].value, times[i].per_second, &seconds);
        if (verdict != times[i].verdict || seconds != times[i].seconds) print_error("times[%u]\n", i);
        assert_int_equal(verdict, times[i].verdict);
        assert_int_equal(seconds, times[i].seconds);
    }
}

static const struct {
    const char *element;
    struct value value;
    int verdict;
    uint64_t number;
} sums[] = {
    {"octetDeltaCount", INTEGER(INT64_MAX), OK, INT64_MAX},
    {"octetDeltaCount", TEXT("9223372036854775807"), OK, INT64_MAX},
    {"octetDeltaCount", TEXT("9223372036854775808"), LARGE, 0},
    {"octetDeltaCount", TEXT("18446744073709551615"), LARGE, 0},
    {"octetDeltaCount", TEXT("99999999999999999999"), LARGE, 0},
    {"octetDeltaCount", TEXT("999999999999999999999"), TYPE, 0},
    {"octetDeltaCount", REAL(1e3), OK, 1000},
    {"octetDeltaCount", REAL(9223372036854775808.0), LARGE, 0},
    {"octetDeltaCount", REAL(1e300), LARGE, 0},
    {"octetDeltaCount", REAL(-1e300), RANGE, 0},
    {"octetDeltaCount", REAL(1000.7), TYPE, 0},
    {"octetDeltaCount", INTEGER(-1), RANGE, 0},
    {"octetDeltaCount", TEXT("-1"), TYPE, 0},
    {"octetDeltaCount", BOOLEAN(1), TYPE, 0},
    {"octetDeltaCount", COMPOUND, TYPE, 0},
    {"octetDeltaCount", TEXT(""), TYPE, 0},
    {"tcpControlBits", INTEGER(65535), OK, 65535},
    {"tcpControlBits", INTEGER(65536), RANGE, 0},
    {"tcpControlBits", INTEGER(INT64_MAX), RANGE, 0},
    {"ingressInterface", TEXT("4294967295"), OK, UINT32_MAX},
    {"ingressInterface", TEXT("99999999999999999999"), RANGE, 0},
    {"minimumTTL", INTEGER(256), RANGE, 0},
};

static const struct element *element_named(const char *name) {
    const struct element *element = element_by_name(name, strlen(name));
    assert_non_null(element);
    return element;
}

static void sums_hold_63_bits(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        uint64_t number = 0;
        int verdict = coerce_sum(&sums[i].value, element_named(sums[i].element), &number);
        if (verdict != sums[i].verdict) print_error("sums[%u]: verdict %d\n", i, verdict);
        assert_int_equal(verdict, sums[i].verdict);
        if (verdict == OK) assert_int_equal(number, sums[i].number);
    }
}

#define MAX_TEXT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *element;
    struct value value;
    int verdict;
    const char *packed; /* hexadecimal; of text the bytes before the NULs that fill the place */
} keys[] = {
    {"sourceIPv4Address", INTEGER(167772161), OK, "0a000001"},
    {"sourceIPv4Address", INTEGER(0), OK, "00000000"},
    {"sourceIPv4Address", INTEGER(4294967295), OK, "ffffffff"},
    {"sourceIPv4Address", INTEGER(4294967296), RANGE, NULL},
    {"sourceIPv4Address", INTEGER(-1), RANGE, NULL},
    {"sourceIPv4Address", REAL(167772161.0), OK, "0a000001"},
    {"sourceIPv4Address", REAL(167772161.5), TYPE, NULL},
    {"sourceIPv4Address", TEXT("::ffff:10.0.0.1"), OK, "0a000001"},
    {"sourceIPv4Address", TEXT("::FFFF:a00:1"), OK, "0a000001"},
    {"sourceIPv4Address", TEXT("::10.0.0.1"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("2001:db8::1"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("10.0.0.1%eth0"), TYPE, NULL},
    {"sourceIPv6Address", TEXT("fe80::1%eth0"), OK, "fe800000000000000000000000000001"},
    {"sourceIPv6Address", TEXT("fe80::1%"), OK, "fe800000000000000000000000000001"},
    {"sourceIPv6Address", TEXT("%eth0"), TYPE, NULL},
    {"sourceTransportPort", TEXT("domain"), OK, "0035"},
    {"destinationTransportPort", TEXT("https"), OK, "01bb"},
    {"destinationTransportPort", TEXT("no-such-service"), TYPE, NULL},
    {"destinationTransportPort", TEXT(""), TYPE, NULL},
    {"ingressInterface", TEXT("https"), TYPE, NULL},
    {"samplingProbability", REAL(DBL_MAX), RANGE, NULL},
    {"samplingProbability", REAL(-DBL_MAX), RANGE, NULL},
    {"sourceIPv4Address", TEXT("167772161"), OK, "0a000001"},
    {"sourceIPv4Address", TEXT("4294967296"), RANGE, NULL},
    {"sourceIPv4Address", TEXT("192.168.1.1"), OK, "c0a80101"},
    {"sourceIPv4Address", TEXT("255.255.255.255"), OK, "ffffffff"},
    {"sourceIPv4Address", TEXT("0.0.0.0"), OK, "00000000"},
    {"sourceIPv4Address", TEXT("256.0.0.1"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("1.2.3"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("1.2.3.4.5"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("01.2.3.4"), TYPE, NULL},
    {"sourceIPv4Address", TEXT(" 1.2.3.4"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("1.2.3.4\0"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("1.2.3.4/24"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("255.255.255.2555"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("."), TYPE, NULL},
    {"sourceIPv4Address", TEXT("::1"), TYPE, NULL},
    {"sourceIPv4Address", TEXT("localhost"), TYPE, NULL},
    {"sourceIPv4Address", TEXT(""), TYPE, NULL},
    {"sourceIPv4Address", BOOLEAN(0), TYPE, NULL},
    {"sourceIPv4Address", COMPOUND, TYPE, NULL},
    {"sourceIPv6Address", TEXT("::"), OK, "00000000000000000000000000000000"},
    {"sourceIPv6Address", TEXT("::1"), OK, "00000000000000000000000000000001"},
    {"sourceIPv6Address", TEXT("2001:DB8::a:0"), OK, "20010db80000000000000000000a0000"},
    {"sourceIPv6Address", TEXT("::ffff:192.0.2.1"), OK, "00000000000000000000ffffc0000201"},
    {"sourceIPv6Address", TEXT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), OK,
     "ffffffffffffffffffffffffffffffff"},
    {"sourceIPv6Address", TEXT("[::1]"), TYPE, NULL},
    {"sourceIPv6Address", TEXT("::1\0"), TYPE, NULL},
    {"sourceIPv6Address", TEXT("1.2.3.4"), TYPE, NULL},
    {"sourceIPv6Address", TEXT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"), TYPE, NULL},
    {"sourceIPv6Address", TEXT(""), TYPE, NULL},
    {"sourceIPv6Address", INTEGER(0), TYPE, NULL},
    {"sourceIPv6Address", INTEGER(1), TYPE, NULL},
    {"protocolIdentifier", INTEGER(6), OK, "06"},
    {"protocolIdentifier", INTEGER(255), OK, "ff"},
    {"protocolIdentifier", INTEGER(256), RANGE, NULL},
    {"protocolIdentifier", TEXT("6"), OK, "06"},
    {"protocolIdentifier", TEXT("300"), RANGE, NULL},
    {"protocolIdentifier", TEXT("tcp"), OK, "06"},
    {"protocolIdentifier", TEXT("TCP"), OK, "06"},
    {"protocolIdentifier", TEXT("Udp"), OK, "11"},
    {"protocolIdentifier", TEXT("icmp"), OK, "01"},
    {"protocolIdentifier", TEXT("ipv6-icmp"), OK, "3a"},
    {"protocolIdentifier", TEXT("gre"), OK, "2f"},
    {"protocolIdentifier", TEXT("sctp"), OK, "84"},
    {"protocolIdentifier", TEXT("tc"), TYPE, NULL},
    {"protocolIdentifier", TEXT("tcp "), TYPE, NULL},
    {"protocolIdentifier", TEXT("tcp\0"), TYPE, NULL},
    {"protocolIdentifier", TEXT("tcp\0..........................................................."), TYPE, NULL},
    {"protocolIdentifier", TEXT(""), TYPE, NULL},
    {"protocolIdentifier", REAL(6.0), OK, "06"},
    {"protocolIdentifier", REAL(6.4), TYPE, NULL},
    {"protocolIdentifier", BOOLEAN(1), TYPE, NULL},
    {"protocolIdentifier", COMPOUND, TYPE, NULL},
    {"ipClassOfService", TEXT("tcp"), TYPE, NULL},
    {"sourceTransportPort", INTEGER(65535), OK, "ffff"},
    {"sourceTransportPort", INTEGER(70000), RANGE, NULL},
    {"sourceTransportPort", TEXT("http"), OK, "0050"},
    {"tcpControlBits", INTEGER(0x5018), OK, "0018"},
    {"tcpControlBits", INTEGER(0x0fff), OK, "0fff"},
    {"tcpControlBits", TEXT("65535"), OK, "0fff"},
    {"tcpControlBits", INTEGER(65536), RANGE, NULL},
    {"ingressInterface", INTEGER(4294967295), OK, "ffffffff"},
    {"flowId", INTEGER(INT64_MAX), OK, "7fffffffffffffff"},
    {"flowId", TEXT("18446744073709551615"), OK, "ffffffffffffffff"},
    {"flowId", REAL(18446744073709551616.0), RANGE, NULL},
    {"sourceMacAddress", TEXT("00:1b:21:0A:ff:3C"), OK, "001b210aff3c"},
    {"sourceMacAddress", TEXT("00-1b-21-0a-ff-3c"), OK, "001b210aff3c"},
    {"sourceMacAddress", TEXT("00:1b-21:0a:ff:3c"), TYPE, NULL},
    {"sourceMacAddress", TEXT("00:1b:21:0a:ff:3g"), TYPE, NULL},
    {"sourceMacAddress", TEXT("00:1b:21:0a:ff:3"), TYPE, NULL},
    {"sourceMacAddress", TEXT("001b.210a.ff3c"), TYPE, NULL},
    {"sourceMacAddress", INTEGER(0), OK, "000000000000"},
    {"sourceMacAddress", INTEGER(0x001b210aff3c), OK, "001b210aff3c"},
    {"sourceMacAddress", INTEGER(INT64_C(1) << 48), RANGE, NULL},
    {"sourceMacAddress", TEXT("116505837372"), OK, "001b2049ff3c"},
    {"interfaceName", TEXT("eth0"), OK, "65746830"},
    {"interfaceName", TEXT(""), OK, ""},
    {"interfaceName", TEXT("\xc3\xa9"), OK, "c3a9"},
    {"interfaceName", TEXT(MAX_TEXT), OK,
     "30313233343536373839616263646566303132333435363738396162636465663031323334353637383961626364656630313233343536373"
     "839616263"
     "646566"},
    {"interfaceName", TEXT(MAX_TEXT "x"), RANGE, NULL},
    {"interfaceName", INTEGER(7), TYPE, NULL},
    {"interfaceName", BOOLEAN(1), TYPE, NULL},
    {"mplsTopLabelStackSection", TEXT("abc"), OK, "616263"},
    {"mplsTopLabelStackSection", INTEGER(1234), OK, "31323334"},
    {"mplsTopLabelStackSection", INTEGER(-5), OK, "2d35"},
    {"mplsTopLabelStackSection", REAL(1.5), TYPE, NULL},
    {"mplsTopLabelStackSection", COMPOUND, TYPE, NULL},
    {"dataRecordsReliability", BOOLEAN(1), OK, "01"},
    {"dataRecordsReliability", BOOLEAN(0), OK, "02"},
    {"dataRecordsReliability", INTEGER(2), OK, "02"},
    {"dataRecordsReliability", INTEGER(256), RANGE, NULL},
    {"dataRecordsReliability", TEXT("true"), TYPE, NULL},
    {"mibObjectValueInteger", INTEGER(-1), OK, "ffffffff"},
    {"mibObjectValueInteger", INTEGER(INT32_MAX), OK, "7fffffff"},
    {"mibObjectValueInteger", INTEGER(INT32_MIN), OK, "80000000"},
    {"mibObjectValueInteger", INTEGER(INT64_C(2147483648)), RANGE, NULL},
    {"mibObjectValueInteger", INTEGER(INT64_C(-2147483649)), RANGE, NULL},
    {"mibObjectValueInteger", REAL(-2.0), OK, "fffffffe"},
    {"mibObjectValueInteger", REAL(-2.5), TYPE, NULL},
    {"mibObjectValueInteger", REAL(-1e300), RANGE, NULL},
    {"mibObjectValueInteger", TEXT("17"), OK, "00000011"},
    {"mibObjectValueInteger", TEXT("-17"), TYPE, NULL},
    {"mibObjectValueInteger", COMPOUND, TYPE, NULL},
    {"samplingProbability", REAL(0.5), OK, "3fe0000000000000"},
    {"samplingProbability", REAL(-0.0), OK, "0000000000000000"},
    {"samplingProbability", INTEGER(1), OK, "3ff0000000000000"},
    {"samplingProbability", INTEGER(-2), OK, "c000000000000000"},
    {"samplingProbability", TEXT("0.5"), TYPE, NULL},
    {"samplingProbability", BOOLEAN(1), TYPE, NULL},
    {"flowStartSeconds", INTEGER(1700000000), OK, "6553f100"},
    {"flowStartSeconds", INTEGER(4294967296), RANGE, NULL},
    {"flowStartSeconds", REAL(1700000000.5), TYPE, NULL},
    {"observationTimeMilliseconds", INTEGER(1700000000123), OK, "0000018bcfe5687b"},
    {"observationTimeMicroseconds", TEXT("1700000000123456"), OK, "00060a2418202240"},
    {"observationTimeNanoseconds", INTEGER(-1), RANGE, NULL},
};

/* The registry has no signed64 yet; the type is there (RFC 5610). */
static void the_widest_signed_type(void **state) {
    (void)state;
    static const struct element element = {1, ELEMENT_SIGNED64, "any"};
    static const struct {
        struct value value;
        int verdict;
        uint8_t packed[8];
    } values[] = {
        {INTEGER(INT64_MIN), OK, {0x80}},
        {INTEGER(INT64_MAX), OK, {0x7f, 255, 255, 255, 255, 255, 255, 255}},
        {REAL(-9223372036854774784.0), OK, {0x80, 0, 0, 0, 0, 0, 4, 0}},
        {REAL(-9223372036854775808.0), RANGE, {0}}, /* as what -9223372036854775809 would be read */
        {REAL(-1e19), RANGE, {0}},
        {REAL(9223372036854775808.0), RANGE, {0}},
        {TEXT("9223372036854775808"), RANGE, {0}},
    };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t packed[8] = {0};
        assert_int_equal(coerce_key(&values[i].value, &element, packed), values[i].verdict);
        assert_memory_equal(packed, values[i].packed, sizeof packed);
    }
}

static void hexadecimal(const uint8_t *bytes, unsigned len, char *text) {
    *text = '\0';
    for (unsigned i = 0; i < len; i++)
        text += sprintf(text, "%02x", bytes[i]);
}

static void keys_are_packed(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct element *element = element_named(keys[i].element);
        unsigned width = element_width(element), len = width;
        uint8_t packed[ELEMENT_TEXT_MAX + 1];
        char text[2 * ELEMENT_TEXT_MAX + 1];
        memset(packed, 0xaa, sizeof packed);
        int verdict = coerce_key(&keys[i].value, element, packed);
        if (verdict != keys[i].verdict) print_error("keys[%u]: %s: verdict %d\n", i, keys[i].element, verdict);
        assert_int_equal(verdict, keys[i].verdict);
        assert_int_equal(packed[width], 0xaa);
        if (verdict != OK) continue;
        while (width == ELEMENT_TEXT_MAX && len > 0 && packed[len - 1] == 0)
            len--;
        hexadecimal(packed, len, text);
        assert_string_equal(text, keys[i].packed);
    }
}

static const struct {
    struct value value;
    size_t size;
    const char *text;
} shows[] = {
    {INTEGER(INT64_MIN), 64, "-9223372036854775808"},
    {REAL(443.7), 64, "443.69999999999999"},
    {REAL(443.5), 64, "443.5"},
    {REAL(1e300), 64, "1.0000000000000001e+300"},
    {BOOLEAN(1), 64, "true"},
    {BOOLEAN(0), 64, "false"},
    {COMPOUND, 64, "a list or an object"},
    {TEXT("plain ~text"), 64, "plain ~text"},
    {TEXT("a\0b\x7f\n\xc3\xa9"), 64, "a?b????"},
    {TEXT(""), 64, ""},
    {TEXT("cut here"), 4, "cut"},
    {TEXT(MAX_TEXT), 64, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"},
};

/* Of every element: plain is one whose integers are packed as they are, up to the most that has room, and no further.
 */
static void plain_elements_are_packed_as_they_are(void **state) {
    (void)state;
    unsigned n_plain = 0;
    for (unsigned i = 0; i < ELEMENT_COUNT; i++) {
        const struct element *element = &element_table[i];
        unsigned width = element_width(element);
        if (width == 0 || width > 8) {
            assert_false(coerce_is_plain(element));
            continue;
        }
        int64_t most = width == 8 ? INT64_MAX : (INT64_C(1) << (8 * width)) - 1;
        const int64_t integers[] = {0, 1, 0x7f, most - 1, most, -1, width == 8 ? INT64_MIN : most + 1};
        bool as_it_is = true;
        for (unsigned n = 0; n < sizeof integers / sizeof integers[0]; n++) {
            struct value value = {.kind = VALUE_INTEGER, .integer = integers[n]};
            uint8_t packed[16] = {0}, wanted[16] = {0};
            int verdict = coerce_key(&value, element, packed);
            be_put(wanted, (uint64_t)integers[n], width);
            as_it_is &= n < 5 ? verdict == COERCE_OK && memcmp(packed, wanted, width) == 0 : verdict != COERCE_OK;
        }
        if (coerce_is_plain(element) && !as_it_is) fail_msg("%s", element->name);
        n_plain += coerce_is_plain(element);
    }
    assert_int_equal(n_plain, 306);
}

static void values_are_shown(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof shows / sizeof shows[0]; i++) {
        char text[64];
        coerce_show(&shows[i].value, text, shows[i].size);
        assert_string_equal(text, shows[i].text);
    }
}

static int names_setup(void **state) {
    (void)state;
    names_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),          cmocka_unit_test(times_are_cut_down_to_seconds),
        cmocka_unit_test(sums_hold_63_bits),      cmocka_unit_test(keys_are_packed),
        cmocka_unit_test(the_widest_signed_type), cmocka_unit_test(plain_elements_are_packed_as_they_are),
        cmocka_unit_test(values_are_shown),
    };
    return cmocka_run_group_tests(tests, names_setup, NULL);
}
