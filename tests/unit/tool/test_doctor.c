/* What is wrong with exporters: each check at its edges, out of documents as /status has them. */
#include "tool/doctor.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/mem.h"

enum { NOW = 1700000000 };

/* "EXPORTER KIND MEANING" for each finding, in `text`. */
static struct doctor *examine(const char *json, struct buffer *text) {
    struct doctor *doctor = mem_zalloc(1, sizeof *doctor);
    json_t *status = json_loads(json, 0, NULL);
    assert_non_null(status);
    assert_true(doctor_examine(doctor, status, NOW));
    json_decref(status);
    buffer_clear(text);
    for (unsigned i = 0; i < doctor->n; i++) {
        const struct doctor_finding *finding = &doctor->findings[i];
        buffer_printf(text, "%s %s %s\n", finding->exporter, finding->kind, finding->meaning);
        assert_true(strlen(finding->fix) > 10);
    }
    return doctor;
}

static void assert_found(const char *json, const char *expected) {
    struct buffer text = BUFFER_INIT;
    free(examine(json, &text));
    assert_string_equal(text.len ? text.data : "", expected);
    buffer_release(&text);
}

#define COLLECTOR(members)                                                                                             \
    "{\"build\": {}, \"listener\": {\"dropped_total\": 0}, \"collector\": {\"messages_total\": 1000, "                 \
    "\"exporter_messages_total\": {\"192.0.2.1/0\": 1000}, \"exporter_records_total\": {\"192.0.2.1/0\": 20000}, "     \
    "\"exporter_heard_timestamp_seconds\": {\"192.0.2.1/0\": 1699999401}" members "}}"
#define OF_ONE(family, n) COLLECTOR(", \"exporter_" family "\": {\"192.0.2.1/0\": " #n "}")

static void nothing_is_wrong(void **state) {
    (void)state;
    assert_found(COLLECTOR(""), "");
    assert_found(COLLECTOR(", \"uncounted_records_total\": {}, \"exporter_both_ends_total\": {}"), "");
}

static void faults_of_exporters(void **state) {
    (void)state;
    assert_found(OF_ONE("unscaled_sets_total", 9), "");
    assert_found(OF_ONE("unscaled_sets_total", 10),
                 "192.0.2.1/0 sampling 10 data sets are of sampled flows, and their sampling rate is not known: they "
                 "count as they are\n");
    assert_found(OF_ONE("untemplated_sets_total", 10),
                 "192.0.2.1/0 templates 10 data sets were lost because their template did not arrive in time\n");
    assert_found(OF_ONE("malformed_total", 10), "192.0.2.1/0 malformed 10 messages or sets are malformed\n");
    assert_found(OF_ONE("both_ends_total", 10),
                 "192.0.2.1/0 duplicates 10 data sets, samples or flows are reported where they enter and where "
                 "they leave: these count twice\n");
    assert_found(OF_ONE("times_unset_total", 199), "");
    assert_found(OF_ONE("times_unset_total", 200),
                 "192.0.2.1/0 times 200 flows have no times: they count at the time of their message\n");
    assert_found(OF_ONE("times_fixed_total", 200),
                 "192.0.2.1/0 times 200 flows ended beyond the exporter's uptime, or before their start\n");
    assert_found(OF_ONE("times_clipped_total", 200),
                 "192.0.2.1/0 timeout 200 flows were longer than max_flow_duration\n");
    assert_found(OF_ONE("lost_total", 200),
                 "192.0.2.1/0 loss 200 flows, messages or data sets were lost on the way, by the exporter's sequence "
                 "numbers\n");
    assert_found(OF_ONE("clock_wrong_seconds", 1),
                 "192.0.2.1/0 clock its clock is wrong by 1 seconds, and its times are corrected by that\n");
    assert_found(
        COLLECTOR(", \"uncounted_records_total\": {\"192.0.2.9/1 template 256: no octets and no packets\": 3}"),
        "192.0.2.9/1 uncounted 3 records of template 256: no octets and no packets can't be counted\n");
}

static void silence(void **state) {
    (void)state;
    assert_found(
        "{\"build\": {}, \"collector\": {\"exporter_messages_total\": {\"a/0\": 5, \"b/0\": 5, \"c/0\": 5}, "
        "\"exporter_heard_timestamp_seconds\": {\"a/0\": 1699999400, \"b/0\": 1699999401, \"c/0\": 1699992800}}}",
        "a/0 silence nothing has arrived for 10 min\nc/0 silence nothing has arrived for 2 h 00 min\n");
}

static void faults_of_the_whole(void **state) {
    (void)state;
    assert_found("{\"build\": {}, \"collector\": {}}", " exporters no exporter has sent anything\n");
    assert_found("{\"build\": {}}", " collector flowimportd listens to no exporters\n");
    assert_found(COLLECTOR(", \"refused_messages_total\": 9, \"unknown_messages_total\": 9"), "");
    assert_found(COLLECTOR(", \"refused_messages_total\": 10, \"unknown_messages_total\": 11, \"evicted_total\": 1, "
                           "\"thrown_away_total\": 2"),
                 " overload 2 flows were discarded because the event loop did not take them\n"
                 " memory 1 exporters or templates were discarded for lack of memory\n"
                 " refused 10 messages came from exporters that [collector] allow does not list\n"
                 " unknown 11 messages are not NetFlow v5, v7 or v9, IPFIX or sFlow v5\n");
    assert_found("{\"build\": {}, \"listener\": {\"dropped_total\": 7}, \"collector\": {\"exporter_messages_total\": "
                 "{\"a/0\": 5}}}",
                 " buffer 7 datagrams were dropped because the socket's buffer was full\n");
}

/* What is no such document, and what a document may lie about. */
static void other_documents(void **state) {
    (void)state;
    static const char *const others[] = {"[]", "{}", "{\"collector\": {}}", "7"};
    struct doctor *doctor = mem_zalloc(1, sizeof *doctor);
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        json_t *status = json_loads(others[i], JSON_DECODE_ANY, NULL);
        assert_false(doctor_examine(doctor, status, NOW));
        json_decref(status);
    }
    free(doctor);
    assert_found("{\"build\": 1, \"listener\": [], \"collector\": {\"exporter_messages_total\": {\"a/0\": \"x\"}, "
                 "\"exporter_malformed_total\": {\"a/0\": -5}, \"exporter_heard_timestamp_seconds\": 7, "
                 "\"uncounted_records_total\": {\"without the word\": 3}}}",
                 "");
}

static void many_and_long(void **state) {
    (void)state;
    struct buffer json = BUFFER_INIT, text = BUFFER_INIT;
    buffer_add_text(&json, "{\"build\": {}, \"collector\": {\"exporter_messages_total\": {");
    for (unsigned i = 0; i < DOCTOR_FINDINGS + 10; i++)
        buffer_printf(&json, "\"%0200u\": 1%s", i, i < DOCTOR_FINDINGS + 9 ? ", " : "}");
    buffer_add_text(&json, ", \"exporter_clock_wrong_seconds\": {");
    for (unsigned i = 0; i < DOCTOR_FINDINGS + 10; i++)
        buffer_printf(&json, "\"%0200u\": 1%s", i, i < DOCTOR_FINDINGS + 9 ? ", " : "}}}");
    struct doctor *doctor = examine(json.data, &text);
    assert_int_equal(doctor->exporters, DOCTOR_FINDINGS + 10);
    assert_int_equal(doctor->n, DOCTOR_FINDINGS);
    assert_int_equal(doctor->more, 10);
    assert_int_equal(strlen(doctor->findings[0].exporter), DOCTOR_NAME_MAX - 1);
    free(doctor);
    buffer_release(&json);
    buffer_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wrong),    cmocka_unit_test(faults_of_exporters), cmocka_unit_test(silence),
        cmocka_unit_test(faults_of_the_whole), cmocka_unit_test(other_documents),     cmocka_unit_test(many_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
