/* Recorded export traffic, where there is any beside the source tree: records, octets, packets and templates are what
 * the index has of tshark, or there is a reason. */
#include "collect/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pcap/pcap.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "packet/packet.h"

#define SAMPLES "../shared/samples/datagrams/"

enum { UDP_HEADER = 8 };

/* What the index has not: by tshark's whole decoding of the file, or as the reason says. */
static const struct known {
    const char *file;
    uint64_t octets, packets; /* added to the index */
    uint64_t passed_over;     /* records of options; samples of counters */
    uint64_t sets_lost;
    uint64_t scale; /* packets with the exporter's own sampling, by those without */
    const char *reason;
} known_files[] = {
    {"ndpi_netflowv9.pcap", .sets_lost = 23, .scale = 1, .reason = "no template"},
    {"ndpi_sflow.pcap", .octets = 60, .packets = 1, .passed_over = 8, .scale = 2048,
     .reason = "the packet sampled: tshark adds up no samples"},
    {"tcpdump_sflow-print-v6.pcap", .octets = 1220, .packets = 13, .passed_over = 48, .scale = 1,
     .reason = "the packets sampled: tshark adds up no samples"},
    {"pmacct_ipfix_v6_sampling.pcap", .passed_over = 1, .scale = 256,
     .reason = "one of 256, by its selector's options"},
    {"pmacct_ipfix_huawei.pcap", .passed_over = 1, .scale = 1, .reason = "the name of a VRF"},
};

struct outcome {
    uint64_t datagrams, flows, octets, packets, not_counted, sets_lost, malformed;
    char templates[256];
};

static void on_flows(void *context, const struct flow_record *flows, unsigned n) {
    struct outcome *outcome = context;
    for (unsigned i = 0; i < n; i++) {
        outcome->flows++;
        outcome->packets += flows[i].sums[0];
        outcome->octets += flows[i].sums[1];
    }
}

static void on_entry(void *context, const char *text, size_t len) {
    (void)context;
    fail_msg("a record that can't be counted: %.*s", (int)len, text);
}

static void on_lost(void *context, const struct lost *lost) {
    struct outcome *outcome = context;
    if (lost->what == LOST_SETS) outcome->sets_lost += lost->n;
}

static int by_number(const void *a, const void *b) {
    const unsigned *one = a, *other = b;
    return *one < *other ? -1 : *one > *other;
}

/* "256,257", or "-", out of the decoder's state. */
static void templates_of(const struct message_decoder *decoder, char *out, size_t size) {
    struct buffer text = BUFFER_INIT;
    unsigned ids[32], n = 0;
    size_t at = 0;
    message_state_write(decoder, &text);
    for (const char *line = text.data; (line = strstr(line, "\ntemplate ")); line++) {
        assert_in_range(n, 0, 31);
        ids[n++] = (unsigned)strtoul(line + strlen("\ntemplate "), NULL, 10);
    }
    qsort(ids, n, sizeof ids[0], by_number);
    snprintf(out, size, "-");
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%u", i ? "," : "", ids[i]);
    buffer_release(&text);
}

/* Sampling: what the exporters say counts, or nothing is sampled. */
static struct outcome outcome_of(const char *path, unsigned port, bool sampled) {
    char wrong[PCAP_ERRBUF_SIZE];
    struct outcome outcome = {0};
    struct flow_layout layout;
    struct prefixes one;
    struct error error;
    struct pcap_pkthdr *head;
    const uint8_t *bytes;
    pcap_t *capture = pcap_open_offline(path, wrong);
    if (!capture) fail_msg("%s", wrong);
    assert_int_equal(flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error), 0);
    assert_int_equal(prefixes_parse(&one, "0.0.0.0/0=1 ::/0=1", true, &error), 0);
    const struct message_config config = {.layout = &layout,
                                          .memory = 16 << 20,
                                          .template_lifetime_us = INT64_MAX / 2,
                                          .hold_us = 60000000,
                                          .sampling = sampled ? NULL : &one};
    const struct message_sink sink = {&outcome, on_entry, on_flows, on_lost};
    struct message_decoder *decoder = message_decoder_new(&config, &sink);
    int64_t now_us = 0;
    while (pcap_next_ex(capture, &head, &bytes) == 1) {
        const struct packet_options options = {.tunnels = 0};
        struct packet packet;
        assert_int_equal(packet_decode(&options, pcap_datalink(capture), bytes, head->caplen, head->len, &packet),
                         PACKET_OK);
        if (packet.destination_port != port) continue;
        struct message_source source = {.transport = MESSAGE_UDP, .family = packet.family, .port = packet.source_port};
        memcpy(source.address, packet.source, sizeof source.address);
        size_t begin = packet.transport_offset + UDP_HEADER, len = head->caplen - begin;
        uint8_t *copy = mem_alloc(len); /* a sanitizer sees a byte read too far */
        memcpy(copy, bytes + begin, len);
        now_us = head->ts.tv_sec * INT64_C(1000000) + head->ts.tv_usec;
        assert_int_equal(message_decode(decoder, &source, copy, len, now_us), 0);
        free(copy);
        outcome.datagrams++;
    }
    pcap_close(capture);
    message_end(decoder, now_us);
    outcome.not_counted = message_counters(decoder)->not_counted;
    outcome.malformed = message_counters(decoder)->malformed;
    templates_of(decoder, outcome.templates, sizeof outcome.templates);
    message_decoder_free(decoder);
    return outcome;
}

static const struct known *known_of(const char *file) {
    static const struct known none = {.scale = 1};
    for (unsigned i = 0; i < sizeof known_files / sizeof known_files[0]; i++)
        if (strcmp(known_files[i].file, file) == 0) return &known_files[i];
    return &none;
}

static void recorded(void **state) {
    (void)state;
    FILE *index = fopen(SAMPLES "INDEX.tsv", "r");
    if (!index) skip();
    char line[1024], file[128], templates[256];
    unsigned files = 0;
    assert_non_null(fgets(line, sizeof line, index)); /* names of the columns */
    for (; fgets(line, sizeof line, index); files++) {
        unsigned port;
        unsigned long long datagrams, records, octets, packets;
        assert_int_equal(sscanf(line, "%127s %*s %u %llu %llu %llu %llu %255s", file, &port, &datagrams, &records,
                                &octets, &packets, templates),
                         7);
        char path[256];
        snprintf(path, sizeof path, SAMPLES "%s", file);
        struct outcome plain = outcome_of(path, port, false), scaled = outcome_of(path, port, true);
        const struct known *known = known_of(file);
        assert_int_equal(plain.datagrams, datagrams);
        assert_int_equal(plain.flows, records);
        assert_int_equal(plain.octets, octets + known->octets);
        assert_int_equal(plain.packets, packets + known->packets);
        assert_string_equal(plain.templates, templates);
        assert_int_equal(plain.not_counted, known->passed_over);
        assert_int_equal(plain.sets_lost, known->sets_lost);
        assert_int_equal(plain.malformed, 0);
        assert_int_equal(scaled.packets, plain.packets * known->scale);
        assert_int_equal(scaled.octets, plain.octets * known->scale);
    }
    assert_true(files > 0);
    fclose(index);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
