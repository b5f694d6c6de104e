/* The service of a flow: every pair of ports against the rule as the header has it. */
#include "flow/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool is_listed(unsigned port) {
    for (unsigned i = 0; i < service_n_registered; i++)
        if (service_registered[i] == port) return true;
    return false;
}

static void registered_ports(void **state) {
    (void)state;
    for (unsigned i = 1; i < service_n_registered; i++)
        assert_true(service_registered[i - 1] < service_registered[i]);
    assert_true(service_registered[0] > SERVICE_SYSTEM);
    for (unsigned port = 0; port <= UINT16_MAX; port++)
        assert_int_equal(service_is_registered((uint16_t)port), (port >= 1 && port <= 1023) || is_listed(port));
}

/* The rule, word by word. */
static unsigned expected(unsigned a, unsigned b) {
    bool first = service_is_registered((uint16_t)a), second = service_is_registered((uint16_t)b);
    unsigned smaller = a < b ? a : b, larger = a < b ? b : a;
    if (first && second) return smaller;
    if (first) return a;
    if (second) return b;
    if (smaller == 0) smaller = larger;
    return smaller < 32768 ? smaller : 0;
}

/* Ports at each bound of the rule, and one of each kind between them. */
static const uint16_t ports[] = {0,    1,    22,   53,    443,   1023,  1024,  1025,  2000,  3306,  5432,
                                 8080, 8443, 9999, 32766, 32767, 32768, 32769, 49151, 51820, 51821, 65535};
enum { PORTS = sizeof ports / sizeof ports[0] };

static void every_pair(void **state) {
    (void)state;
    for (unsigned a = 0; a < PORTS; a++)
        for (unsigned b = 0; b <= UINT16_MAX; b++) {
            uint16_t service = service_of(ports[a], (uint16_t)b, 6);
            if (service != expected(ports[a], b)) fail_msg("%u and %u: %u", ports[a], b, service);
            if (service_of((uint16_t)b, ports[a], 17) != service) fail_msg("%u and %u turned", ports[a], b);
        }
}

static void examples(void **state) {
    static const struct {
        uint16_t source, destination, service;
    } cases[] = {{51515, 443, 443}, {443, 51515, 443}, {80, 443, 80},         {2000, 8080, 8080}, {2000, 3000, 2000},
                 {0, 0, 0},         {0, 8081, 8081},   {0, 40000, 0},         {40000, 50000, 0},  {40000, 51820, 51820},
                 {0, 9999, 9999},   {9999, 0, 9999},   {32767, 40000, 32767}, {32768, 40000, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(service_of(cases[i].source, cases[i].destination, 6), cases[i].service);
}

static void protocols_with_ports(void **state) {
    (void)state;
    for (unsigned protocol = 0; protocol <= UINT8_MAX; protocol++) {
        bool has = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
        assert_int_equal(service_of(50000, 443, (uint8_t)protocol), has ? 443 : 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_ports),
        cmocka_unit_test(every_pair),
        cmocka_unit_test(examples),
        cmocka_unit_test(protocols_with_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
