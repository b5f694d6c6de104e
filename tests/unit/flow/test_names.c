/* Names of protocols and services, from the system's tables. */
#include "flow/names.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    const char *name;
    size_t len;
    int number;
} protocols[] = {
    {"tcp", 3, 6},
    {"TCP", 3, 6},
    {"tCp", 3, 6},
    {"udp", 3, 17},
    {"icmp", 4, 1},
    {"igmp", 4, 2},
    {"ipv6", 4, 41},
    {"gre", 3, 47},
    {"ESP", 3, 50},
    {"ah", 2, 51},
    {"ipv6-icmp", 9, 58},
    {"ospf", 4, 89},
    {"pim", 3, 103},
    {"sctp", 4, 132},
    {"tcp", 2, -1},
    {"tcpx", 3, 6},
    {"tcpx", 4, -1},
    {"", 0, -1},
    {"nonesuch", 8, -1},
    {"tcp\0", 4, -1},
    {"tcp\0................................................................", 67, -1},
    {"\0", 1, -1},
};

static void protocols_in_any_case(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        assert_int_equal(protocol_number(protocols[i].name, protocols[i].len), protocols[i].number);
}

static void numbers_have_their_first_name(void **state) {
    (void)state;
    assert_string_equal(protocol_name(6), "tcp");
    assert_string_equal(protocol_name(17), "udp");
    assert_string_equal(protocol_name(1), "icmp");
    assert_string_equal(protocol_name(132), "sctp");
    assert_null(protocol_name(200));
}

static const struct {
    uint16_t port;
    uint8_t protocol;
    const char *name;
} services[] = {
    {443, 6, "https"}, {443, 17, "https"}, {443, 0, "https"}, {443, 132, "https"}, {53, 17, "domain"},
    {25, 6, "smtp"},   {25, 17, NULL},     {25, 0, "smtp"},   {514, 17, "syslog"}, {514, 6, "shell"},
    {514, 0, "shell"}, {69, 17, "tftp"},   {69, 6, NULL},     {69, 1, "tftp"},     {0, 6, NULL},
    {65535, 17, NULL}, {51515, 0, NULL},
};

static void services_by_port_and_protocol(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++) {
        const char *name = service_name(services[i].port, services[i].protocol);
        assert_int_equal(service_known(services[i].port, services[i].protocol), services[i].name != NULL);
        if (services[i].name) {
            assert_non_null(name);
            assert_string_equal(name, services[i].name);
        } else {
            assert_null(name);
        }
    }
}

static void services_by_name(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint8_t protocol;
        int port;
    } names[] = {{"https", 6, 443}, {"https", 17, 443}, {"syslog", 17, 514}, {"shell", 6, 514},
                 {"tftp", 6, 69},   {"smtp", 17, 25},   {"mail", 6, 25},     {"smtp", 0, 25},
                 {"", 6, -1},       {"https ", 6, -1},  {"HTTPS", 6, -1},    {"no-such", 6, -1}};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(service_port(names[i].name, strlen(names[i].name), names[i].protocol), names[i].port);
    static const char longer[100] = "https";
    assert_int_equal(service_port(longer, sizeof longer, 6), -1);
}

static void nothing_is_known_before(void **state) {
    (void)state;
    assert_null(service_name(443, 6));
    assert_false(service_known(443, 6));
    assert_int_equal(protocol_number("tcp", 3), -1);
    assert_int_equal(service_port("https", 5, 6), -1);
    assert_null(protocol_name(6));
    names_init();
    names_init();
    assert_true(service_known(443, 6));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before),
        cmocka_unit_test(protocols_in_any_case),
        cmocka_unit_test(numbers_have_their_first_name),
        cmocka_unit_test(services_by_port_and_protocol),
        cmocka_unit_test(services_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
