/* Captures, recorded ones (beside the source tree where there are any) and generated ones: every packet and octet that
 * tshark finds in them, or a reason why not; and every one that was put in. */
#include "packet/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <pcap/pcap.h>

#include "packet/fragments.h"

#define SAMPLES "../shared/samples/pcap/"

/* What we make of a file where it is not what tshark makes of it: ours less theirs. */
static const struct difference {
    const char *file;
    int64_t packets[FLOW_FAMILIES], octets[FLOW_FAMILIES];
    const char *reason;
} differences[] = {
    {"ndpi_fuzz-2006-09-29-28586.pcap",
     {0, 0},
     {-8217, 0},
     "two headers claim more than the wire had: 9587 for 1500, "
     "170 for 40"},
    {"zeek_trunc_ip6-ext.pcap", {0, 0}, {0, -20}, "cut off, and said to be whole on the wire"},
    {"zeek_trunc_ip4.pcap", {-1, 0}, {-32, 0}, "cut off before the addresses: no flow to count it in"},
    {"zeek_trunc_ip6.pcap", {0, -1}, {0, -60}, "cut off within the destination address"},
    {"zeek_trunc_ipv4-broken.pcap", {-1, 0}, {-20, 0}, "20 octets in all with a header of 60: a receiver drops it"},
};

struct sums {
    int64_t frames, packets[FLOW_FAMILIES], octets[FLOW_FAMILIES], verdicts[PACKET_VERDICTS], tunnels[TUNNELS];
    struct fragments_counts fragments;
};

static struct sums sums_of(const char *path, const struct packet_options *options) {
    char error[PCAP_ERRBUF_SIZE];
    struct sums sums = {0};
    struct fragments *fragments = fragments_new(1024, 1);
    pcap_t *capture = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
    if (!capture) fail_msg("%s", error);
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    while (pcap_next_ex(capture, &header, &bytes) == 1) {
        struct packet packet;
        uint8_t *copy = malloc(header->caplen); /* a sanitizer sees a byte read too far */
        assert_non_null(copy);
        memcpy(copy, bytes, header->caplen);
        enum packet_verdict verdict =
            packet_decode(options, pcap_datalink(capture), copy, header->caplen, header->len, &packet);
        free(copy);
        sums.frames++;
        sums.verdicts[verdict]++;
        if (!packet_texts[verdict].counts) continue;
        sums.packets[packet.family]++;
        sums.octets[packet.family] += (int64_t)packet.octets;
        sums.tunnels[packet.tunnel]++;
        if (packet_is_fragment(&packet))
            fragments_apply(fragments, &packet, header->ts.tv_sec * (int64_t)1000000 + header->ts.tv_usec / 1000);
    }
    sums.fragments = fragments_counts(fragments);
    fragments_free(fragments);
    pcap_close(capture);
    return sums;
}

/* What is inside the tunnels of the files that have any: by tshark, but for the last. */
static const struct inside {
    const char *file;
    enum packet_tunnel tunnel;
    int64_t opened, packets[FLOW_FAMILIES], octets[FLOW_FAMILIES]; /* with the packets that are in no tunnel */
} insides[] = {
    {"ndpi_gre.pcapng", TUNNEL_GRE, 1, {1, 0}, {326, 0}},
    {"zeek_gre-sample.pcap", TUNNEL_GRE, 40, {40, 0}, {5211, 0}},
    {"ndpi_vxlan.pcap", TUNNEL_VXLAN, 127, {127, 0}, {76686, 0}},
    {"ndpi_6in4tunnel.pcap", TUNNEL_IP, 127, {0, 127}, {0, 35975}},
    {"zeek_Teredo.pcap", TUNNEL_TEREDO, 4, {74, 4}, {23535, 244}},
    {"tcpdump_gso-ipv4-vxlan-ipv6.pcap", TUNNEL_VXLAN, 1, {0, 1}, {0, 4206}},
    /* Its UDP length is 0 as the IP length is: tshark stops there. 80116 bytes less two Ethernet headers, 20, 8, 8. */
    {"tcpdump_bigtcp-ipv4-vxlan-ipv4.pcap", TUNNEL_VXLAN, 1, {1, 0}, {80052, 0}},
};

static const struct difference *difference_of(const char *file) {
    static const struct difference none;
    for (unsigned i = 0; i < sizeof differences / sizeof differences[0]; i++)
        if (strcmp(differences[i].file, file) == 0) return &differences[i];
    return &none;
}

static const struct inside *inside_of(const char *file) {
    for (unsigned i = 0; i < sizeof insides / sizeof insides[0]; i++)
        if (strcmp(insides[i].file, file) == 0) return &insides[i];
    return NULL;
}

static void assert_sums(const char *file, const struct sums *sums, const int64_t packets[FLOW_FAMILIES],
                        const int64_t octets[FLOW_FAMILIES]) {
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        if (sums->packets[family] != packets[family] || sums->octets[family] != octets[family])
            fail_msg("%s: %lld packets, %lld octets; expected %lld, %lld", file, (long long)sums->packets[family],
                     (long long)sums->octets[family], (long long)packets[family], (long long)octets[family]);
}

static void check_sample(const char *file, int64_t frames, const int64_t packets[], const int64_t octets[]) {
    char path[256];
    snprintf(path, sizeof path, SAMPLES "%s", file);
    struct sums outside = sums_of(path, &(struct packet_options){0});
    assert_int_equal(outside.frames, frames);
    assert_sums(file, &outside, packets, octets);
    struct sums opened = sums_of(path, &(struct packet_options){.tunnels = ~0u});
    const struct inside *inside = inside_of(file);
    if (inside) {
        assert_sums(file, &opened, inside->packets, inside->octets);
        assert_int_equal(opened.tunnels[inside->tunnel], inside->opened);
    } else {
        assert_memory_equal(&opened, &outside, sizeof opened);
    }
}

static void recorded(void **state) {
    (void)state;
    FILE *index = fopen(SAMPLES "INDEX.tsv", "r");
    if (!index) skip();
    char line[1024], file[128];
    unsigned files = 0;
    assert_non_null(fgets(line, sizeof line, index)); /* names of the columns */
    for (; fgets(line, sizeof line, index); files++) {
        long long frames, values[2 * FLOW_FAMILIES];
        assert_int_equal(sscanf(line, "%127s %*s %*s %lld %lld %lld %lld %lld", file, &frames, &values[0], &values[1],
                                &values[2], &values[3]),
                         6);
        const struct difference *known = difference_of(file);
        check_sample(file, frames,
                     (int64_t[]){values[0] + known->packets[FLOW_IPV4], values[2] + known->packets[FLOW_IPV6]},
                     (int64_t[]){values[1] + known->octets[FLOW_IPV4], values[3] + known->octets[FLOW_IPV6]});
    }
    assert_true(files > 0);
    fclose(index);
}

/* Every later fragment of these comes after its first one. */
static void recorded_fragments(void **state) {
    (void)state;
    static const struct {
        const char *file;
        struct fragments_counts counts;
    } files[] = {
        {"zeek_ipv4_fragmented-syn.pcap", {.firsts = 1, .found = 1}},
        {"zeek_ipv4_fragmented-3.pcap", {.firsts = 1, .found = 4}},
        {"ndpi_dns_fragmented.pcap", {.firsts = 7, .found = 7}},
        {"ndpi_ip_fragmented_garbage.pcap", {.firsts = 4, .found = 1248}},
    };
    if (access(SAMPLES, R_OK) != 0) skip();
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, SAMPLES "%s", files[i].file);
        struct fragments_counts counts = sums_of(path, &(struct packet_options){0}).fragments;
        assert_memory_equal(&counts, &files[i].counts, sizeof counts);
    }
}

/* Generated traffic in each form of capture: libpcap reads it, and all that was put in is there. */
static void generated(void **state) {
    (void)state;
    static const char *const forms[] = {"",         "--nano",          "--big-endian",          "--nano --big-endian",
                                        "--pcapng", "--pcapng --nano", "--pcapng --big-endian", "--snaplen 62"};
    char folder[] = "/tmp/flowimport-XXXXXX", command[512], path[64], line[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/capture", folder);
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(command, sizeof command, "python3 tests/integration/packets.py mix 5000 --concurrent 500 %s 2>&1 >%s",
                 forms[i], path);
        FILE *told = popen(command, "r");
        assert_non_null(told);
        assert_non_null(fgets(line, sizeof line, told));
        assert_int_equal(pclose(told), 0);
        long long values[2 * FLOW_FAMILIES];
        assert_int_equal(sscanf(line,
                                "{\"ipv4\": {\"packets\": %lld, \"octets\": %lld}, \"ipv6\": "
                                "{\"packets\": %lld, \"octets\": %lld}}",
                                &values[0], &values[1], &values[2], &values[3]),
                         4);
        struct sums sums = sums_of(path, &(struct packet_options){0});
        assert_sums(forms[i], &sums, (int64_t[]){values[0], values[2]}, (int64_t[]){values[1], values[3]});
        assert_int_equal(sums.frames, 5000);
        assert_true(sums.packets[FLOW_IPV4] > 0 && sums.packets[FLOW_IPV6] > 0);
        assert_true(sums.fragments.found > 0);
        assert_int_equal(sums.fragments.orphans, 0); /* each comes after its first one */
    }
    unlink(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded), cmocka_unit_test(recorded_fragments),
                                       cmocka_unit_test(generated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
