/* Firewalls' events: updates and teardowns of a connection count its traffic once. */
#include "collect/nsel.h"

#include "message_case.h"

/* Cisco ASA's: an id, the event, and what initiator and responder have sent. */
#define EVENT_FIELDS TUPLE_FIELDS, 233, 1, 231, 4, 232, 4, 152, 8
#define EVENT(event, forward, back) TUPLE, event, 1, forward, 4, back, 4, (NOW - 90) * UINT64_C(1000), 8
enum { CREATED = 1, DELETED = 2, DENIED = 3, ALERT = 4, UPDATE = 5 };

static struct message_case *firewall_open(void) {
    struct message_case *mc = case_open(NULL, OUT_FLOWS);
    v9_begin(&mc->message, UPTIME, NOW, 0, 0);
    TEMPLATE(&mc->message, 0, 256, 148, 4, EVENT_FIELDS);
    TEMPLATE(&mc->message, 0, 257, EVENT_FIELDS);
    TEMPLATE(&mc->message, 0, 258, 148, 4, TUPLE_FIELDS, 233, 1);
    TEMPLATE(&mc->message, 0, 259, 148, 4, TUPLE_FIELDS, 233, 1, 1, 4, 2, 4);
    TEMPLATE(&mc->message, 0, 260, 148, 4, TUPLE_FIELDS, 40005, 1, 85, 4);
    case_decode(mc, 1);
    return mc;
}

/* Returns the octets of all flows that came out of it. */
#define SEND(mc, exporter, domain, template, ...)                                                                      \
    (v9_begin(&mc->message, UPTIME, NOW, 0, domain),                                                                   \
     event_send(mc, exporter, template, (const uint64_t[]){__VA_ARGS__},                                               \
                sizeof((const uint64_t[]){__VA_ARGS__}) / 16))

static uint64_t event_send(struct message_case *mc, uint32_t exporter, unsigned template, const uint64_t *pairs,
                           size_t n) {
    uint64_t octets = 0;
    size_t begin = set_begin(&mc->message, template);
    for (size_t i = 0; i < n; i++)
        put(&mc->message, pairs[2 * i], (unsigned)pairs[2 * i + 1]);
    set_end(&mc->message, begin);
    case_decode(mc, exporter);
    for (char *line = mc->out.len ? mc->out.data : NULL; line; line = strchr(line, '\n')) {
        if (*line == '\n' && !*++line) break;
        char *end = strchr(line, '\n');
        if (*line == '{') fail_msg("%s", line);
        while (end[-1] != ' ')
            end--;
        octets += strtoull(end, NULL, 10);
    }
    buffer_clear(&mc->out);
    if (mc->out.data) mc->out.data[0] = '\0';
    return octets;
}

#define BY_ID(mc, id, event, forward, back) SEND(mc, 1, 0, 256, id, 4, EVENT(event, forward, back))
#define BY_TUPLE(mc, event, forward, back) SEND(mc, 1, 0, 257, EVENT(event, forward, back))

static void updates_and_a_teardown(void **state) {
    (void)state;
    struct message_case *mc = firewall_open();
    const struct message_counters *counters = message_counters(mc->decoder);
    assert_int_equal(BY_ID(mc, 77, CREATED, 0, 0), 0);
    assert_int_equal(BY_ID(mc, 77, UPDATE, 69, 14178), 14247);
    assert_int_equal(BY_ID(mc, 77, UPDATE, 31, 22), 53);
    assert_int_equal(BY_ID(mc, 77, DELETED, 150, 14200), 50);
    /* It is over, and its id another's. */
    assert_int_equal(BY_ID(mc, 77, DELETED, 150, 14200), 14350);
    /* Nothing has come since the update. */
    assert_int_equal(BY_ID(mc, 78, UPDATE, 69, 14178), 14247);
    assert_int_equal(BY_ID(mc, 78, DELETED, 69, 14178), 0);
    assert_int_equal(counters->ignored[IGNORED_COUNTED_BEFORE], 1);
    /* Counters went back: nothing below zero. */
    assert_int_equal(BY_ID(mc, 79, UPDATE, 100, 100), 200);
    assert_int_equal(BY_ID(mc, 79, DELETED, 50, 130), 30);
    /* Its end was not heard: one that is created with its id begins anew. */
    assert_int_equal(BY_ID(mc, 80, UPDATE, 100, 100), 200);
    assert_int_equal(BY_ID(mc, 80, CREATED, 0, 0), 0);
    assert_int_equal(BY_ID(mc, 80, DELETED, 50, 130), 180);
    assert_int_equal(counters->ignored[IGNORED_CREATED], 2);
    case_close(mc);
}

static void who_a_connection_is(void **state) {
    (void)state;
    struct message_case *mc = firewall_open();
    assert_int_equal(BY_ID(mc, 1, UPDATE, 10, 10), 20);
    assert_int_equal(BY_ID(mc, 2, DELETED, 50, 50), 100);                   /* another id */
    assert_int_equal(SEND(mc, 1, 5, 256, 1, 4, EVENT(DELETED, 50, 50)), 0); /* another domain, no template */
    v9_begin(&mc->message, UPTIME, NOW, 0, 0);
    TEMPLATE(&mc->message, 0, 256, 148, 4, EVENT_FIELDS);
    case_decode(mc, 2);
    assert_int_equal(SEND(mc, 2, 0, 256, 1, 4, EVENT(DELETED, 50, 50)), 100); /* another firewall */
    assert_int_equal(BY_ID(mc, 1, DELETED, 50, 50), 80);
    /* Without an id: addresses, ports and protocol. */
    assert_int_equal(BY_TUPLE(mc, UPDATE, 10, 10), 20);
    assert_int_equal(SEND(mc, 1, 0, 257, 0x0a000001, 4, 0x0a000002, 4, 1001, 2, 80, 2, 6, 1, DELETED, 1, 50, 4, 50, 4,
                          NOW * UINT64_C(1000), 8),
                     100);
    assert_int_equal(BY_TUPLE(mc, DELETED, 50, 50), 80);
    case_close(mc);
}

static void other_events(void **state) {
    (void)state;
    struct message_case *mc = firewall_open();
    const struct message_counters *counters = message_counters(mc->decoder);
    assert_int_equal(BY_ID(mc, 1, DENIED, 60, 0), 0);
    assert_int_equal(SEND(mc, 1, 0, 258, 1, 4, TUPLE, DENIED, 1), 0); /* without any counter, as most are */
    assert_int_equal(SEND(mc, 1, 0, 258, 1, 4, TUPLE, CREATED, 1), 0);
    assert_int_equal(SEND(mc, 1, 0, 258, 1, 4, TUPLE, UPDATE, 1), 0);
    assert_int_equal(counters->ignored[IGNORED_DENIED], 2);
    assert_int_equal(counters->ignored[IGNORED_CREATED], 1);
    assert_int_equal(counters->ignored[IGNORED_UNCOUNTED], 1);
    assert_int_equal(counters->flows, 0);
    assert_int_equal(BY_ID(mc, 1, ALERT, 60, 0), 60);
    /* Deltas are deltas, whatever the event (Palo Alto). */
    assert_int_equal(SEND(mc, 1, 0, 259, 2, 4, TUPLE, CREATED, 1, 40, 4, 1, 4), 40);
    assert_int_equal(SEND(mc, 1, 0, 259, 2, 4, TUPLE, UPDATE, 1, 60, 4, 1, 4), 60);
    assert_int_equal(SEND(mc, 1, 0, 259, 2, 4, TUPLE, DELETED, 1, 80, 4, 1, 4), 80);
    /* The event's older element, with totals. */
    assert_int_equal(SEND(mc, 1, 0, 260, 3, 4, TUPLE, UPDATE, 1, 40, 4), 40);
    assert_int_equal(SEND(mc, 1, 0, 260, 3, 4, TUPLE, DELETED, 1, 60, 4), 20);
    assert_int_equal(SEND(mc, 1, 0, 260, 3, 4, TUPLE, DENIED, 1, 60, 4), 0);
    case_close(mc);
}

/* By option a denied connection is a flow: of what it says, most often of nothing. */
static void denied_ones_by_option(void **state) {
    (void)state;
#define DENIED_ENTRY(second, packets, octets)                                                                          \
    "{\"flowStartSeconds\":" second ",\"flowEndSeconds\":" second ",\"packetDeltaCount\":" packets                     \
    ",\"octetDeltaCount\":" octets ",\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162,"            \
    "\"sourceTransportPort\":1000,\"destinationTransportPort\":80,\"protocolIdentifier\":6}\n"
    static const char *const wanted[] = {
        DENIED_ENTRY("1700000000", "0", "0") DENIED_ENTRY("1700000000", "1", "60") DENIED_ENTRY("1699999995", "0", "0")
            DENIED_ENTRY("1700000000", "0", "0"),
        "0 6 1700000000-1700000000 0 0\n0 6 1700000000-1700000000 1 60\n0 6 1699999995-1699999995 0 0\n"
        "0 6 1700000000-1700000000 0 0\n"};
    for (enum case_out out = OUT_NEEDED; out <= OUT_FLOWS; out++) {
        struct message_case *mc = case_open(&(struct message_config){.count_denied = true}, out);
        v9_begin(&mc->message, UPTIME, NOW, 0, 0);
        TEMPLATE(&mc->message, 0, 256, 148, 4, TUPLE_FIELDS, 233, 1, 1, 4, 2, 4);
        TEMPLATE(&mc->message, 0, 257, 148, 4, TUPLE_FIELDS, 233, 1, 231, 4, 298, 4);
        TEMPLATE(&mc->message, 0, 258, 148, 4, TUPLE_FIELDS, 233, 1, 323, 8);
        TEMPLATE(&mc->message, 0, 259, TUPLE_FIELDS, 40005, 1);
        DATA(&mc->message, 257, 1, 4, TUPLE, DENIED, 1, 0, 4, 0, 4);
        DATA(&mc->message, 257, 1, 4, TUPLE, DENIED, 1, 60, 4, 1, 4);
        DATA(&mc->message, 257, 1, 4, TUPLE, DELETED, 1, 0, 4, 0, 4);
        DATA(&mc->message, 258, 1, 4, TUPLE, DENIED, 1, (NOW - 5) * UINT64_C(1000), 8);
        DATA(&mc->message, 258, 1, 4, TUPLE, CREATED, 1, 0, 8);
        DATA(&mc->message, 258, 1, 4, TUPLE, UPDATE, 1, 0, 8);
        DATA(&mc->message, 259, TUPLE, DENIED, 1);
        case_decode(mc, 1);
        assert_string_equal(mc->out.data, wanted[out == OUT_FLOWS]);
        const struct message_counters *counters = message_counters(mc->decoder);
        assert_int_equal(counters->flows, 4);
        assert_int_equal(counters->ignored[IGNORED_DENIED], 0);
        assert_int_equal(counters->ignored[IGNORED_EMPTY], 1);
        assert_int_equal(counters->ignored[IGNORED_CREATED], 1);
        assert_int_equal(counters->ignored[IGNORED_UNCOUNTED], 1);
        case_close(mc);
    }
}

/* It never grows: of many connections some are forgotten, and those count twice. */
static void memory_has_a_limit(void **state) {
    (void)state;
    enum { CONNECTIONS = 20000 };
    struct message_case *mc = case_open(&(struct message_config){.memory = 1 << 20}, OUT_FLOWS);
    v9_begin(&mc->message, UPTIME, NOW, 0, 0);
    TEMPLATE(&mc->message, 0, 256, 148, 4, EVENT_FIELDS);
    case_decode(mc, 1);
    uint64_t octets = BY_ID(mc, 1, UPDATE, 10, 0);
    size_t memory = message_counters(mc->decoder)->memory;
    for (unsigned i = 2; i <= CONNECTIONS; i++)
        octets += BY_ID(mc, i, UPDATE, 10, 0);
    assert_int_equal(octets, 10 * CONNECTIONS);
    assert_int_equal(message_counters(mc->decoder)->memory, memory);
    octets = 0;
    for (unsigned i = 1; i <= CONNECTIONS; i++)
        octets += BY_ID(mc, i, DELETED, 10, 0);
    assert_in_range(octets, 10 * (CONNECTIONS - (1 << 16) / 48), 10 * CONNECTIONS - 10 * 500);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_and_a_teardown), cmocka_unit_test(who_a_connection_is), cmocka_unit_test(other_events),
        cmocka_unit_test(denied_ones_by_option),  cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
