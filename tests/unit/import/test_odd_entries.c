/* What odd producers send, one label a case: the rows it leaves in the 600 second table, or why it is refused. */
#include "import/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "entry_check.h"
#include "flow/names.h"

enum { NOW = 1700005000, EPOCH = 1700000000, ENTRIES_MAX = 3, ROWS_MAX = 160 };

struct odd {
    const char *label;
    const char *without, *changes[ENTRIES_MAX]; /* of plain entries; or, beginning with '=', an entry as it is */
    const char *expected;
};

/* A row as the test shows it: its bucket less EPOCH, the key, packets, octets and millionths of flows. */
#define A_TO_B(ports, protocol) " 10.0.0.1:" ports " > 10.0.0.2:443 " protocol " "
#define ROW(bucket, sums) bucket A_TO_B("50001", "6") sums
#define PLAIN ROW("2800", "10/1000/1000000")
#define TIMES(start, end) "\"flowStartSeconds\":17000" start ",\"flowEndSeconds\":17000" end

/* An object of a list. */
#define OBJECT(octets, seconds)                                                                                        \
    "{\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162,\"protocolIdentifier\":6,"                  \
    "\"sourceTransportPort\":50001,\"destinationTransportPort\":443,\"flowStartSeconds\":" seconds                     \
    ",\"flowEndSeconds\":" seconds ",\"octetDeltaCount\":" octets ",\"packetDeltaCount\":10}"

static const struct odd odds[] = {
    {"a list of objects", "", {"=[" OBJECT("1000", "1700002810") "]"}, PLAIN},
    {"a list over lines",
     "",
     {"=\xef\xbb\xbf[\n  " OBJECT("1000", "1700002810") ",\n" OBJECT("7", "1700002811") "\n]\n"},
     ROW("2800", "20/1007/2000000")},
    {"a list between entries", "", {"", "=[" OBJECT("1", "1700002810") "]", ""}, ROW("2800", "30/2001/3000000")},
    {"a list with one bad object is refused as a whole",
     "",
     {"=[" OBJECT("1000", "1700002810") "," OBJECT("\"x\"", "1700002810") "]"},
     "wrong-type [1].octetDeltaCount 'x'"},
    {"a list with a flow from the future",
     "",
     {"=[" OBJECT("1000", "1700002810") "," OBJECT("1", "1700008601") "]"},
     "in-future [1].flowEndSeconds '1700008601'"},
    {"a list of lists", "", {"=[[" OBJECT("1000", "1700002810") "]]"}, "not-an-object [0] ''"},
    {"an empty list", "", {"=[]"}, "not-an-object  ''"},
    {"plain", "", {""}, PLAIN},
    {"no protocol", "\"protocolIdentifier\"", {""}, "2800" A_TO_B("50001", "0") "10/1000/1000000"},
    {"null protocol", "", {"\"protocolIdentifier\":null"}, "2800" A_TO_B("50001", "0") "10/1000/1000000"},
    {"no source port", "\"sourceTransportPort\"", {""}, "2800" A_TO_B("0", "6") "10/1000/1000000"},
    {"null source port", "", {"\"sourceTransportPort\":null"}, "2800" A_TO_B("0", "6") "10/1000/1000000"},
    {"no destination port", "\"destinationTransportPort\"", {""}, "2800 10.0.0.1:50001 > 10.0.0.2:0 6 10/1000/1000000"},
    {"null destination port",
     "",
     {"\"destinationTransportPort\":null"},
     "2800 10.0.0.1:50001 > 10.0.0.2:0 6 10/1000/1000000"},
    {"no source", "\"sourceIPv4Address\"", {""}, "2800 0.0.0.0:50001 > 10.0.0.2:443 6 10/1000/1000000"},
    {"no octets", "\"octetDeltaCount\"", {""}, "missing-field octetDeltaCount ''"},
    {"null octets", "", {"\"octetDeltaCount\":null"}, "missing-field octetDeltaCount ''"},
    {"null packets", "", {"\"packetDeltaCount\":null"}, "missing-field packetDeltaCount ''"},
    {"no start", "\"flowStartSeconds\"", {""}, "missing-field flowStartSeconds ''"},
    {"null end", "", {"\"flowEndSeconds\":null"}, "missing-field flowEndSeconds ''"},
    {"real times", "", {TIMES("02810.9", "02820.2")}, PLAIN},
    {"real octets",
     "",
     {"\"octetDeltaCount\":1000.7,\"packetDeltaCount\":10.2"},
     "wrong-type packetDeltaCount '10.199999999999999'"},
    {"real octets with exponents", "", {"\"octetDeltaCount\":1e3,\"packetDeltaCount\":1.0E1"}, PLAIN},
    {"whole and broken real ports",
     "",
     {"\"sourceTransportPort\":50001.0", "\"destinationTransportPort\":443.7"},
     PLAIN "; wrong-type destinationTransportPort '443.69999999999999'"},
    {"whole real protocol", "", {"\"protocolIdentifier\":6.0"}, PLAIN},
    {"broken real protocol", "", {"\"protocolIdentifier\":6.4"}, "wrong-type protocolIdentifier '6.4000000000000004'"},
    {"all as strings, beside numbers",
     "",
     {"\"sourceIPv4Address\":\"167772161\",\"destinationIPv4Address\":\"167772162\",\"protocolIdentifier\":\"6\","
      "\"sourceTransportPort\":\"50001\",\"destinationTransportPort\":\"443\",\"flowStartSeconds\":\"1700002810\","
      "\"flowEndSeconds\":\"1700002820\",\"octetDeltaCount\":\"1000\",\"packetDeltaCount\":\"10\"",
      ""},
     ROW("2800", "20/2000/2000000")},
    {"protocol by name, by digits",
     "",
     {"\"protocolIdentifier\":\"TCP\"", "\"protocolIdentifier\":\"6\""},
     ROW("2800", "20/2000/2000000")},
    {"octets as a string with a point", "", {"\"octetDeltaCount\":\"1.5\""}, "wrong-type octetDeltaCount '1.5'"},
    {"octets as letters", "", {"\"octetDeltaCount\":\"abc\""}, "wrong-type octetDeltaCount 'abc'"},
    {"octets among spaces", "", {"\"octetDeltaCount\":\" 12 \""}, "wrong-type octetDeltaCount ' 12 '"},
    {"packets with a plus", "", {"\"packetDeltaCount\":\"+3\""}, "wrong-type packetDeltaCount '+3'"},
    {"octets in hexadecimal", "", {"\"octetDeltaCount\":\"0x10\""}, "wrong-type octetDeltaCount '0x10'"},
    {"octets as an empty string", "", {"\"octetDeltaCount\":\"\""}, "wrong-type octetDeltaCount ''"},
    {"octets as Python writes longs", "", {"\"octetDeltaCount\":\"12L\""}, "wrong-type octetDeltaCount '12L'"},
    {"a dotted address",
     "",
     {"\"sourceIPv4Address\":\"192.168.1.1\""},
     "2800 192.168.1.1:50001 > 10.0.0.2:443 6 10/1000/1000000"},
    {"a port by name", "", {"\"destinationTransportPort\":\"https\""}, PLAIN},
    {"words", "", {"=hello world"}, "not-json  'byte 5: invalid token near 'hello''"},
    {"nothing", "", {"="}, "not-json  'byte 0: unexpected token near end of file'"},
    {"cut off",
     "",
     {"={ \"octetDeltaCount\" : 1,\"packetDeltaCount\" :"},
     "not-json  'byte 44: unexpected token near end of file'"},
    {"two objects", "", {"={\"a\":1}{\"b\":2}"}, "not-json  'byte 8: end of file expected near '{''"},
    {"a comma too many", "", {"={\"a\":1,}"}, "not-json  'byte 8: string or '}' expected near '}''"},
    {"single quotes", "", {"={'a':1}"}, "not-json  'byte 2: string or '}' expected near ''''"},
    {"a comment", "", {"=// x"}, "not-json  'byte 1: invalid token near '/''"},
    {"a byte order mark", "", {"=\xef\xbb\xbf{\"a\":1}"}, "missing-field flowStartSeconds ''"},
    {"a value without its name",
     "",
     {"={\"octetDeltaCount\":1,1231}"},
     "not-json  'byte 25: string or '}' expected near '1231''"},
    {"white space about it",
     "",
     {"=\t "
      "{\"flowStartSeconds\":1700002810,\"flowEndSeconds\":1700002810,\"octetDeltaCount\":1,\"packetDeltaCount\":1}"
      "\r\n "},
     "2800 0.0.0.0:0 > 0.0.0.0:0 0 1/1/1000000"},
    {"a field called flows", "", {"\"flows\":7"}, PLAIN},
    {"octets twice", "", {"\"octetDeltaCount\":1,\"octetDeltaCount\":55"}, ROW("2800", "10/55/1000000")},
    {"not UTF-8", "", {"=\xff\xfe"}, "not-json  'byte 0: unable to decode byte 0xff'"},
    {"octets that are no number", "", {"\"octetDeltaCount\":NaN"}, "not-json  'byte 266: invalid token near 'NaN''"},
    {"octets and packets as truths",
     "",
     {"\"octetDeltaCount\":true,\"packetDeltaCount\":false"},
     "wrong-type packetDeltaCount 'false'"},
    {"protocol in a list", "", {"\"protocolIdentifier\":[6]"}, "wrong-type protocolIdentifier 'a list or an object'"},
    {"address in a list",
     "",
     {"\"sourceIPv4Address\":[10,0,0,1]"},
     "wrong-type sourceIPv4Address 'a list or an object'"},
    {"port as a truth", "", {"\"sourceTransportPort\":true"}, "wrong-type sourceTransportPort 'true'"},
    {"counts of 0", "", {"\"octetDeltaCount\":0,\"packetDeltaCount\":0"}, ROW("2800", "0/0/1000000")},
    {"port -1", "", {"\"sourceTransportPort\":-1"}, "out-of-range sourceTransportPort '-1'"},
    {"a signed address", "", {"\"sourceIPv4Address\":-1062731775"}, "out-of-range sourceIPv4Address '-1062731775'"},
    {"protocol -6", "", {"\"protocolIdentifier\":-6"}, "out-of-range protocolIdentifier '-6'"},
    {"negative times",
     "",
     {"\"flowStartSeconds\":-100,\"flowEndSeconds\":-50"},
     "out-of-range flowStartSeconds '-100'"},
    {"negative octets", "", {"\"octetDeltaCount\":-1000"}, "out-of-range octetDeltaCount '-1000'"},
    {"port 70000", "", {"\"sourceTransportPort\":70000"}, "out-of-range sourceTransportPort '70000'"},
    {"address 2^32", "", {"\"sourceIPv4Address\":4294967296"}, "out-of-range sourceIPv4Address '4294967296'"},
    {"protocol 300", "", {"\"protocolIdentifier\":300"}, "out-of-range protocolIdentifier '300'"},
    {"protocol 0", "", {"\"protocolIdentifier\":0"}, "2800" A_TO_B("50001", "0") "10/1000/1000000"},
    {"protocol 255", "", {"\"protocolIdentifier\":255"}, "2800" A_TO_B("50001", "255") "10/1000/1000000"},
    {"octets 2^63 - 1", "", {"\"octetDeltaCount\":9223372036854775807"}, ROW("2800", "10/9223372036854775807/1000000")},
    {"octets 2^63",
     "",
     {"\"octetDeltaCount\":9223372036854775808"},
     "too-large octetDeltaCount '9.2233720368547758e+18'"},
    {"octets beyond the largest sum",
     "",
     {"\"octetDeltaCount\":9223372036854775807", "\"octetDeltaCount\":1"},
     ROW("2800", "10/1/1000000") "; " ROW("2800", "10/9223372036854775807/1000000")}, /* the store adds them up */
    {"address -1, the total row's", "", {"\"sourceIPv4Address\":-1"}, "out-of-range sourceIPv4Address '-1'"},
    {"address \"total\"", "", {"\"sourceIPv4Address\":\"total\""}, "wrong-type sourceIPv4Address 'total'"},
    {"port \"total\"", "", {"\"sourceTransportPort\":\"total\""}, "wrong-type sourceTransportPort 'total'"},
    {"the epoch",
     "",
     {"\"flowStartSeconds\":0,\"flowEndSeconds\":0"},
     "-1700000000" A_TO_B("50001", "6") "10/1000/1000000"},
    {"END", "", {"=END"}, "END"},
    {"end", "", {"=end"}, "not-json  'byte 3: invalid token near 'end''"},
    {"END and a newline", "", {"=END\n"}, "not-json  'byte 3: invalid token near 'END''"},
    {"\"END\"", "", {"=\"END\""}, "not-an-object  ''"},
    {"END between entries", "", {"", "=END", ""}, ROW("2800", "20/2000/2000000") "; END"},
    {"ports that look alike side by side",
     "",
     {"\"sourceTransportPort\":80,\"destinationTransportPort\":1234",
      "\"sourceTransportPort\":801,\"destinationTransportPort\":234"},
     "2800 10.0.0.1:80 > 10.0.0.2:1234 6 10/1000/1000000; 2800 10.0.0.1:801 > 10.0.0.2:234 6 10/1000/1000000"},
    {"port and protocol that look alike",
     "",
     {"\"destinationTransportPort\":1,\"protocolIdentifier\":17",
      "\"destinationTransportPort\":11,\"protocolIdentifier\":7"},
     "2800 10.0.0.1:50001 > 10.0.0.2:1 17 10/1000/1000000; 2800 10.0.0.1:50001 > 10.0.0.2:11 7 10/1000/1000000"},
    {"addresses that look alike",
     "",
     {"\"sourceIPv4Address\":1677721611,\"destinationIPv4Address\":67772162", ""},
     PLAIN "; 2800 100.0.0.11:50001 > 4.10.31.2:443 6 10/1000/1000000"},
    {"a host with itself",
     "",
     {"\"destinationIPv4Address\":167772161"},
     "2800 10.0.0.1:50001 > 10.0.0.1:443 6 10/1000/1000000"},
    {"a port with itself",
     "",
     {"\"protocolIdentifier\":17,\"sourceTransportPort\":123,\"destinationTransportPort\":123"},
     "2800 10.0.0.1:123 > 10.0.0.2:123 17 10/1000/1000000"},
    {"the same twice", "", {"", ""}, ROW("2800", "20/2000/2000000")},
    {"an echo request with ports",
     "",
     {"\"protocolIdentifier\":1,\"sourceTransportPort\":8,\"destinationTransportPort\":0"},
     "2800 10.0.0.1:8 > 10.0.0.2:0 1 10/1000/1000000"},
    {"ends before it starts, in one bucket",
     "",
     {TIMES("02900", "02895")},
     "ends-before-start flowEndSeconds '1700002895'"},
    {"ends in the bucket before", "", {TIMES("03405", "03395")}, "ends-before-start flowEndSeconds '1700003395'"},
    {"one second on a bucket's edge", "", {TIMES("03400", "03400")}, ROW("3400", "10/1000/1000000")},
    {"ends on the next bucket's edge",
     "",
     {TIMES("03390", "03400") ",\"octetDeltaCount\":1001,\"packetDeltaCount\":11"},
     ROW("2800", "10/910/909090") "; " ROW("3400", "1/91/90910")},
    {"ends on a bucket's last second", "", {TIMES("03390", "03399")}, ROW("2800", "10/1000/1000000")},
    {"2^53 + 1 octets over three buckets",
     "",
     {TIMES("03399", "04000") ",\"octetDeltaCount\":9007199254740993,\"packetDeltaCount\":3"},
     ROW("2800", "0/14962125007875/1661") "; " ROW("3400", "2/8977275004725242/996677") "; " ROW(
         "4000", "1/14962125007876/1662")},
    {"thirty days",
     "",
     {"\"flowStartSeconds\":1697400000,\"flowEndSeconds\":1699991999"},
     "too-long flowEndSeconds '1699991999'"},
    {"half and half", "", {TIMES("03395", "03404")}, ROW("2800", "5/500/500000") "; " ROW("3400", "5/500/500000")},
    {"two halves of a key",
     "",
     {TIMES("03395", "03404"), TIMES("03395", "03404")},
     ROW("2800", "10/1000/1000000") "; " ROW("3400", "10/1000/1000000")},
    {"three halves of a key",
     "",
     {TIMES("03395", "03404"), TIMES("03395", "03404"), TIMES("03395", "03404")},
     ROW("2800", "15/1500/1500000") "; " ROW("3400", "15/1500/1500000")},
    {"two halves of two keys",
     "",
     {TIMES("03395", "03404"), TIMES("03395", "03404") ",\"sourceTransportPort\":50002"},
     ROW("2800", "5/500/500000") "; 2800" A_TO_B("50002", "6") "5/500/500000; " ROW(
         "3400", "5/500/500000") "; 3400" A_TO_B("50002", "6") "5/500/500000"},
    {"a third", "", {TIMES("03390", "03419")}, ROW("2800", "3/333/333333") "; " ROW("3400", "7/667/666667")},
    {"four buckets",
     "",
     {TIMES("03100", "04899") ",\"octetDeltaCount\":1000003,\"packetDeltaCount\":11"},
     ROW("2800", "1/166667/166666") "; " ROW("3400", "4/333334/333334") "; " ROW("4000", "4/333334/333333") "; " ROW(
         "4600", "2/166668/166667")},
    {"one packet over three buckets",
     "",
     {TIMES("02800", "04599") ",\"octetDeltaCount\":40,\"packetDeltaCount\":1"},
     ROW("2800", "0/13/333333") "; " ROW("3400", "0/13/333333") "; " ROW("4000", "1/14/333334")},
    {"milliseconds as seconds",
     "",
     {"\"flowStartSeconds\":1700002810000,\"flowEndSeconds\":1700002820000"},
     "out-of-range flowStartSeconds '1700002810000'"},
    {"times beyond 2^32",
     "",
     {"\"flowStartSeconds\":4294967301,\"flowEndSeconds\":4294967305"},
     "out-of-range flowStartSeconds '4294967301'"},
    {"times far ahead",
     "",
     {"\"flowStartSeconds\":4294967290,\"flowEndSeconds\":4294967295"},
     "in-future flowEndSeconds '4294967295'"},
    {"an hour ahead", "", {TIMES("08600", "08600")}, ROW("8200", "10/1000/1000000")},
    {"an hour and a second ahead", "", {TIMES("08601", "08601")}, "in-future flowEndSeconds '1700008601'"},
    {"a one-sided biflow of an old probe",
     "",
     {"\"revFlowStartMilliSeconds\":0,\"revFlowEndMilliSeconds\":0,\"revOctetDeltaCount\":0,\"revPacketDeltaCount\":0"},
     PLAIN},
    {"IPv6 addresses as 0",
     "",
     {"\"sourceIPv6Address\":0,\"destinationIPv6Address\":0"},
     "wrong-type sourceIPv6Address '0'"},
    {"times since the exporter's boot",
     "\"flowStartSeconds\" \"flowEndSeconds\"",
     {"\"flowStartSysUpTime\":1,\"flowEndSysUpTime\":2"},
     "missing-field flowStartSeconds ''"},
    {"negative nanoseconds",
     "\"flowStartSeconds\" \"flowEndSeconds\"",
     {"\"flowStartNanoseconds\":-1,\"flowEndNanoseconds\":-1"},
     "out-of-range flowStartNanoseconds '-1'"},
};

static int line_compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void add(struct buffer *text, const char *more) { buffer_printf(text, "%s%s", text->len ? "; " : "", more); }

/* The rows of both directions, sorted by their texts. */
static void rows_show(struct generation *generation, const struct flow_layout *layout, struct buffer *text) {
    static char lines[ROWS_MAX][RECORD_TEXT_MAX + 128];
    const char *sorted[ROWS_MAX];
    struct cache_rows rows = cache_rows(generation->cache, 600, FLOW_IPV4);
    assert_true(rows.n <= ROWS_MAX);
    for (size_t i = 0; i < rows.n; i++) {
        const uint8_t *row = rows.rows + i * rows.stride;
        struct flow_record record = {.family = FLOW_IPV4};
        char shown[RECORD_TEXT_MAX];
        uint64_t sums[3];
        uint32_t bucket;
        memcpy(&bucket, row + rows.bucket_at, sizeof bucket);
        memcpy(sums, row, sizeof sums);
        memcpy(record.key, row + rows.key_at, layout->key_bytes[FLOW_IPV4]);
        record_show(layout, &record, shown);
        *strstr(shown, " 0-0 ") = '\0';
        snprintf(lines[i], sizeof lines[i], "%d %s %" PRIu64 "/%" PRIu64 "/%" PRIu64, (int)((int64_t)bucket - EPOCH),
                 shown, sums[0], sums[1], sums[2]);
        sorted[i] = lines[i];
    }
    qsort(sorted, rows.n, sizeof sorted[0], line_compare);
    for (size_t i = 0; i < rows.n; i++)
        add(text, sorted[i]);
}

/* The last refused entry as the rejected list shows it: its first line is JSON. */
static void reject_add(const struct generation *generation, struct buffer *text) {
    size_t at = generation->n_rejects > 1 ? generation->reject_ends[generation->n_rejects - 2] : 0;
    const char *reason, *field, *value;
    json_int_t time;
    json_t *line =
        json_loadb(generation->rejects.data + at, generation->rejects.len - at, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(line);
    assert_int_equal(
        json_unpack(line, "{s:s,s:s,s:s,s:I!}", "reason", &reason, "field", &field, "value", &value, "time", &time), 0);
    assert_int_equal(time, NOW);
    buffer_printf(text, "%s%s %s '%s'", text->len ? "; " : "", reason, field, value);
    json_decref(line);
}

static void odd_entries(void **state) {
    (void)state;
    static const uint32_t size = 600;
    static const struct generation_id id = {"here", 1};
    static const struct check_rules rules = {.max_flow_duration = 86400, .max_future = 3600};
    struct flow_layout layout;
    struct schema schema;
    struct folder folder;
    struct generation generation;
    unsigned wrong = 0;
    layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
    schema_init(&schema, &layout, &size, 1);
    folder_init(&folder, &layout, &rules);
    generation_init(&generation, cache_new(&layout, &schema, 8 << 20, 1));
    for (unsigned i = 0; i < sizeof odds / sizeof odds[0]; i++) {
        struct buffer text = BUFFER_INIT, rejects = BUFFER_INIT;
        char json[2048];
        generation_start(&generation, &id);
        for (unsigned e = 0; e < ENTRIES_MAX && odds[i].changes[e]; e++) {
            const char *changes = odds[i].changes[e];
            uint64_t rejected = generation.ledger.rejected;
            if (*changes == '=')
                strcpy(json, changes + 1);
            else
                entry_make(json, odds[i].without, changes);
            enum fold_verdict verdict = fold_entry(&folder, &generation, NOW, json, strlen(json));
            if (verdict == FOLD_END) add(&rejects, "END");
            if (verdict == FOLD_FULL) add(&rejects, "FULL");
            if (generation.ledger.rejected == rejected) continue;
            reject_add(&generation, &rejects);
        }
        rows_show(&generation, &layout, &text);
        if (rejects.len) add(&text, rejects.data);
        if (!text.data || strcmp(text.data, odds[i].expected) != 0) {
            print_error("%s\n  have %s\n  want %s\n", odds[i].label, text.data, odds[i].expected);
            wrong++;
        }
        buffer_release(&text);
        buffer_release(&rejects);
    }
    folder_release(&folder);
    generation_release(&generation);
    assert_int_equal(wrong, 0);
}

static int names_setup(void **state) {
    (void)state;
    names_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(odd_entries)};
    return cmocka_run_group_tests(tests, names_setup, NULL);
}
