/* A capture file into flows against the floor: libpcap's own loop over the same file, which only counts.
 *
 *   bench_capture FILE ROUNDS      each way of the list below, in turn, ROUNDS times; medians
 *   bench_capture FILE WAY         one of them, once: its packets, octets and CPU seconds
 *
 * CPU seconds are those of this process. What is made of the file is thrown away. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files/capture_file.h"
#include "meter/meter.h"
#include "meter/meter_entry.h"

enum { ROUNDS_MAX = 25 };

struct result {
    uint64_t packets, octets, flows;
    double seconds;
};

static void fail(const char *text) {
    fprintf(stderr, "bench_capture: %s\n", text);
    exit(1);
}

static void bare(const char *path, struct result *result) {
    char text[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *bytes;
    pcap_t *pcap = pcap_open_offline(path, text);
    if (!pcap) fail(text);
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        result->packets++;
        result->octets += header->len;
    }
    pcap_close(pcap);
}

static void decode(const char *path, struct result *result) {
    static const struct packet_options options;
    char text[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *bytes;
    pcap_t *pcap = pcap_open_offline(path, text);
    if (!pcap) fail(text);
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        struct packet packet;
        enum packet_verdict verdict =
            packet_decode(&options, pcap_datalink(pcap), bytes, header->caplen, header->len, &packet);
        if (!packet_texts[verdict].counts) continue;
        result->packets++;
        result->octets += packet.octets;
    }
    pcap_close(pcap);
}

struct sink {
    struct result *result;
    struct meter_entry *entry; /* NULL: flows are not written */
    FILE *out;
};

static void on_flow(void *context, unsigned rule, const struct meter_flow *flow) {
    struct sink *sink = context;
    char text[METER_ENTRY_MAX];
    (void)rule;
    sink->result->flows++;
    sink->result->packets += flow->forward.packets;
    sink->result->octets += flow->forward.octets;
    if (sink->entry) fwrite(text, 1, meter_entry_write(sink->entry, flow, text), sink->out);
}

static void meter_run(const char *path, struct sink *sink) {
    struct meter_rules rules;
    struct error error;
    if (meter_rules_parse(&rules, "flows: five-tuple", &error) != 0) fail(error.text);
    struct meter_config config = {.rules = &rules,
                                  .active_us = INT64_C(600000000),
                                  .inactive_us = INT64_C(300000000),
                                  .memory = 256 << 20,
                                  .fragments = 16384};
    if (sink->out) sink->entry = meter_entry_new(&rules.rules[0].fields);
    struct meter *meter = meter_new(&config, on_flow, sink);
    struct contents *contents = contents_open(path, false, &error);
    if (!contents) fail(error.text);
    struct capture_file *file = capture_file_open(contents, meter_capture_frame, meter);
    int more;
    while ((more = capture_file_read(file, &error)) > 0)
        continue;
    meter_end(meter);
    if (more < 0) fail(error.text);
    capture_file_close(file);
    contents_close(contents);
    meter_free(meter);
    meter_entry_free(sink->entry);
    meter_rules_release(&rules);
}

static void meter(const char *path, struct result *result) { meter_run(path, &(struct sink){.result = result}); }

static void entries(const char *path, struct result *result) {
    struct sink sink = {.result = result, .out = fopen("/dev/null", "w")};
    if (!sink.out) fail("/dev/null");
    meter_run(path, &sink);
    fclose(sink.out);
}

static const struct {
    const char *name, *what;
    void (*run)(const char *path, struct result *result);
} ways[] = {
    {"bare", "libpcap's loop, nothing done", bare},
    {"decode", "the same, packets decoded", decode},
    {"meter", "into flows", meter},
    {"entries", "into flows, written as JSON", entries},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static struct result measure(unsigned way, const char *path) {
    struct result result = {0};
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    ways[way].run(path, &result);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    result.seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
    return result;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    double seconds[WAYS][ROUNDS_MAX];
    struct result last[WAYS];
    if (argc != 3) return fprintf(stderr, "usage: bench_capture FILE ROUNDS|WAY\n"), 2;
    for (unsigned way = 0; way < WAYS; way++) {
        if (strcmp(ways[way].name, argv[2]) != 0) continue;
        struct result result = measure(way, argv[1]);
        printf("%" PRIu64 " %" PRIu64 " %.3f\n", result.packets, result.octets, result.seconds);
        return 0;
    }
    int rounds = atoi(argv[2]);
    if (rounds < 1 || rounds > ROUNDS_MAX) return fprintf(stderr, "bench_capture: '%s'\n", argv[2]), 2;
    for (int i = 0; i < rounds; i++)
        for (unsigned way = 0; way < WAYS; way++) {
            last[way] = measure(way, argv[1]);
            seconds[way][i] = last[way].seconds;
        }
    for (unsigned way = 0; way < WAYS; way++) {
        qsort(seconds[way], (size_t)rounds, sizeof seconds[way][0], compare);
        double median = seconds[way][rounds / 2];
        printf("%-34s %9.2f M packets per CPU-second, %6.1f ns each, ratio to the floor %5.2f\n", ways[way].what,
               (double)last[0].packets / median / 1e6, median * 1e9 / (double)last[0].packets,
               seconds[0][rounds / 2] / median);
    }
    return 0;
}
