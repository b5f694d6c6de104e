/* Entries as producers send them, and as they should not: each through the scanner and through jansson. */
#include "flow/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "entry_check.h"
#include "flow/names.h"

enum { JANSSON = false, SCANNED = true };

struct vector {
    const char *without, *changes; /* of a plain entry: entry_make() */
    bool scanned;
    const char *expected;
};

#define TIMES "1700002810-1700002820"
#define SUMS "10/1000"
#define PLAIN "10.0.0.1:50001 > 10.0.0.2:443 6 " TIMES " " SUMS
#define BACK "10.0.0.2:443 > 10.0.0.1:50001 6 "
#define V6 "2001:db8::1:50001 > 2001:db8::2:443 6 " TIMES " " SUMS
#define V6_ADDRESSES "\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::2\""
#define NO_V4 "\"sourceIPv4Address\" \"destinationIPv4Address\""
#define NO_TIMES "\"flowStartSeconds\" \"flowEndSeconds\""
#define NO_KEYS NO_V4 "\"protocolIdentifier\" \"sourceTransportPort\" \"destinationTransportPort\""

static void check_layout(const char *keys, const char *sums, const struct vector *vectors, size_t n) {
    struct flow_layout layout;
    bool good = true;
    char json[4096];
    layout_make(&layout, keys, sums);
    struct entry_decoder *decoder = entry_decoder_new(&layout);
    for (size_t i = 0; i < n; i++) {
        entry_make(json, vectors[i].without, vectors[i].changes);
        good &= entry_is(decoder, &layout, json, strlen(json), vectors[i].scanned, vectors[i].expected);
    }
    entry_decoder_free(decoder);
    assert_true(good);
}

#define check(vectors) check_layout(FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, vectors, sizeof(vectors) / sizeof((vectors)[0]))

static const struct vector fields[] = {
    {"", "", SCANNED, PLAIN},
    {NO_KEYS, "", SCANNED, "0.0.0.0:0 > 0.0.0.0:0 0 " TIMES " " SUMS},
    {"", "\"protocolIdentifier\":null,\"sourceTransportPort\":null,\"sourceIPv4Address\":null", JANSSON,
     "0.0.0.0:0 > 10.0.0.2:443 0 " TIMES " " SUMS},
    {"", "\"sourceIPv4Address\":\"192.168.1.1\",\"destinationIPv4Address\":\"167772162\"", SCANNED,
     "192.168.1.1:50001 > 10.0.0.2:443 6 " TIMES " " SUMS},
    {"", "\"protocolIdentifier\":\"Udp\",\"sourceTransportPort\":\"053\"", SCANNED,
     "10.0.0.1:53 > 10.0.0.2:443 17 " TIMES " " SUMS},
    {"", "\"octetDeltaCount\":9223372036854775807,\"packetDeltaCount\":0", SCANNED,
     "10.0.0.1:50001 > 10.0.0.2:443 6 " TIMES " 0/9223372036854775807"},
    {"", "\"octetDeltaCount\":1e3,\"packetDeltaCount\":1.0E1", JANSSON, PLAIN},
    {"", "\"octetDeltaCount\":\"1000\",\"packetDeltaCount\":\"10\"", SCANNED, PLAIN},
    {"", "\"octetDeltaCount\":\"\\u0031000\"", JANSSON, PLAIN},
    {"", "\"ipVersion\":4,\"interfaceName\":\"eth0\",\"noSuchElement\":7", SCANNED, PLAIN},
    {"", "\"noSuchElement\":{\"a\":[1,2]},\"basicList\":[],\"ipVersion\":null", JANSSON, PLAIN},
    {"", "\"flowStartSeconds\":0,\"flowEndSeconds\":4294967295", SCANNED,
     "10.0.0.1:50001 > 10.0.0.2:443 6 0-4294967295 " SUMS},
    {"", "\"octetDeltaCount\":\"abc\"", SCANNED, "wrong-type octetDeltaCount 'abc'"},
    {"", "\"octetDeltaCount\":-5", JANSSON, "out-of-range octetDeltaCount '-5'"},
    {"", "\"octetDeltaCount\":[1000]", JANSSON, "wrong-type octetDeltaCount 'a list or an object'"},
    {"", "\"octetDeltaCount\":true", JANSSON, "wrong-type octetDeltaCount 'true'"},
    {"", "\"octetDeltaCount\":null", JANSSON, "missing-field octetDeltaCount ''"},
    {"\"octetDeltaCount\"", "", SCANNED, "missing-field octetDeltaCount ''"},
    {"\"packetDeltaCount\"", "", SCANNED, "missing-field packetDeltaCount ''"},
    {"", "\"octetDeltaCount\":\"18446744073709551615\"", SCANNED, "too-large octetDeltaCount '18446744073709551615'"},
    {"", "\"sourceTransportPort\":65536", SCANNED, "out-of-range sourceTransportPort '65536'"},
    {"", "\"destinationTransportPort\":\"nope\"", SCANNED, "wrong-type destinationTransportPort 'nope'"},
    {"", "\"destinationTransportPort\":443.5", JANSSON, "wrong-type destinationTransportPort '443.5'"},
    {"", "\"protocolIdentifier\":\"nonesuch\"", SCANNED, "wrong-type protocolIdentifier 'nonesuch'"},
    {"", "\"protocolIdentifier\":\"tcp\\u0000and more than the name has\"", JANSSON,
     "wrong-type protocolIdentifier 'tcp?and more than the name has'"},
    {"", "\"sourceIPv4Address\":\"10.0.0.1\\u0000\"", JANSSON, "wrong-type sourceIPv4Address '10.0.0.1?'"},
    {"", "\"sourceIPv4Address\":\"caf\\u00e9\"", JANSSON, "wrong-type sourceIPv4Address 'caf?\?'"},
    {"", "\"sourceIPv4Address\":\"caf\xc3\xa9\"", JANSSON, "wrong-type sourceIPv4Address 'caf?\?'"},
};

static const struct vector times[] = {
    {"\"flowStartSeconds\"", "", SCANNED, "missing-field flowStartSeconds ''"},
    {"\"flowEndSeconds\"", "", SCANNED, "missing-field flowEndSeconds ''"},
    {"", "\"flowStartSeconds\":null", JANSSON, "missing-field flowStartSeconds ''"},
    {NO_TIMES, "\"flowStartMilliseconds\":1700002810999,\"flowEndMilliseconds\":1700002820000", SCANNED, PLAIN},
    {NO_TIMES, "\"flowStartMilliSeconds\":1700002810000,\"flowEndMilliSeconds\":1700002820999", SCANNED, PLAIN},
    {NO_TIMES, "\"flowStartMicroseconds\":1700002810000000,\"flowEndMicroseconds\":1700002820999999", SCANNED, PLAIN},
    {NO_TIMES, "\"flowStartNanoseconds\":1700002810000000000,\"flowEndNanoseconds\":1700002820999999999", SCANNED,
     PLAIN},
    {NO_TIMES, "\"flowStartMilliseconds\":\"1700002810999\",\"flowEndNanoseconds\":1.7000028209e18", JANSSON, PLAIN},
    {"", "\"flowStartSeconds\":1700002810.9,\"flowEndSeconds\":1700002820.2", JANSSON, PLAIN},
    {"", "\"flowStartMilliseconds\":1,\"flowEndNanoseconds\":\"x\"", SCANNED, PLAIN},
    {NO_TIMES, "\"flowEndSeconds\":1700002820,\"flowStartMilliSeconds\":1700002810000,\"flowStartNanoseconds\":1",
     SCANNED, PLAIN},
    {NO_TIMES,
     "\"flowEndSeconds\":1700002820,\"flowStartMicroseconds\":1,\"flowStartMilliSeconds\":2,"
     "\"flowStartMilliseconds\":1700002810000",
     SCANNED, PLAIN},
    {"", "\"flowStartSeconds\":null,\"flowStartMilliseconds\":1700002810000", JANSSON, PLAIN},
    {NO_TIMES, "\"flowStartSysUpTime\":1000,\"flowEndSysUpTime\":2000", SCANNED, "missing-field flowStartSeconds ''"},
    {NO_TIMES, "\"flowStartNanoseconds\":-1700002810000000000,\"flowEndNanoseconds\":1", JANSSON,
     "out-of-range flowStartNanoseconds '-1700002810000000000'"},
    {"", "\"flowStartSeconds\":1700002810000", SCANNED, "out-of-range flowStartSeconds '1700002810000'"},
    {"", "\"flowEndSeconds\":4294967296", SCANNED, "out-of-range flowEndSeconds '4294967296'"},
    {"", "\"flowStartSeconds\":-0.5", JANSSON, "out-of-range flowStartSeconds '-0.5'"},
    {"", "\"flowStartSeconds\":\"soon\"", SCANNED, "wrong-type flowStartSeconds 'soon'"},
    {"", "\"flowStartSeconds\":\"soon\",\"flowStartMilliseconds\":1700002810000", SCANNED,
     "wrong-type flowStartSeconds 'soon'"},
    {"", "\"flowEndSeconds\":1700002809", SCANNED, "10.0.0.1:50001 > 10.0.0.2:443 6 1700002810-1700002809 " SUMS},
};

static const struct vector families[] = {
    {NO_V4, V6_ADDRESSES, SCANNED, V6},
    {NO_V4, "\"sourceIPv6Address\":\"2001:DB8:0::1\"", SCANNED, "2001:db8::1:50001 > :::443 6 " TIMES " " SUMS},
    {NO_V4, "\"destinationIPv6Address\":\"::1\"", SCANNED, ":::50001 > ::1:443 6 " TIMES " " SUMS},
    {NO_V4, "\"sourceIPv6Address\":\"::\"", SCANNED, ":::50001 > :::443 6 " TIMES " " SUMS},
    {NO_V4, "\"sourceIPv6Address\":null,\"destinationIPv6Address\":null", JANSSON,
     "0.0.0.0:50001 > 0.0.0.0:443 6 " TIMES " " SUMS},
    {"", "\"sourceIPv6Address\":\"::\",\"destinationIPv6Address\":\"::\"", SCANNED, PLAIN},
    {"", "\"sourceIPv4Address\":0,\"destinationIPv4Address\":0," V6_ADDRESSES, SCANNED, V6},
    {"", "\"sourceIPv4Address\":\"0.0.0.0\",\"destinationIPv4Address\":null," V6_ADDRESSES, JANSSON, V6},
    {"", "\"sourceIPv4Address\":0,\"destinationIPv4Address\":0,\"sourceIPv6Address\":\"::\"", SCANNED,
     "0.0.0.0:50001 > 0.0.0.0:443 6 " TIMES " " SUMS},
    {"", V6_ADDRESSES, SCANNED, "mixed-families sourceIPv6Address ''"},
    {"\"sourceIPv4Address\"", "\"sourceIPv6Address\":\"2001:db8::1\"", SCANNED, "mixed-families sourceIPv6Address ''"},
    {NO_V4, "\"sourceIPv6Address\":0,\"destinationIPv6Address\":0", SCANNED, "wrong-type sourceIPv6Address '0'"},
    {NO_V4, "\"sourceIPv6Address\":\"10.0.0.1\"", SCANNED, "wrong-type sourceIPv6Address '10.0.0.1'"},
    {NO_V4, "\"sourceIPv6Address\":\"::ffff:10.0.0.1\"", SCANNED, "10.0.0.1:50001 > 0.0.0.0:443 6 " TIMES " " SUMS},
    {NO_V4, "\"sourceIPv6Address\":\"::ffff:10.0.0.1\",\"destinationIPv6Address\":\"::ffff:a00:2\"", SCANNED, PLAIN},
    {"", "\"sourceIPv4Address\":\"::ffff:10.0.0.1\",\"destinationIPv4Address\":\"::ffff:10.0.0.2\"", SCANNED, PLAIN},
    {NO_V4, "\"sourceIPv6Address\":\"::ffff:10.0.0.1\",\"destinationIPv6Address\":\"2001:db8::2\"", SCANNED,
     "::ffff:10.0.0.1:50001 > 2001:db8::2:443 6 " TIMES " " SUMS},
    {"", "\"sourceIPv4Address\":7,\"sourceIPv6Address\":\"::ffff:10.0.0.1\"", SCANNED,
     "mixed-families sourceIPv6Address ''"},
    {NO_V4, "\"sourceIPv6Address\":\"fe80::1%eth0\"", SCANNED, "fe80::1:50001 > :::443 6 " TIMES " " SUMS},
    {NO_TIMES,
     "\"flowStartMilliseconds\":\"2023-11-14T23:00:10.123Z\",\"flowEndSeconds\":\"2023-11-15T00:00:20+01:00\"", SCANNED,
     PLAIN},
    {"", "\"protocolIdentifier\":\"tcp\",\"destinationTransportPort\":\"https\"", SCANNED, PLAIN},
    {"", "\"sourceIPv4Address\":\"2001:db8::1\"", SCANNED, "wrong-type sourceIPv4Address '2001:db8::1'"},
    {"", V6_ADDRESSES ",\"sourceTransportPort\":70000", SCANNED, "out-of-range sourceTransportPort '70000'"},
};

#define REV_SUMS "\"revOctetDeltaCount\":77,\"revPacketDeltaCount\":7"
#define REV_TIMES "\"revFlowStartSeconds\":1700002811,\"revFlowEndSeconds\":1700002819"

static const struct vector biflows[] = {
    {"", REV_TIMES "," REV_SUMS, SCANNED, PLAIN " | " BACK "1700002811-1700002819 7/77"},
    {"", REV_TIMES ",\"reverseOctetDeltaCount\":\"77\",\"reversePacketDeltaCount\":7", SCANNED,
     PLAIN " | " BACK "1700002811-1700002819 7/77"},
    {"", "\"reverseFlowStartMilliseconds\":1700002811000,\"reverseFlowEndMilliseconds\":1700002819000," REV_SUMS,
     SCANNED, PLAIN " | " BACK "1700002811-1700002819 7/77"},
    {"", "\"revFlowStartMilliSeconds\":1700002811000,\"revFlowEndMilliSeconds\":1700002819000," REV_SUMS, SCANNED,
     PLAIN " | " BACK "1700002811-1700002819 7/77"},
    {"", REV_SUMS, SCANNED, PLAIN " | " BACK TIMES " 7/77"},
    {"", "\"revOctetDeltaCount\":77", SCANNED, PLAIN " | " BACK TIMES " 0/77"},
    {"", "\"revPacketDeltaCount\":1", SCANNED, PLAIN " | " BACK TIMES " 1/0"},
    {"", "\"revOctetDeltaCount\":0,\"revPacketDeltaCount\":0", SCANNED, PLAIN},
    {"", "\"revOctetDeltaCount\":null,\"revPacketDeltaCount\":null", JANSSON, PLAIN},
    {"", "\"revFlowStartSeconds\":0,\"revFlowEndSeconds\":0,\"revOctetDeltaCount\":0,\"revPacketDeltaCount\":0",
     SCANNED, PLAIN},
    {"", "\"revFlowStartMilliSeconds\":0,\"revFlowEndMilliSeconds\":0," REV_SUMS, SCANNED, PLAIN},
    {"", "\"revFlowStartMilliseconds\":999," REV_SUMS, SCANNED, PLAIN},
    {"", "\"revFlowStartSeconds\":1700002811,\"revOctetDeltaCount\":0", SCANNED,
     PLAIN " | " BACK "1700002811-1700002820 0/0"},
    {"", "\"revFlowEndSeconds\":1700002815,\"revOctetDeltaCount\":1", SCANNED,
     PLAIN " | " BACK "1700002810-1700002815 0/1"},
    {"", "\"revFlowEndSeconds\":1700002815", SCANNED, PLAIN},
    {"", "\"revOctetDeltaCount\":\"x\"", SCANNED, "wrong-type revOctetDeltaCount 'x'"},
    {"", "\"reverseOctetDeltaCount\":-1", JANSSON, "out-of-range reverseOctetDeltaCount '-1'"},
    {"", "\"revFlowStartSeconds\":-1," REV_SUMS, JANSSON, "out-of-range revFlowStartSeconds '-1'"},
    {"", "\"revFlowEndSeconds\":\"late\"," REV_SUMS, SCANNED, "wrong-type revFlowEndSeconds 'late'"},
    {"", "\"revSourceTransportPort\":9,\"reverseProtocolIdentifier\":\"x\"", SCANNED, PLAIN},
    {"", "\"rev\":1,\"reverse\":2,\"revoctetDeltaCount\":3", SCANNED, PLAIN},
    {"", "\"revOctetDeltaCount\":1,\"reverseOctetDeltaCount\":2", JANSSON, PLAIN " | " BACK TIMES " 0/2"},
    /* The answer to a type of ICMP is another type; a code, or a port of 0, says of none. */
    {"\"protocolIdentifier\" \"sourceTransportPort\" \"destinationTransportPort\"",
     "\"protocolIdentifier\":1,\"destinationTransportPort\":2048," REV_SUMS, SCANNED,
     "10.0.0.1:0 > 10.0.0.2:2048 1 " TIMES " " SUMS " | 10.0.0.2:0 > 10.0.0.1:0 1 " TIMES " 7/77"},
    {"\"protocolIdentifier\" \"sourceTransportPort\" \"destinationTransportPort\"",
     "\"protocolIdentifier\":1,\"destinationTransportPort\":769," REV_SUMS, SCANNED,
     "10.0.0.1:0 > 10.0.0.2:769 1 " TIMES " " SUMS " | 10.0.0.2:769 > 10.0.0.1:0 1 " TIMES " 7/77"},
    {"\"protocolIdentifier\" \"sourceTransportPort\" \"destinationTransportPort\"",
     "\"protocolIdentifier\":1," REV_SUMS, SCANNED,
     "10.0.0.1:0 > 10.0.0.2:0 1 " TIMES " " SUMS " | 10.0.0.2:0 > 10.0.0.1:0 1 " TIMES " 7/77"},
    {NO_V4, V6_ADDRESSES "," REV_SUMS, SCANNED, V6 " | 2001:db8::2:443 > 2001:db8::1:50001 6 " TIMES " 7/77"},
    {"", V6_ADDRESSES "," REV_SUMS, SCANNED, "mixed-families sourceIPv6Address ''"},
    {"", V6_ADDRESSES ",\"revOctetDeltaCount\":\"x\"", SCANNED, "wrong-type revOctetDeltaCount 'x'"},
};

static const struct vector doubles[] = {
    {"", "\"octetDeltaCount\":5,\"octetDeltaCount\":1000", JANSSON, PLAIN},
    {"", "\"octetDeltaCount\":\"x\",\"octetDeltaCount\":1000", JANSSON, PLAIN},
    {"", "\"octetDeltaCount\":1000,\"octetDeltaCount\":null", JANSSON, "missing-field octetDeltaCount ''"},
    {"", "\"protocolIdentifier\":17,\"protocolIdentifier\":null", JANSSON,
     "10.0.0.1:50001 > 10.0.0.2:443 0 " TIMES " " SUMS},
    {"", "\"ipVersion\":4,\"ipVersion\":6,\"x\":1,\"x\":2", SCANNED, PLAIN},
};

#define DIGITS_100                                                                                                     \
    "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define DIGITS_400 DIGITS_100 DIGITS_100 DIGITS_100 DIGITS_100

static const struct vector beyond_63_bits[] = {
    {"", "\"octetDeltaCount\":9223372036854775808", JANSSON, "too-large octetDeltaCount '9.2233720368547758e+18'"},
    {"", "\"octetDeltaCount\":18446744073709551615", JANSSON, "too-large octetDeltaCount '1.8446744073709552e+19'"},
    {"", "\"octetDeltaCount\":-9223372036854775809", JANSSON, "out-of-range octetDeltaCount '-9.2233720368547758e+18'"},
    {"", "\"flowStartSeconds\":99999999999999999999", JANSSON, "out-of-range flowStartSeconds '1e+20'"},
    {"", "\"sourceTransportPort\":18446744073709551615", JANSSON,
     "out-of-range sourceTransportPort '1.8446744073709552e+19'"},
    {"", "\"flowId\":18446744073709551615", JANSSON, PLAIN},
    {"", "\"a\":-99999999999999999999,\"b\":[\"\\\"9223372036854775808\",9223372036854775808]", JANSSON, PLAIN},
    /* What stands beside it stays exact: 2^53 + 1 is no double. */
    {"", "\"octetDeltaCount\":9007199254740993,\"flowId\":18446744073709551615", JANSSON,
     "10.0.0.1:50001 > 10.0.0.2:443 6 " TIMES " 10/9007199254740993"},
    {"", "\"octetDeltaCount\":9223372036854775807,\"flowId\":9223372036854775808,\"protocolIdentifier\":\"6\"", JANSSON,
     "10.0.0.1:50001 > 10.0.0.2:443 6 " TIMES " 10/9223372036854775807"},
    {"", "\"flowId\":1e999", JANSSON, PLAIN},
    {"", "\"flowId\":18446744073709551615,\"x\":-1e999,\"y\":[1e999,{\"z\":" DIGITS_400 "}]", JANSSON, PLAIN},
    {"", "\"octetDeltaCount\":1e999", JANSSON, "too-large octetDeltaCount '1.7976931348623157e+308'"},
    {"", "\"octetDeltaCount\":" DIGITS_400, JANSSON, "too-large octetDeltaCount '1.7976931348623157e+308'"},
    {"", "\"flowEndSeconds\":-1e999", JANSSON, "out-of-range flowEndSeconds '-1.7976931348623157e+308'"},
    {"", "\"x\":1e-999", JANSSON, PLAIN},
    {"", "\"x\":1e999,\"y\":1e", JANSSON, "not-json  'invalid token near '1e''"},
    {"", "\"flowId\":18446744073709551615,\"x\":", JANSSON, "not-json  'unexpected token near '}''"},
};

static void each_field(void **state) {
    (void)state;
    check(fields);
}

static void each_time_unit(void **state) {
    (void)state;
    check(times);
}

static void each_family(void **state) {
    (void)state;
    check(families);
}

static void two_directions(void **state) {
    (void)state;
    check(biflows);
}

static void the_last_double_counts(void **state) {
    (void)state;
    check(doubles);
}

static void integers_beyond_63_bits(void **state) {
    (void)state;
    check(beyond_63_bits);
}

static const struct vector more_keys[] = {
    {"", "", SCANNED, PLAIN " tcpControlBits=00 interfaceName= sourceMacAddress=00 flowStartMilliseconds=00 vlanId=00"},
    {"",
     "\"tcpControlBits\":20504,\"interfaceName\":\"eth0\",\"sourceMacAddress\":\"00:1b:21:0a:ff:3c\","
     "\"flowStartMilliseconds\":1700000000123,\"vlanId\":\"7\"",
     SCANNED,
     PLAIN " tcpControlBits=18 interfaceName=65746830 sourceMacAddress=1b210aff3c flowStartMilliseconds=018bcfe5687b "
           "vlanId=07"},
    {"", "\"vlanId\":1,\"revVlanId\":2,\"interfaceName\":\"up\",\"revTcpControlBits\":2,\"revOctetDeltaCount\":1",
     SCANNED,
     PLAIN " tcpControlBits=00 interfaceName=7570 sourceMacAddress=00 flowStartMilliseconds=00 vlanId=01 | " BACK TIMES
           " 0/1 tcpControlBits=02 interfaceName=7570 sourceMacAddress=00 flowStartMilliseconds=00 vlanId=02"},
    {"\"flowStartSeconds\"", "\"flowStartMilliseconds\":1700002810000,\"revFlowStartMilliseconds\":1700002811000",
     SCANNED,
     PLAIN " tcpControlBits=00 interfaceName= sourceMacAddress=00 flowStartMilliseconds=018bd0104890 vlanId=00"
           " | " BACK "1700002811-1700002820 0/0 tcpControlBits=00 interfaceName= sourceMacAddress=00 "
           "flowStartMilliseconds=018bd0104c78 vlanId=00"},
    {"", "\"revVlanId\":\"x\",\"revFlowStartSeconds\":0", SCANNED, "wrong-type revVlanId 'x'"},
    {"", "\"flowStartMilliseconds\":-1", JANSSON, "out-of-range flowStartMilliseconds '-1'"},
    {"", "\"interfaceName\":7", SCANNED, "wrong-type interfaceName '7'"},
};

static void keys_beyond_the_tuple(void **state) {
    (void)state;
    check_layout("tcpControlBits,interfaceName,sourceMacAddress,flowStartMilliseconds,vlanId", FLOW_LAYOUT_SUMS,
                 more_keys, sizeof more_keys / sizeof more_keys[0]);
}

static const struct {
    const char *text;
    size_t len;
    bool scanned;
    const char *expected;
} texts[] = {
#define BYTES(literal) literal, sizeof(literal) - 1
    {BYTES(""), JANSSON, "not-json  'byte 0: unexpected token near end of file'"},
    {BYTES(" \n"), JANSSON, "not-json  'byte 2: unexpected token near end of file'"},
    {BYTES("hello"), JANSSON, "not-json  'byte 5: invalid token near 'hello''"},
    {BYTES("end"), JANSSON, "not-json  'byte 3: invalid token near 'end''"},
    {BYTES("\xef\xbb\xbf{}"), JANSSON, "missing-field flowStartSeconds ''"},
    {BYTES("\xef\xbb\xbf"), JANSSON, "not-json  'byte 0: unexpected token near end of file'"},
    {BYTES("\xef\xbb\xbf\xef\xbb\xbf{}"), JANSSON, "not-json  'byte 3: invalid token near '?\?\?''"},
    {BYTES("{}\xef\xbb\xbf"), JANSSON, "not-json  'byte 5: end of file expected near '?\?\?''"},
    {BYTES("\x01"), JANSSON, "not-json  'byte 1: invalid token near '?''"},
    {BYTES("\xff"), JANSSON, "not-json  'byte 0: unable to decode byte 0xff'"},
    {BYTES("{\"x\":\"\xc3(\"}"), JANSSON, "not-json  'byte 6: unable to decode byte 0xc3 near '\"''"},
    {BYTES("{\"x\":\"a\nb\"}"), JANSSON, "not-json  'byte 7: unexpected newline near '\"a''"},
    {BYTES("{"), JANSSON, "not-json  'byte 1: string or '}' expected near end of file'"},
    {BYTES("{'x':1}"), JANSSON, "not-json  'byte 2: string or '}' expected near ''''"},
    {BYTES("{\"x\":1,}"), JANSSON, "not-json  'byte 8: string or '}' expected near '}''"},
    {BYTES("{\"x\":1,1231}"), JANSSON, "not-json  'byte 11: string or '}' expected near '1231''"},
    {BYTES("{\"x\":01}"), JANSSON, "not-json  'byte 6: invalid token near '0''"},
    {BYTES("{\"x\":NaN}"), JANSSON, "not-json  'byte 8: invalid token near 'NaN''"},
    {BYTES("{\"x\":1}{\"x\":1}"), JANSSON, "not-json  'byte 8: end of file expected near '{''"},
    {BYTES("{\"x\":1}\0"), JANSSON, "not-json  'byte 8: end of file expected near end of file'"},
    {BYTES("{\"x\\u0000y\":1}"), JANSSON, "not-json  'byte 11: NUL byte in object key not supported near '\"x\\u0'"},
    {BYTES("[]"), JANSSON, "list"},
    {BYTES("[{}]"), JANSSON, "list"},
    {BYTES("7"), JANSSON, "not-an-object  ''"},
    {BYTES("null"), JANSSON, "not-an-object  ''"},
    {BYTES("\"END\""), JANSSON, "not-an-object  ''"},
    {BYTES("18446744073709551616"), JANSSON, "not-an-object  ''"},
    {BYTES("{}"), JANSSON, "missing-field flowStartSeconds ''"},
    {BYTES(" { \t} \r\n"), JANSSON, "missing-field flowStartSeconds ''"},
    {BYTES("{\"\":1}"), SCANNED, "missing-field flowStartSeconds ''"},
    {BYTES("\t\r\n {\"packetDeltaCount\"\t:\n10 , \"octetDeltaCount\":1,\"flowEndSeconds\":2 "
           ",\"flowStartSeconds\":1\n}  "),
     SCANNED, "0.0.0.0:0 > 0.0.0.0:0 0 1-2 10/1"},
};

static void texts_that_are_no_flow(void **state) {
    (void)state;
    struct flow_layout layout;
    bool good = true;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    struct entry_decoder *decoder = entry_decoder_new(&layout);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        good &= entry_is(decoder, &layout, texts[i].text, texts[i].len, texts[i].scanned, texts[i].expected);
    entry_decoder_free(decoder);
    assert_true(good);
}

/* A list in a list in a list … in an ignored member: jansson's bound is 2048. */
static void depth_is_bounded(void **state) {
    (void)state;
    static const struct {
        unsigned depth;
        const char *expected;
    } depths[] = {
        {2047, PLAIN},
        {2048, "not-json  'byte 2322: maximum parsing depth reached near '[''"},
        {1000000, "not-json  'byte 2322: maximum parsing depth reached near '[''"},
    };
    struct flow_layout layout;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    struct entry_decoder *decoder = entry_decoder_new(&layout);
    for (unsigned i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        char head[1024], *json = malloc(2 * (size_t)depths[i].depth + sizeof head), *at = json;
        assert_non_null(json);
        entry_make(head, "", "\"x\":");
        size_t len = strlen(head) - 2;
        memcpy(at, head, len);
        at += len;
        memset(at, '[', depths[i].depth);
        at += depths[i].depth;
        memset(at, ']', depths[i].depth);
        at += depths[i].depth;
        *at++ = '}';
        bool good = entry_is(decoder, &layout, json, (size_t)(at - json), JANSSON, depths[i].expected);
        free(json);
        assert_true(good);
    }
    entry_decoder_free(decoder);
}

static void readers_and_unknown_names_are_counted(void **state) {
    (void)state;
    struct flow_layout layout;
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    char json[1024];
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    struct entry_decoder *decoder = entry_decoder_new(&layout);
    const struct entry_counters *counters = entry_decoder_counters(decoder);
    static const char *const changes[] = {"", "\"flows\":7", "\"flows\":7,\"Flows\":null", "\"ipVersion\":null"};
    static const struct entry_counters expected[] = {{1, 0, 0}, {2, 0, 1}, {2, 1, 3}, {2, 2, 3}};
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        entry_make(json, "", changes[i]);
        assert_int_equal(entry_decode(decoder, ENTRY_ANY, json, strlen(json), records, &reject), 1);
        assert_int_equal(counters->scanned, expected[i].scanned);
        assert_int_equal(counters->parsed, expected[i].parsed);
        assert_int_equal(counters->unknown_names, expected[i].unknown_names);
    }
    assert_int_equal(entry_decode(decoder, ENTRY_ANY, "junk", 4, records, &reject), 0);
    assert_int_equal(counters->parsed, 3);
    entry_decoder_free(decoder);
    entry_decoder_free(NULL);
}

static int names_setup(void **state) {
    (void)state;
    names_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field),
        cmocka_unit_test(each_time_unit),
        cmocka_unit_test(each_family),
        cmocka_unit_test(two_directions),
        cmocka_unit_test(the_last_double_counts),
        cmocka_unit_test(integers_beyond_63_bits),
        cmocka_unit_test(keys_beyond_the_tuple),
        cmocka_unit_test(texts_that_are_no_flow),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(readers_and_unknown_names_are_counted),
    };
    return cmocka_run_group_tests(tests, names_setup, NULL);
}
