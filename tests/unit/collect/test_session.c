/* What strangers can't do: floods of sessions, templates and data that waits leave others alone, and memory within its
 * bound; and what outlives the process. */
#include "collect/message.h"

#include <malloc.h>

#include "collect/admission.h"
#include "message_case.h"

#define SHORT_FIELDS 8, 4, 12, 4, 150, 4, 151, 4, 2, 4, 1, 4
#define SHORT_RECORD 0x0a000001, 4, 0x0a000002, 4, NOW - 10, 4, NOW - 5, 4, 7, 4, 700, 4

enum { MEMORY = 2 << 20 };

static void short_make(struct message *message, uint32_t sequence, unsigned template) {
    ipfix_begin(message, NOW, sequence, 1);
    if (template) TEMPLATE(message, 2, template, SHORT_FIELDS);
    DATA(message, template ? template : 256, SHORT_RECORD);
    ipfix_end(message);
}

/* Data without its template: whether the exporter's is known. */
static bool is_understood(struct message_case *mc, uint32_t exporter) {
    uint64_t before = message_counters(mc->decoder)->flows;
    short_make(&mc->message, 0, 0);
    case_decode(mc, exporter);
    return message_counters(mc->decoder)->flows == before + 1;
}

/* Exporter 0, heard of for a minute. */
static struct message_case *with_established(void) {
    struct message_case *mc = case_open(&(struct message_config){.memory = MEMORY}, OUT_NEEDED);
    short_make(&mc->message, 0, 256);
    case_decode(mc, 0);
    case_tick(mc, SESSION_ESTABLISHED_S);
    assert_true(is_understood(mc, 0));
    return mc;
}

/* Bytes that malloc() has given out. */
static size_t allocated(void) { return mallinfo2().uordblks; }

static void a_flood_of_exporters(void **state) {
    (void)state;
    size_t before = allocated();
    struct message_case *mc = with_established();
    const struct message_counters *counters = message_counters(mc->decoder);
    size_t most = 0;
    for (uint32_t i = 1; i <= 100000; i++) {
        short_make(&mc->message, 0, 256);
        case_decode(mc, i);
        buffer_clear(&mc->out);
        if (counters->memory > most) most = counters->memory;
    }
    /* The newcomers' quarter, the table, and exporter 0. */
    assert_in_range(most, MEMORY / 4, MEMORY / 4 + MEMORY / 128 + 4096);
    assert_in_range(counters->sessions, 200, 2000);
    assert_int_equal(counters->evicted, 100001 - counters->sessions);
    assert_int_equal(counters->flows, 100002);
    assert_true(is_understood(mc, 0));
    assert_true(is_understood(mc, 100000)); /* the last to come */
    assert_false(is_understood(mc, 1));
    /* What is counted is what is used, but for the decoder itself. A sanitizer's malloc() doesn't tell. */
    size_t used = allocated();
    printf("# %zu bytes counted, %zu used\n", counters->memory, used - before - sizeof *mc - mc->out.size);
    if (used > 0)
        assert_in_range(used - before - sizeof *mc - mc->out.size, counters->memory * 9 / 10,
                        counters->memory * 11 / 10 + 100000);
    case_close(mc);
}

/* Each has a data set that waits. */
static void a_flood_of_data_sets(void **state) {
    (void)state;
    struct message_case *mc = with_established();
    const struct message_counters *counters = message_counters(mc->decoder);
    enum { FLOOD = 5000 };
    size_t most = 0;
    /* An established exporter's set is kept through all of it, until its template comes. */
    ipfix_begin(&mc->message, NOW, 0, 1);
    DATA(&mc->message, 999, SHORT_RECORD);
    ipfix_end(&mc->message);
    case_decode(mc, 0);
    for (uint32_t i = 1; i <= FLOOD; i++) {
        ipfix_begin(&mc->message, NOW, 0, 1);
        size_t set = set_begin(&mc->message, 300);
        mc->message.len += 1400;
        set_end(&mc->message, set);
        ipfix_end(&mc->message);
        case_decode(mc, i);
        if (counters->memory > most) most = counters->memory;
    }
    assert_in_range(most, MEMORY / 4, MEMORY / 4 + MEMORY / 128 + 4096);
    assert_int_equal(mc->lost + counters->held, FLOOD + 1);
    uint64_t flows = counters->flows;
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 999, SHORT_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 0);
    assert_int_equal(counters->flows, flows + 1);
    message_end(mc->decoder, mc->now_us);
    assert_int_equal(counters->held, 0);
    assert_int_equal(mc->lost, FLOOD);
    assert_int_equal(counters->lost[LOST_SETS], FLOOD);
    case_close(mc);
}

/* One exporter, established itself, sends more templates than it may have, in more domains than it may have, and then
 * data that waits. */
static void a_flood_of_templates(void **state) {
    (void)state;
    struct message_case *mc = with_established();
    const struct message_counters *counters = message_counters(mc->decoder);
    struct message_source source = exporter_of(1);
    short_make(&mc->message, 0, 256);
    case_decode(mc, 1);
    case_tick(mc, SESSION_ESTABLISHED_S);
    case_decode(mc, 1);
    size_t before = counters->memory;
    for (uint32_t domain = 0; domain < 300; domain++) {
        ipfix_begin(&mc->message, NOW, 0, domain);
        for (unsigned id = 256; id < 256 + 2 * TEMPLATES_MAX && mc->message.len < 60000; id++)
            TEMPLATE(&mc->message, 2, id, SHORT_FIELDS, 7, 2);
        ipfix_end(&mc->message);
        assert_int_equal(case_decode_from(mc, &source), 0);
        assert_in_range(counters->memory, before, before + MEMORY / 16);
    }
    assert_true(counters->memory > before + MEMORY / 32);
    for (unsigned i = 0; i < 1000; i++) {
        ipfix_begin(&mc->message, NOW, 0, i);
        size_t set = set_begin(&mc->message, 60000);
        mc->message.len += 1400;
        set_end(&mc->message, set);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_in_range(counters->memory, before, before + MEMORY / 16);
    }
    assert_true(is_understood(mc, 0));
    case_close(mc);
}

/* Templates alone make no plans; the first data set of each makes one, whose memory is given back with its template. */
static void plans_are_made_when_data_comes(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.memory = 64 << 20}, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    struct message_source source = exporter_of(1);
    size_t empty = counters->memory;
    source.transport = MESSAGE_TCP; /* whose templates can be withdrawn */
    source.connection = 1;
    ipfix_begin(&mc->message, NOW, 0, 1);
    for (unsigned id = 256; id < 256 + 1000; id++)
        TEMPLATE(&mc->message, 2, id, SHORT_FIELDS);
    ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_int_equal(counters->templates, 1000);
    assert_int_equal(counters->plans, 0);
    size_t without = counters->memory;
    assert_in_range(without - empty, 1000 * sizeof(struct template), 1000 * (sizeof(struct template) + 100));
    for (unsigned times = 0; times < 3; times++) { /* of three templates */
        ipfix_begin(&mc->message, NOW, 3 * times, 1);
        DATA(&mc->message, 300, SHORT_RECORD);
        DATA(&mc->message, 301, SHORT_RECORD);
        DATA(&mc->message, 302, SHORT_RECORD);
        ipfix_end(&mc->message);
        assert_int_equal(case_decode_from(mc, &source), 0);
        assert_int_equal(counters->plans, 3);
    }
    assert_int_equal(counters->flows, 9);
    size_t plans = counters->memory - without;
    assert_true(plans > 0 && plans % 3 == 0);
    /* The same again changes nothing; another in its place begins without one. */
    short_make(&mc->message, 9, 300);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_int_equal(counters->plans, 3);
    ipfix_begin(&mc->message, NOW, 10, 1);
    TEMPLATE(&mc->message, 2, 300, TUPLE_FIELDS, 1, 8);
    TEMPLATE(&mc->message, 2, 301, SHORT_FIELDS); /* known */
    ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_int_equal(counters->plans, 3);
    assert_int_equal(counters->memory, without + plans / 3 * 2);
    ipfix_begin(&mc->message, NOW, 10, 1); /* all are withdrawn */
    PUT(&mc->message, 2, 2, 8, 2, 2, 2, 0, 2);
    ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, &source), 0);
    assert_int_equal(counters->withdrawn, 1000);
    message_over(mc->decoder, &source);
    assert_int_equal(counters->memory, empty);
    case_close(mc);
}

/* Plans have the share of their session: where they don't fit in beside the templates, the oldest of these go. */
static void plans_take_the_place_of_templates(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.memory = MEMORY}, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    size_t empty = counters->memory;
    ipfix_begin(&mc->message, NOW, 0, 1);
    for (unsigned id = 256; id < 256 + 600; id++)
        TEMPLATE(&mc->message, 2, id, SHORT_FIELDS);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_int_equal(counters->evicted, 0);
    for (unsigned i = 1; i <= 80; i++) {
        ipfix_begin(&mc->message, NOW, 0, 1);
        DATA(&mc->message, 256 + 600 - i, SHORT_RECORD);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_int_equal(counters->flows, i);
        assert_int_equal(counters->plans, i);
        assert_in_range(counters->memory, empty, empty + MEMORY / 16);
    }
    assert_in_range(counters->evicted, 200, 500); /* each plan is worth many templates */
    case_close(mc);
}

/* A plan that is more than its session may have: its data is lost, and nothing is left of it. */
static void a_plan_without_room(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.memory = 1 << 20}, OUT_ALL);
    const struct message_counters *counters = message_counters(mc->decoder);
    for (uint32_t domain = 2; domain < 60; domain++) { /* these don't give way */
        ipfix_begin(&mc->message, NOW, 0, domain);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
    }
    ipfix_begin(&mc->message, NOW, 0, 1);
    size_t set = set_begin(&mc->message, 2);
    PUT(&mc->message, 256, 2, DATA_RECORD_FIELDS_MAX, 2);
    for (unsigned i = 0; i < DATA_RECORD_FIELDS_MAX / 2; i++) /* all of them have an item in the plan of each family */
        PUT(&mc->message, i < 2 ? i == 0 ? 8 : 27 : 300 + i, 2, i == 1 ? 16 : 4, 2, 0x8000 | (300 + i), 2, 4, 2,
            ENTERPRISE_REVERSE, 4);
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    size_t without = counters->memory;
    ipfix_begin(&mc->message, NOW, 0, 1);
    set = set_begin(&mc->message, 256);
    PUT(&mc->message, 1, 4);
    mc->message.len += DATA_RECORD_FIELDS_MAX * 16;
    set_end(&mc->message, set);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    assert_int_equal(counters->plans, 1);
    assert_int_equal(counters->evicted, 1);
    assert_int_equal(counters->flows, 0);
    assert_int_equal(counters->memory, without);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "lost 1 sets of 192.0.2.1/1, 0 to 0\n");
    case_close(mc);
}

static void templates_of_a_domain(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.memory = 64 << 20}, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    for (unsigned id = 256; id < 256 + TEMPLATES_MAX + 10; id++) {
        short_make(&mc->message, id - 256, id);
        case_decode(mc, 1);
        mc->now_us++;
    }
    assert_int_equal(counters->evicted, 10);
    buffer_clear(&mc->out);
    /* The oldest ones gave way. */
    for (unsigned id = 256; id < 256 + TEMPLATES_MAX + 10; id++) {
        uint64_t flows = counters->flows;
        ipfix_begin(&mc->message, NOW, 0, 1);
        DATA(&mc->message, id, SHORT_RECORD);
        ipfix_end(&mc->message);
        case_decode(mc, 1);
        assert_int_equal(counters->flows - flows, id >= 266);
    }
    case_close(mc);
}

static void data_that_waits_in_a_domain(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (unsigned i = 0; i < HELD_MAX + 5; i++) {
        short_make(&mc->message, i, 0);
        case_decode(mc, 1);
    }
    assert_int_equal(message_counters(mc->decoder)->held, HELD_MAX);
    short_make(&mc->message, HELD_MAX + 5, 256);
    case_decode(mc, 1);
    assert_int_equal(message_counters(mc->decoder)->held, 0);
    assert_int_equal(message_counters(mc->decoder)->flows, HELD_MAX + 1);
    message_end(mc->decoder, mc->now_us);
    assert_int_equal(message_counters(mc->decoder)->lost[LOST_SETS], 5); /* the oldest */
    assert_int_equal(mc->lost, 5);
    case_close(mc);
}

static void connections_have_a_share_of_their_own(void **state) {
    (void)state;
    struct message_case *mc = with_established();
    unsigned refused = 0;
    for (unsigned i = 1; i <= 64; i++) {
        struct message_source source = exporter_of(i);
        source.transport = MESSAGE_TCP;
        source.connection = i;
        for (uint32_t domain = 0; domain < 100; domain++) {
            ipfix_begin(&mc->message, NOW, 0, domain);
            for (unsigned id = 256; id < 300; id++)
                TEMPLATE(&mc->message, 2, id, SHORT_FIELDS, 7, 2);
            ipfix_end(&mc->message);
            if (case_decode_from(mc, &source) != 0) refused++;
        }
    }
    assert_true(refused > 0);
    assert_in_range(message_counters(mc->decoder)->memory, MEMORY / 10, MEMORY / 8 + MEMORY / 128 + 4096);
    assert_true(is_understood(mc, 0));
    short_make(&mc->message, 0, 256);
    case_decode(mc, 1);
    assert_true(is_understood(mc, 1)); /* a newcomer by UDP */
    case_close(mc);
}

static void the_silent_are_forgotten(void **state) {
    (void)state;
    struct message_case *mc = with_established();
    case_tick(mc, 1800);
    assert_int_equal(message_counters(mc->decoder)->sessions, 1);
    case_tick(mc, 1);
    assert_int_equal(message_counters(mc->decoder)->sessions, 0);
    assert_int_equal(message_counters(mc->decoder)->memory, MEMORY / 128);
    case_close(mc);
}

/* --- state --- */

static const char known_state[] = "flowimport-collector 1\n"
                                  "exporter 192.0.2.1 2055 new 1700000000 1700000000\n"
                                  "domain 10 1 - 3 0 1700000000 100 1699990000000000\n"
                                  "template 256 data 1700000000 0.8.4 0.12.4 0.150.4 0.151.4 0.2.4 0.1.4 29305.1.4\n"
                                  "template 257 options 1700000000 0.149.4 0.34.4 0.160.8\n"
                                  "template 258 options 1700000000 0.10.4 0.34.4\n"
                                  "rate 9223372036854775817 7\n";

static struct message_case *with_state(void) {
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    ipfix_begin(&mc->message, NOW, 0, 1);
    size_t set = set_begin(&mc->message, 2);
    PUT(&mc->message, 256, 2, 7, 2, 8, 2, 4, 2, 12, 2, 4, 2, 150, 2, 4, 2, 151, 2, 4, 2, 2, 2, 4, 2, 1, 2, 4, 2);
    PUT(&mc->message, 0x8001, 2, 4, 2, ENTERPRISE_REVERSE, 4);
    set_end(&mc->message, set);
    OPTIONS(&mc->message, 257, 1, 149, 4, 34, 4, 160, 8);
    OPTIONS(&mc->message, 258, 1, 10, 4, 34, 4);
    DATA(&mc->message, 257, 1, 4, 100, 4, (NOW - 10000) * UINT64_C(1000), 8);
    DATA(&mc->message, 258, 9, 4, 7, 4);
    DATA(&mc->message, 256, SHORT_RECORD, 0, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    buffer_clear(&mc->out);
    return mc;
}

static void state_is_written_and_read(void **state) {
    (void)state;
    struct message_case *mc = with_state();
    struct buffer text = BUFFER_INIT, again = BUFFER_INIT;
    struct error error;
    message_state_write(mc->decoder, &text);
    assert_non_null(strstr(text.data, "domain 10 1 - - 0 1700000000 100 ")); /* it is not at its end */
    buffer_clear(&text);
    message_end(mc->decoder, mc->now_us);
    message_state_write(mc->decoder, &text);
    assert_memory_equal(text.data, known_state, sizeof known_state - 1);
    assert_int_equal(text.len, sizeof known_state - 1 + strlen("end 0123456789abcdef\n"));
    case_close(mc);

    mc = case_open(NULL, OUT_NEEDED);
    uint64_t version = message_state_version(mc->decoder);
    assert_int_equal(message_state_read(mc->decoder, text.data, text.len, mc->now_us, &error), 0);
    message_end(mc->decoder, mc->now_us);
    message_state_write(mc->decoder, &again);
    assert_string_equal(again.data, text.data);
    case_tick(mc, 1);
    assert_true(message_state_version(mc->decoder) > version);
    /* Its data is read, scaled, and 12 records have been missed meanwhile. */
    ipfix_begin(&mc->message, NOW, 15, 1);
    DATA(&mc->message, 256, SHORT_RECORD, 0, 4);
    ipfix_end(&mc->message);
    case_decode(mc, 1);
    message_end(mc->decoder, mc->now_us);
    assert_out(mc, "{\"flowStartSeconds\":1699999990,\"flowEndSeconds\":1699999995,\"packetDeltaCount\":700,"
                   "\"octetDeltaCount\":70000,\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162}\n"
                   "lost 12 flows of 192.0.2.1/1, 0 to 1\n");
    case_close(mc);
    buffer_release(&text);
    buffer_release(&again);
}

static void assert_refused(const char *text, size_t len, const char *why) {
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct error error = {""};
    assert_int_equal(message_state_read(mc->decoder, text, len, mc->now_us, &error), -1);
    assert_string_equal(error.text, why);
    assert_int_equal(message_counters(mc->decoder)->sessions, 0);
    case_close(mc);
}

static void damaged_state_is_refused(void **state) {
    (void)state;
    struct message_case *mc = with_state();
    struct buffer text = BUFFER_INIT;
    message_state_write(mc->decoder, &text);
    for (size_t len = 0; len < text.len; len++) {
        struct error error;
        char *copy = mem_alloc(len ? len : 1);
        memcpy(copy, text.data, len);
        assert_int_equal(message_state_read(mc->decoder, copy, len, mc->now_us, &error), -1);
        free(copy);
    }
    text.data[100] ^= 1;
    assert_refused(text.data, text.len, "damaged: the last line is not the hash of the others");
    text.data[100] ^= 1;
    text.data[21]++;
    assert_refused(text.data, text.len, "does not start with 'flowimport-collector 1', or is truncated");
    buffer_release(&text);
    case_close(mc);
}

/* Too old by the time that they are read: a template of three; or whose exporter is not on the list any more. */
static void state_that_is_out_of_date(void **state) {
    (void)state;
    struct prefixes allow;
    struct error error;
    struct buffer text = BUFFER_INIT;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (unsigned i = 0; i < 3; i++) {
        short_make(&mc->message, 0, 256 + i);
        case_decode(mc, 1);
        case_tick(mc, 1);
    }
    message_state_write(mc->decoder, &text);
    case_close(mc);
    mc = case_open(NULL, OUT_NEEDED);
    mc->now_us += 1801 * SECOND;
    assert_int_equal(message_state_read(mc->decoder, text.data, text.len, mc->now_us, &error), 0);
    assert_int_equal(message_counters(mc->decoder)->templates, 2);
    case_close(mc);
    assert_int_equal(prefixes_parse(&allow, "192.0.2.2", false, &error), 0);
    mc = case_open(&(struct message_config){.allow = &allow}, OUT_NEEDED);
    assert_int_equal(message_state_read(mc->decoder, text.data, text.len, mc->now_us, &error), 0);
    assert_int_equal(message_counters(mc->decoder)->sessions, 0);
    buffer_release(&text);
    case_close(mc);
}

/* A template that is only sent again is written down again, before it could be taken for too old. */
static void refreshed_templates_are_worth_writing(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    unsigned changes = 0;
    for (unsigned i = 0; i < 60; i++) { /* for an hour */
        uint64_t version = message_state_version(mc->decoder);
        short_make(&mc->message, i, 256);
        case_decode(mc, 1);
        changes += message_state_version(mc->decoder) != version;
        case_tick(mc, 60);
    }
    assert_in_range(changes, 7, 9);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_exporters),
        cmocka_unit_test(a_flood_of_data_sets),
        cmocka_unit_test(a_flood_of_templates),
        cmocka_unit_test(plans_are_made_when_data_comes),
        cmocka_unit_test(plans_take_the_place_of_templates),
        cmocka_unit_test(a_plan_without_room),
        cmocka_unit_test(templates_of_a_domain),
        cmocka_unit_test(data_that_waits_in_a_domain),
        cmocka_unit_test(connections_have_a_share_of_their_own),
        cmocka_unit_test(the_silent_are_forgotten),
        cmocka_unit_test(state_is_written_and_read),
        cmocka_unit_test(damaged_state_is_refused),
        cmocka_unit_test(state_that_is_out_of_date),
        cmocka_unit_test(refreshed_templates_are_worth_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
