/* Filters for "any" where interfaces are on top of others: each frame is taken at one of those that it passes. */
#include "packet/stacked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

/* A bridge of two ports, one of which is a bond of two; a VLAN of another. */
static const struct stacked_link host[] = {
    {1, 0, 0, "lo"},  {2, 9, 0, "eth0"},  {3, 9, 0, "eth1"},  {4, 8, 0, "eth2"},
    {8, 0, 0, "br0"}, {9, 8, 0, "bond0"}, {10, 0, 0, "eth3"}, {11, 0, 10, "eth3.5"},
};
enum { HOST = sizeof host / sizeof host[0] };

static bool sees(const struct bpf_program *program, uint32_t interface, unsigned type) {
    uint8_t frame[60] = {0x08, 0};
    frame[4] = (uint8_t)(interface >> 24);
    frame[7] = (uint8_t)interface;
    frame[10] = (uint8_t)type;
    const struct pcap_pkthdr header = {.caplen = sizeof frame, .len = sizeof frame};
    return pcap_offline_filter(program, &header, frame) != 0;
}

/* Of the sights of a frame: interfaces and whether it goes out there. */
static void once(const struct bpf_program *program, const char *what, unsigned n, const int sights[]) {
    enum { HERE = 0, OUT = 4 };
    unsigned seen = 0;
    for (unsigned i = 0; i < n; i++)
        seen += sees(program, (uint32_t)abs(sights[i]), sights[i] < 0 ? OUT : HERE);
    if (seen != 1) fail_msg("%s: %u times", what, seen);
}

static void each_frame_once(void **state) {
    (void)state;
    struct buffer filter = BUFFER_INIT;
    struct bpf_program program;
    pcap_t *pcap = pcap_open_dead(DLT_LINUX_SLL2, 256);
    stacked_filter(host, HOST, &filter);
    if (pcap_compile(pcap, &program, filter.data, 1, PCAP_NETMASK_UNKNOWN) != 0) fail_msg("%s", pcap_geterr(pcap));
#define ONCE(what, ...) once(&program, what, sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})
    ONCE("to the host through the bond", 2, 9, 8);
    ONCE("to the host through the other port", 4, 8);
    ONCE("from the host through the bond", -8, -9, -3);
    ONCE("from port to port", 4, -9, -2);
    ONCE("from port to port, back", 3, 9, -4);
    ONCE("flooded, and to the host", 4, 8, -9, -2);
    ONCE("of the VLAN", 10, 11);
    ONCE("of the VLAN, out", -11, -10);
    ONCE("beside all of them", 10);
    ONCE("beside all of them, out", -10);
    ONCE("the host to itself", 1);
    pcap_freecode(&program);
    pcap_close(pcap);
    buffer_release(&filter);
}

static void texts(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    stacked_describe(host, HOST, &text);
    assert_string_equal(text.data, "br0 (eth2, bond0), bond0 (eth0, eth1), eth3.5 on eth3");
    buffer_clear(&text);
    stacked_filter(host, 1, &text);
    stacked_describe(host, 1, &text);
    assert_int_equal(text.len, 0);
    buffer_release(&text);
}

/* The kernel's own list has the loopback, on top of nothing. */
static void links_of_this_host(void **state) {
    (void)state;
    static struct stacked_link links[STACKED_LINKS_MAX];
    struct error error;
    int n = stacked_links(links, &error), found = 0;
    if (n < 0) fail_msg("%s", error.text);
    for (int i = 0; i < n; i++)
        if (strcmp(links[i].name, "lo") == 0)
            found += links[i].index == if_nametoindex("lo") && !links[i].master && !links[i].lower;
    assert_int_equal(found, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_frame_once), cmocka_unit_test(texts),
                                       cmocka_unit_test(links_of_this_host)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
