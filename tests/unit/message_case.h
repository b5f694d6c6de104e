/* A decoder under test, what came out of it as text, and a clock. */
#ifndef TESTS_UNIT_MESSAGE_CASE_H
#define TESTS_UNIT_MESSAGE_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "collect/message.h"
#include "messages.h"

#define SECOND INT64_C(1000000)
enum { NOW = 1700000000 };

struct message_case {
    struct flow_layout layout;
    struct message_config config;
    struct message_decoder *decoder;
    struct buffer out; /* a line for each entry, flow and loss */
    unsigned flows;
    uint64_t lost;
    int64_t now_us;
    struct message message;
};

static inline void case_on_entry(void *context, const char *text, size_t len) {
    struct message_case *mc = context;
    buffer_add(&mc->out, text, len);
    buffer_add_text(&mc->out, "\n");
}

static inline void case_on_flows(void *context, const struct flow_record *flows, unsigned n) {
    struct message_case *mc = context;
    mc->flows += n;
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&mc->out, "%u %u %u-%u %llu %llu\n", flows[i].family,
                      flows[i].key[mc->layout.key_bytes[flows[i].family] - 1], flows[i].start, flows[i].end,
                      (unsigned long long)flows[i].sums[0], (unsigned long long)flows[i].sums[1]);
}

static inline void case_on_lost(void *context, const struct lost *lost) {
    struct message_case *mc = context;
    mc->lost += lost->n;
    buffer_printf(&mc->out, "lost %llu %s of %s, %d to %d\n", (unsigned long long)lost->n, lost_texts[lost->what].word,
                  lost->source, (int)(lost->start - NOW), (int)(lost->end - NOW));
}

/* What comes out: entries of all that a record has, or of what the default layout wants; flows. */
enum case_out { OUT_ALL, OUT_NEEDED, OUT_FLOWS };

/* mc->config is filled with usual values where it has none. */
static inline struct message_case *case_open(const struct message_config *config, enum case_out what) {
    struct message_case *mc = mem_zalloc(1, sizeof *mc);
    struct error error;
    assert_int_equal(flow_layout_init(&mc->layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error), 0);
    const struct message_sink sink = {
        .context = mc, .entry = case_on_entry, .flows = what == OUT_FLOWS ? case_on_flows : NULL, .lost = case_on_lost};
    if (config) mc->config = *config;
    if (what != OUT_ALL) mc->config.layout = &mc->layout;
    if (!mc->config.memory) mc->config.memory = 8 << 20;
    if (!mc->config.template_lifetime_us) mc->config.template_lifetime_us = 1800 * SECOND;
    if (!mc->config.hold_us) mc->config.hold_us = 30 * SECOND;
    mc->config.seed = 42;
    mc->now_us = NOW * SECOND;
    mc->decoder = message_decoder_new(&mc->config, &sink);
    return mc;
}

static inline void case_close(struct message_case *mc) {
    message_decoder_free(mc->decoder);
    buffer_release(&mc->out);
    free(mc);
}

/* The i-th exporter: 192.0.2.i and so on, port 2055. */
static inline struct message_source exporter_of(uint32_t i) {
    struct message_source source = {.transport = MESSAGE_UDP, .family = FLOW_IPV4, .port = 2055};
    be_put(source.address, 0xc0000200 + i, 4);
    return source;
}

static inline int case_decode_from(struct message_case *mc, const struct message_source *source) {
    uint8_t *copy = mem_alloc(mc->message.len + 1 - (mc->message.len > 0)); /* a sanitizer sees a byte read too far */
    memcpy(copy, mc->message.at, mc->message.len);
    int result = message_decode(mc->decoder, source, copy, mc->message.len, mc->now_us);
    free(copy);
    return result;
}

static inline void case_decode(struct message_case *mc, uint32_t exporter) {
    const struct message_source source = exporter_of(exporter);
    assert_int_equal(case_decode_from(mc, &source), 0);
}

static inline void case_tick(struct message_case *mc, int seconds) {
    for (int i = 0; i < seconds; i++) {
        mc->now_us += SECOND;
        message_tick(mc->decoder, mc->now_us);
    }
}

/* All that came out since the last time. */
static inline void assert_out(struct message_case *mc, const char *expected) {
    assert_string_equal(mc->out.len ? mc->out.data : "", expected);
    buffer_clear(&mc->out);
    if (mc->out.data) mc->out.data[0] = '\0';
}

/* What is wrong now, into the buffer. */
static inline void case_problems(struct message_case *mc, struct buffer *problems) {
    struct message_report *report = mem_zalloc(1, sizeof *report);
    message_report_take(mc->decoder, report);
    buffer_clear(problems);
    if (report->problems.len) buffer_add(problems, report->problems.data, report->problems.len);
    message_report_release(report);
    free(report);
}

/* --- messages --- */

/* All flows are of 10.0.0.1:1000 to 10.0.0.2:80, TCP. */
#define TUPLE 0x0a000001, 4, 0x0a000002, 4, 1000, 2, 80, 2, 6, 1
#define TUPLE_FIELDS 8, 4, 12, 4, 7, 2, 11, 2, 4, 1
#define SECONDS_FIELDS TUPLE_FIELDS, 150, 4, 151, 4, 2, 4, 1, 4
#define UPTIME_FIELDS TUPLE_FIELDS, 22, 4, 21, 4, 2, 4, 1, 4
#define RECORD(first, last, packets, octets) TUPLE, first, 4, last, 4, packets, 4, octets, 4
#define FLOW(start, end, packets, octets)                                                                              \
    "{\"flowStartSeconds\":" #start ",\"flowEndSeconds\":" #end ",\"packetDeltaCount\":" #packets                      \
    ",\"octetDeltaCount\":" #octets ",\"sourceIPv4Address\":167772161,\"destinationIPv4Address\":167772162,"           \
    "\"sourceTransportPort\":1000,\"destinationTransportPort\":80,\"protocolIdentifier\":6}\n"
/* The one that most messages hold. */
#define A_RECORD RECORD(NOW - 10, NOW - 5, 7, 700)
#define A_FLOW FLOW(1699999990, 1699999995, 7, 700)

enum { UPTIME = 86400000 };

/* An IPFIX message with A_RECORD in set 256, its template before it where `with_template` says so. */
static inline void ipfix_make(struct message *message, uint32_t sequence, uint32_t domain, bool with_template) {
    ipfix_begin(message, NOW, sequence, domain);
    if (with_template) TEMPLATE(message, 2, 256, SECONDS_FIELDS);
    DATA(message, 256, A_RECORD);
    ipfix_end(message);
}

static inline void v5_begin(struct message *message, unsigned version, unsigned count, uint32_t uptime_ms,
                            uint32_t sequence, unsigned sampling) {
    message->len = 0;
    PUT(message, version, 2, count, 2, uptime_ms, 4, NOW, 4, 250000000, 4, sequence, 4);
    if (version == 5)
        PUT(message, 0x0102, 2, sampling, 2);
    else
        PUT(message, 0, 4);
}

/* From 10.0.0.1:1000 to 10.0.0.2:80, TCP, 10 packets, 1000 octets. */
static inline void v5_record(struct message *message, unsigned version, uint32_t first_ms, uint32_t last_ms) {
    PUT(message, 0x0a000001, 4, 0x0a000002, 4, 0x0a0000fe, 4, 3, 2, 4, 2, 10, 4, 1000, 4, first_ms, 4, last_ms, 4);
    PUT(message, 1000, 2, 80, 2, 0xff, 1, 0x1b, 1, 6, 1, 0x20, 1, 64500, 2, 64501, 2, 24, 1, 16, 1, 0xffff, 2);
    if (version == 7) PUT(message, 0x0a0000fd, 4);
}

#endif
