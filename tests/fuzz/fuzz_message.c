/* Any bytes as messages of a few exporters: what comes out is sound, memory stays within its bound, and the state is
 * the same after it was written and read. The first byte chooses what is wanted; then come steps: a byte that says what
 * to do, two bytes of length, and so many bytes. */
#include "collect/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 20, SOURCES = 4, NAMES_MEMORY = 8192 };
/* Of the first byte. */
enum { DIRECT = 1, DEDUPLICATE = 2, EVERYTHING = 4, SKEW = 8, ALLOW = 16, SAMPLING = 32 };
/* Of a step: two bits of the source; the rest. */
enum { TCP = 4, OVER = 8, LATER = 16, MUCH_LATER = 32, STATE = 64, AGAIN = 128 };

static struct flow_layout layout;
static struct entry_decoder *entries;
static struct prefixes allow, sampling;
static uint64_t lost[LOST_WHATS];
static struct learned *learned; /* of the decoder */

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_message: %s\n", what);
    abort();
}

static void on_entry(void *context, const char *text, size_t len) {
    struct flow_record flows[ENTRY_RECORDS_MAX];
    struct reject reject;
    (void)context;
    require(len > 0 && len <= DATA_RECORD_ENTRY_MAX, "an entry's length");
    if (entry_decode(entries, ENTRY_ANY, text, len, flows, &reject) == 0)
        require(reject.reason != REJECT_NOT_JSON && reject.reason != REJECT_NOT_AN_OBJECT, "an entry that is no JSON");
}

static void on_flows(void *context, const struct flow_record *flows, unsigned n) {
    (void)context;
    require(n == 1 || n == 2, "the number of flows");
    for (unsigned i = 0; i < n; i++)
        for (unsigned sum = 0; sum < layout.n_sums; sum++)
            require(flows[i].sums[sum] <= INT64_MAX, "a sum");
}

static void on_lost(void *context, const struct lost *told) {
    (void)context;
    require(told->n > 0 && told->start <= told->end && told->source[0], "a loss");
    lost[told->what] += told->n;
}

static void set_up(void) {
    struct error error;
    if (entries) return;
    log_init("fuzz_message", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
    require(flow_layout_init(&layout, FLOW_LAYOUT_KEYS ",exporterIPv4Address", FLOW_LAYOUT_SUMS, &error) == 0,
            "layout");
    require(prefixes_parse(&allow, "192.0.2.0/31 2001:db8::/32", false, &error) == 0, "prefixes");
    require(prefixes_parse(&sampling, "192.0.2.1=10 192.0.2.3=4294967295", true, &error) == 0, "rates");
    entries = entry_decoder_new(&layout);
}

static struct message_decoder *decoder_of(uint8_t choice) {
    const struct message_config config = {
        .layout = choice & EVERYTHING && !(choice & DIRECT) ? NULL : &layout,
        .memory = MEMORY,
        .template_lifetime_us = INT64_C(1800) * 1000000,
        .hold_us = 30 * 1000000,
        .max_skew_us = choice & SKEW ? INT64_C(3600) * 1000000 : 0,
        .deduplicate_us = choice & DEDUPLICATE ? 60 * 1000000 : 0,
        .allow = choice & ALLOW ? &allow : NULL,
        .sampling = choice & SAMPLING ? &sampling : NULL,
        .learned = learned,
        .seed = 1,
    };
    const struct message_sink sink = {.entry = on_entry, .flows = choice & DIRECT ? on_flows : NULL, .lost = on_lost};
    memset(lost, 0, sizeof lost);
    return message_decoder_new(&config, &sink);
}

static struct message_source source_of(uint8_t step) {
    static const uint8_t six[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    struct message_source source = {.transport = step & TCP ? MESSAGE_TCP : MESSAGE_UDP, .port = 2055};
    uint8_t n = step % SOURCES;
    source.connection = step & TCP ? n + 1u : 0;
    source.family = n == 2 ? FLOW_IPV6 : FLOW_IPV4;
    memcpy(source.address, n == 2 ? six : (const uint8_t[16]){192, 0, 2, n}, sizeof source.address);
    return source;
}

/* A state whose hash is right, whatever else is. What one decoder writes another reads, and writes the same. */
static void state_step(struct message_decoder **decoder, uint8_t choice, const uint8_t *bytes, size_t len,
                       int64_t now_us) {
    struct buffer text = BUFFER_INIT, again = BUFFER_INIT;
    struct error error;
    static const char head[] = "flowimport-collector 1\n";
    buffer_add_text(&text, head);
    buffer_add(&text, bytes, len);
    buffer_printf(&text, "end %016llx\n", (unsigned long long)XXH3_64bits(text.data, text.len));
    if (message_state_read(*decoder, text.data, text.len, now_us, &error) != 0) require(*error.text, "no reason");
    message_end(*decoder, now_us);
    buffer_clear(&text);
    message_state_write(*decoder, &text);
    message_decoder_free(*decoder);
    *decoder = decoder_of(choice);
    require(message_state_read(*decoder, text.data, text.len, now_us, &error) == 0, "a state of our own is refused");
    message_end(*decoder, now_us);
    message_state_write(*decoder, &again);
    require(again.len == text.len && memcmp(again.data, text.data, text.len) == 0, "a state that is another when read");
    buffer_release(&text);
    buffer_release(&again);
}

static void show_step(const struct message_decoder *decoder) {
    struct buffer out = BUFFER_INIT;
    struct show show;
    show_begin(&show, SHOW_JSON, &out);
    struct message_report *report = mem_zalloc(1, sizeof *report);
    message_report_take(decoder, report);
    message_report_show(report, &show);
    message_report_release(report);
    free(report);
    show_end(&show);
    buffer_release(&out);
}

/* What exporters call things stays within its bound, and can be written, read, and written again. */
static void names_check(void) {
    struct buffer text = BUFFER_INIT, again = BUFFER_INIT;
    struct learned *other = learned_new(NAMES_MEMORY, 2);
    require(learned_bytes(learned) <= NAMES_MEMORY, "more names than there may be");
    learned_write(learned, &text);
    require(learned_read(other, text.data, text.len, 1) == 0, "a line of names of our own is refused");
    learned_write(other, &again);
    require(again.len == text.len && memcmp(again.data, text.data, text.len) == 0, "names that are others when read");
    learned_free(other);
    buffer_release(&text);
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t now_us = INT64_C(1700000000) * 1000000;
    if (size < 1) return 0;
    set_up();
    uint8_t choice = data[0];
    learned = learned_new(NAMES_MEMORY, 1);
    struct message_decoder *decoder = decoder_of(choice);
    for (size_t at = 1; at + 3 <= size;) {
        uint8_t step = data[at];
        size_t len = be16(data + at + 1);
        at += 3;
        if (len > size - at) len = size - at;
        struct message_source source = source_of(step);
        uint8_t *copy = mem_alloc(len ? len : 1); /* a sanitizer sees a byte read too far */
        memcpy(copy, data + at, len);
        if (step & STATE)
            state_step(&decoder, choice, copy, len, now_us);
        else
            for (unsigned i = 0; i < (step & AGAIN ? 2 : 1); i++)
                if (message_decode(decoder, &source, copy, len, now_us) != 0) message_over(decoder, &source);
        free(copy);
        at += len;
        if (step & OVER) message_over(decoder, &source);
        if (step & LATER) now_us += INT64_C(11) * 1000000;
        if (step & MUCH_LATER) now_us += INT64_C(300) * 1000000;
        if (step & (LATER | MUCH_LATER)) message_tick(decoder, now_us);
        require(message_counters(decoder)->memory <= MEMORY, "more memory than it may take");
    }
    message_end(decoder, now_us);
    require(memcmp(lost, message_counters(decoder)->lost, sizeof lost) == 0, "loss is counted, but not told");
    require(message_counters(decoder)->held == 0, "data sets wait behind the end");
    show_step(decoder);
    message_decoder_free(decoder);
    names_check();
    learned_free(learned);
    return 0;
}
