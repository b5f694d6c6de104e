/* Recorded sFlow datagrams, where there are any beside the source tree: as many samples as their index says, and what
 * tshark finds in them. */
#include "collect/sflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pcap/pcap.h>

#include "base/bytes.h"

#define SAMPLES "../shared/samples/datagrams/"

enum { UDP_HEADER = 8, OCTETS = 1, PROTOCOL = 4, INGRESS = 10, EGRESS = 14, SOURCE = 8, DESTINATION = 12 };

struct sums {
    uint64_t datagrams, flow_samples, counter_samples, unknown_samples;
    uint64_t ip, octets, sampling, ingress, egress, protocols, addresses; /* added up over samples of IP packets */
};

static uint64_t number_of(const struct sflow_sample *sample, unsigned id) {
    const uint8_t *at = sample->record;
    const struct field_specifier *field = sflow_fields[sample->family];
    for (; field->id != id; field++)
        at += field->length;
    return be_number(at, field->length);
}

static void on_sample(void *context, const struct sflow_header *header, const struct sflow_sample *sample) {
    struct sums *sums = context;
    (void)header;
    assert_int_equal(sample->family, FLOW_IPV4);
    sums->ip++;
    sums->octets += number_of(sample, OCTETS);
    sums->sampling += sample->sampling;
    sums->ingress += number_of(sample, INGRESS);
    sums->egress += number_of(sample, EGRESS);
    sums->protocols += number_of(sample, PROTOCOL);
    sums->addresses += number_of(sample, SOURCE) + number_of(sample, DESTINATION);
}

static struct sums sums_of(const char *path) {
    char error[PCAP_ERRBUF_SIZE];
    struct sums sums = {0};
    struct pcap_pkthdr *head;
    const uint8_t *bytes;
    pcap_t *capture = pcap_open_offline(path, error);
    if (!capture) fail_msg("%s", error);
    while (pcap_next_ex(capture, &head, &bytes) == 1) {
        const struct packet_options options = {.tunnels = 0};
        struct sflow_header header;
        struct sflow_counts counts;
        struct packet packet;
        assert_int_equal(packet_decode(&options, pcap_datalink(capture), bytes, head->caplen, head->len, &packet),
                         PACKET_OK);
        size_t begin = packet.transport_offset + UDP_HEADER, len = head->caplen - begin;
        uint8_t *copy = malloc(len); /* a sanitizer sees a byte read too far */
        assert_non_null(copy);
        memcpy(copy, bytes + begin, len);
        const struct sflow_sink sink = {.options = &options, .context = &sums, .sample = on_sample};
        if (sflow_decode(copy, len, &header, &counts, &sink) != 0) fail_msg("%s: not sFlow", path);
        free(copy);
        sums.datagrams++;
        sums.flow_samples += counts.flow_samples;
        sums.counter_samples += counts.counter_samples;
        sums.unknown_samples += counts.unknown_samples;
    }
    pcap_close(capture);
    return sums;
}

/* By tshark. */
static const struct sample_file {
    const char *file;
    struct sums sums;
} files[] = {
    {"ndpi_sflow.pcap",
     {.datagrams = 9,
      .flow_samples = 1,
      .counter_samples = 8,
      .ip = 1,
      .octets = 60,
      .sampling = 2048,
      .ingress = 1048,
      .egress = 1043,
      .protocols = 1,
      .addresses = UINT64_C(0xac1520fe) + 0xac1520f1}},
    {"tcpdump_sflow-print-v6.pcap",
     {.datagrams = 25,
      .flow_samples = 13,
      .counter_samples = 48,
      .ip = 13,
      .octets = 1220,
      .sampling = 13,
      .ingress = 13 * 7001,
      .egress = 0, /* several interfaces */
      .protocols = 13 * 63,
      .addresses = 13 * (UINT64_C(0x0a0a0a02) + 0x32010102)}},
};

static void recorded(void **state) {
    (void)state;
    FILE *index = fopen(SAMPLES "INDEX.tsv", "r");
    if (!index) skip();
    char line[1024], file[128];
    unsigned checked = 0;
    while (fgets(line, sizeof line, index)) {
        unsigned long long datagrams, flow_samples;
        if (sscanf(line, "%127s %*s 6343 %llu %llu", file, &datagrams, &flow_samples) != 3) continue;
        char path[256];
        snprintf(path, sizeof path, SAMPLES "%s", file);
        struct sums sums = sums_of(path);
        assert_int_equal(sums.datagrams, datagrams);
        assert_int_equal(sums.flow_samples, flow_samples);
        for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
            if (strcmp(files[i].file, file) != 0) continue;
            assert_memory_equal(&sums, &files[i].sums, sizeof sums);
            checked++;
        }
    }
    assert_int_equal(checked, sizeof files / sizeof files[0]);
    fclose(index);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
