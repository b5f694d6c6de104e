/* Exporters that send from several ports, or share an address: whose template reads what (RFC 3954, 5.1; RFC
 * 7011, 8.1).
 */
#include "collect/admission.h"

#include "message_case.h"

/* The counts the other way round: a reader of A_RECORD by it is found out. */
#define TURNED_FIELDS TUPLE_FIELDS, 150, 4, 151, 4, 1, 4, 2, 4
#define A_TURNED_FLOW FLOW(1699999990, 1699999995, 700, 7)

enum kind { V9, IPFIX, KINDS };

static struct message_source port_of(unsigned port) {
    struct message_source source = exporter_of(1);
    source.port = (uint16_t)port;
    return source;
}

enum part { NOTHING, PLAIN, TURNED };

/* From 192.0.2.1 and this port: a template of id 256, a data set that needs one, or both. */
static void send_from(struct message_case *mc, enum kind kind, const struct message_source *source, uint32_t domain,
                      enum part template, bool data) {
    uint32_t now = (uint32_t)(mc->now_us / SECOND);
    if (kind == V9)
        v9_begin(&mc->message, UPTIME, now, 0, domain);
    else
        ipfix_begin(&mc->message, now, 0, domain);
    if (template == PLAIN) TEMPLATE(&mc->message, kind == V9 ? 0 : 2, 256, SECONDS_FIELDS);
    if (template == TURNED) TEMPLATE(&mc->message, kind == V9 ? 0 : 2, 256, TURNED_FIELDS);
    if (data) DATA(&mc->message, 256, A_RECORD);
    if (kind == IPFIX) ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, source), 0);
}

static void send(struct message_case *mc, enum kind kind, unsigned port, enum part template, bool data) {
    const struct message_source source = port_of(port);
    send_from(mc, kind, &source, 1, template, data);
}

static void templates_from_another_port(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        const struct message_counters *counters = message_counters(mc->decoder);
        send(mc, kind, 1000, PLAIN, false);
        send(mc, kind, 1001, NOTHING, true);
        send(mc, kind, 1002, NOTHING, true);
        assert_out(mc, A_FLOW A_FLOW);
        assert_int_equal(counters->templates, 1);
        assert_int_equal(counters->plans, 1); /* one for all */
        /* It changes: at once for all of them. */
        mc->now_us += SECOND;
        send(mc, kind, 1000, TURNED, false);
        send(mc, kind, 1001, NOTHING, true);
        assert_out(mc, A_TURNED_FLOW);
        case_close(mc);
    }
}

static void of_several_the_newest(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        send(mc, kind, 1000, PLAIN, false);
        mc->now_us += SECOND;
        send(mc, kind, 1001, TURNED, false);
        send(mc, kind, 1002, NOTHING, true);
        assert_out(mc, A_TURNED_FLOW);
        mc->now_us += SECOND;
        send(mc, kind, 1000, PLAIN, false); /* sent again */
        send(mc, kind, 1002, NOTHING, true);
        assert_out(mc, A_FLOW);
        mc->now_us += SECOND;
        send(mc, kind, 1002, TURNED, true); /* its own */
        mc->now_us += SECOND;
        send(mc, kind, 1000, PLAIN, false);
        send(mc, kind, 1002, NOTHING, true);
        assert_out(mc, A_TURNED_FLOW A_TURNED_FLOW);
        case_close(mc);
    }
}

/* Two exporters behind one address: both are active, and what each means by 256 differs. */
static void behind_nat_each_has_its_own(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        for (unsigned i = 0; i < 3; i++) {
            send(mc, kind, 1000, PLAIN, false);
            send(mc, kind, 1001, TURNED, false);
            for (unsigned times = 0; times < 2; times++) {
                send(mc, kind, 1000, NOTHING, true);
                assert_out(mc, A_FLOW);
                send(mc, kind, 1001, NOTHING, true);
                assert_out(mc, A_TURNED_FLOW);
            }
            mc->now_us += 60 * SECOND;
        }
        assert_int_equal(message_counters(mc->decoder)->templates, 2);
        case_close(mc);
    }
}

static void what_is_no_sibling(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        struct message_source source = port_of(1000), other = exporter_of(2), tcp = source;
        tcp.transport = MESSAGE_TCP;
        tcp.connection = 1;
        send_from(mc, kind, &source, 1, PLAIN, false);
        send_from(mc, kind, &source, 2, NOTHING, true); /* another domain */
        send_from(mc, kind, &other, 1, NOTHING, true);  /* another address */
        send_from(mc, kind == V9 ? IPFIX : V9, &source, 1, NOTHING, true);
        if (kind == IPFIX) send_from(mc, kind, &tcp, 1, NOTHING, true);
        assert_out(mc, "");
        assert_int_equal(message_counters(mc->decoder)->held, kind == IPFIX ? 4 : 3);
        /* Nor are connections siblings of each other. */
        other = tcp;
        other.connection = 2;
        other.port++;
        if (kind == IPFIX) {
            send_from(mc, kind, &other, 7, PLAIN, false);
            send_from(mc, kind, &tcp, 7, NOTHING, true);
            assert_out(mc, "");
        }
        case_close(mc);
    }
}

static void an_old_one_gives_way(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(&(struct message_config){.template_lifetime_us = 600 * SECOND}, OUT_NEEDED);
        send(mc, kind, 1000, PLAIN, false);
        mc->now_us += 500 * SECOND;
        send(mc, kind, 1000, NOTHING, true);
        send(mc, kind, 1001, TURNED, false);
        assert_out(mc, A_FLOW);
        mc->now_us += 101 * SECOND; /* its own was sent too long ago */
        send(mc, kind, 1000, NOTHING, true);
        assert_out(mc, A_TURNED_FLOW);
        mc->now_us += 500 * SECOND; /* and so was the other */
        send(mc, kind, 1000, NOTHING, true);
        assert_out(mc, "");
        assert_int_equal(message_counters(mc->decoder)->held, 1);
        case_close(mc);
    }
}

/* Data that waits at one port is read when another sends its template. */
static void data_waits_for_a_sibling(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct message_case *mc = case_open(NULL, OUT_NEEDED);
        send(mc, kind, 1001, NOTHING, true);
        send(mc, kind, 1002, NOTHING, true);
        send(mc, kind, 1001, NOTHING, true);
        assert_int_equal(message_counters(mc->decoder)->held, 3);
        send(mc, kind, 1000, PLAIN, true);
        assert_int_equal(message_counters(mc->decoder)->held, 0);
        assert_out(mc, A_FLOW A_FLOW A_FLOW A_FLOW);
        message_end(mc->decoder, mc->now_us);
        assert_out(mc, "");
        case_close(mc);
    }
}

/* An exporter that sends templates from one port sends its sampling rate from there. */
static void rates_of_a_sibling(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    const struct message_source first = port_of(1000);
    ipfix_begin(&mc->message, NOW, 0, 1);
    TEMPLATE(&mc->message, 2, 256, SECONDS_FIELDS);
    OPTIONS(&mc->message, 257, 1, 149, 4, 34, 4);
    DATA(&mc->message, 257, 1, 4, 10, 4);
    ipfix_end(&mc->message);
    assert_int_equal(case_decode_from(mc, &first), 0);
    send(mc, IPFIX, 1001, NOTHING, true);
    assert_out(mc, FLOW(1699999990, 1699999995, 70, 7000));
    case_close(mc);
}

/* Ports that strangers make up cost no time: a few are looked at. They take no templates either, while there are few.
 */
static void many_ports(void **state) {
    (void)state;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    for (unsigned port = 1; port < 1 + SIBLINGS_MAX; port++)
        send(mc, V9, port, NOTHING, false);
    send(mc, V9, 1000, PLAIN, false);
    for (unsigned port = 2000; port < 2000 + SIBLINGS_MAX - 1; port++)
        send(mc, V9, port, NOTHING, false);
    send(mc, V9, 1, NOTHING, true); /* the sixteenth that is looked at */
    assert_out(mc, A_FLOW);
    send(mc, V9, 3000, NOTHING, false);
    send(mc, V9, 1, NOTHING, true);
    assert_out(mc, "");
    send(mc, V9, 1000, PLAIN, false); /* it comes to the front again */
    mc->now_us += SECOND;
    send(mc, V9, 1, NOTHING, true);
    assert_int_equal(message_counters(mc->decoder)->held, 1); /* but what waits is read by a new one alone */
    assert_out(mc, A_FLOW);
    case_close(mc);
}

/* Memory is short, and siblings are of different age: who lends its template isn't dropped while it is read by. */
static void lenders_do_not_give_way(void **state) {
    (void)state;
    struct message_case *mc = case_open(&(struct message_config){.memory = 1 << 20}, OUT_NEEDED);
    const struct message_counters *counters = message_counters(mc->decoder);
    for (unsigned round = 0; round < 200; round++) {
        struct message_source lender = port_of(40000 + round);
        send_from(mc, IPFIX, &lender, round, PLAIN, false);
        for (unsigned i = 0; i < 300; i++) {
            struct message_source other = port_of(1 + i);
            other.address[3] = (uint8_t)(2 + round % 200);
            send_from(mc, IPFIX, &other, 1, PLAIN, true);
            if (i % 10 == 0) {
                struct message_source borrower = port_of(50000 + i);
                send_from(mc, IPFIX, &borrower, round, NOTHING, true);
            }
        }
        assert_true(counters->memory <= 1 << 20);
        buffer_clear(&mc->out);
    }
    assert_true(counters->flows > 60000);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_from_another_port), cmocka_unit_test(of_several_the_newest),
        cmocka_unit_test(behind_nat_each_has_its_own), cmocka_unit_test(what_is_no_sibling),
        cmocka_unit_test(an_old_one_gives_way),        cmocka_unit_test(data_waits_for_a_sibling),
        cmocka_unit_test(rates_of_a_sibling),          cmocka_unit_test(many_ports),
        cmocka_unit_test(lenders_do_not_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
