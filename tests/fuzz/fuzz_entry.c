/* Any bytes as an entry: where the scanner reads it, jansson must read the same to the last bit; and no reading may
 * break what the importer relies on. */
#include "flow/entry.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/names.h"
#include "flow/rejected.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* The default; extra keys of every type; small sums and hardly a key. */
static const char *const layouts[][2] = {
    {FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS},
    {"tcpControlBits,ingressInterface,flowId,mibObjectValueInteger,samplingProbability,dataRecordsReliability,"
     "sourceMacAddress,interfaceName,mplsTopLabelStackSection,flowStartMilliseconds,observationTimeSeconds,"
     "ipNextHopIPv4Address,ipNextHopIPv6Address,sourceIPv4Address",
     "octetDeltaCount,packetDeltaCount,deltaFlowCount"},
    {"protocolIdentifier", "minimumTTL,ipTotalLength,fragmentOffset,octetDeltaCount"},
};

enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

struct outcome {
    int n;
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
};

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_entry: %s\n", what);
    abort();
}

static bool printable(const char *text) {
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e) return false;
    return true;
}

/* The element for the rejected list is a line of JSON and the entry. */
static void reject_check(const struct reject *reject, const char *text, size_t len) {
    struct buffer element = BUFFER_INIT;
    require(reject->reason < REJECT_REASONS, "unknown reason");
    require(printable(reject->field) && printable(reject->value), "a field or value that can't be shown");
    rejected_format(&element, reject, 1700000000, text, len);
    size_t at = rejected_entry(element.data, element.len);
    require(at > 0 && element.len - at == len && memcmp(element.data + at, text, len) == 0, "the entry is not kept");
    json_t *line = json_loadb(element.data, at, 0, NULL);
    require(json_is_object(line), "the line of a refused entry is not JSON");
    json_decref(line);
    buffer_release(&element);
}

static void outcome_check(const struct flow_layout *layout, const struct outcome *outcome, const char *text,
                          size_t len) {
    require(outcome->n <= ENTRY_RECORDS_MAX, "more than two records");
    if (outcome->n == 0) reject_check(&outcome->reject, text, len);
    for (int i = 0; i < outcome->n; i++) {
        require(outcome->records[i].family < FLOW_FAMILIES, "a family of its own");
        for (unsigned s = 0; s < layout->n_sums; s++)
            require(outcome->records[i].sums[s] <= INT64_MAX, "a sum beyond 63 bits");
    }
}

static void same(const struct flow_layout *layout, const struct outcome *a, const struct outcome *b) {
    require(a->n == b->n, "the readers differ in the number of records");
    if (a->n == 0) {
        require(a->reject.reason == b->reject.reason, "the readers differ in the reason");
        require(strcmp(a->reject.field, b->reject.field) == 0, "the readers differ in the field");
        require(strcmp(a->reject.value, b->reject.value) == 0, "the readers differ in the value");
    }
    for (int i = 0; i < a->n; i++) {
        const struct flow_record *left = &a->records[i], *right = &b->records[i];
        require(left->start == right->start && left->end == right->end, "the readers differ in the times");
        require(left->family == right->family, "the readers differ in the family");
        require(memcmp(left->sums, right->sums, layout->n_sums * sizeof left->sums[0]) == 0,
                "the readers differ in a sum");
        require(memcmp(left->key, right->key, layout->key_bytes[left->family]) == 0, "the readers differ in the key");
    }
}

/* Fresh memory of other contents each time, so that a byte that nobody wrote is a difference. */
static void decode(struct entry_decoder *decoder, enum entry_reader reader, const char *text, size_t len,
                   struct outcome *outcome) {
    memset(outcome->records, 0x55 << (reader == ENTRY_SCANNER_ONLY), sizeof outcome->records);
    outcome->n = entry_decode(decoder, reader, text, len, outcome->records, &outcome->reject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct flow_layout made[LAYOUTS];
    static struct entry_decoder *decoders[LAYOUTS];
    const char *text = (const char *)data;
    for (unsigned i = 0; i < LAYOUTS; i++) {
        struct outcome scanned, parsed, any;
        if (!decoders[i]) {
            struct error error;
            names_init();
            if (flow_layout_init(&made[i], layouts[i][0], layouts[i][1], &error) != 0) require(false, error.text);
            decoders[i] = entry_decoder_new(&made[i]);
        }
        decode(decoders[i], ENTRY_SCANNER_ONLY, text, size, &scanned);
        decode(decoders[i], ENTRY_JANSSON_ONLY, text, size, &parsed);
        outcome_check(&made[i], &parsed, text, size);
        if (scanned.n >= 0) same(&made[i], &scanned, &parsed);
        decode(decoders[i], ENTRY_ANY, text, size, &any);
        same(&made[i], &any, &parsed);
    }
    return 0;
}

/* Pieces that chance alone would not find. */
static const char *const pieces[] = {
    "\"sourceIPv4Address\":",
    "\"destinationIPv4Address\":",
    "\"sourceIPv6Address\":",
    "\"destinationIPv6Address\":",
    "\"protocolIdentifier\":",
    "\"sourceTransportPort\":",
    "\"destinationTransportPort\":",
    "\"flowStartSeconds\":",
    "\"flowEndSeconds\":",
    "\"flowStartMilliseconds\":",
    "\"flowStartMilliSeconds\":",
    "\"flowEndMicroseconds\":",
    "\"flowEndNanoseconds\":",
    "\"octetDeltaCount\":",
    "\"packetDeltaCount\":",
    "\"deltaFlowCount\":",
    "\"revOctetDeltaCount\":",
    "\"reverseOctetDeltaCount\":",
    "\"revFlowStartSeconds\":",
    "\"reversePacketDeltaCount\":",
    "\"tcpControlBits\":",
    "\"flowId\":",
    "\"mibObjectValueInteger\":",
    "\"samplingProbability\":",
    "\"dataRecordsReliability\":",
    "\"sourceMacAddress\":",
    "\"interfaceName\":",
    "\"mplsTopLabelStackSection\":",
    "\"observationTimeSeconds\":",
    "\"ipNextHopIPv6Address\":",
    "\"revTcpControlBits\":",
    "\"minimumTTL\":",
    "\"ipTotalLength\":",
    "\"fragmentOffset\":",
    "\"x\":",
    "1700000000,",
    "1700000000000,",
    "9223372036854775807,",
    "9223372036854775808,",
    "18446744073709551615,",
    "1000000000000000000,",
    "\"9223372036854775808\",",
    "\"tcp\",",
    "\"10.0.0.1\",",
    "\"2001:db8::1\",",
    "\"::\",",
    "\"00:1b:21:0a:ff:3c\",",
    "null,",
    "true,",
    "1e3,",
    "-1,",
    "-0.0,",
    "01,",
    "\"\\u0000\",",
    "\"\\u00e9\",",
    "[[{}]],",
    "1e999,",
    ",",
    "}",
    "{",
    " ",
    "\"",
    "\\",
    "\xc3\xa9",
};

/* Half of the changes are libFuzzer's own; the others put in a piece, at any place or behind a comma. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    if (seed % 2 || size < 2) return LLVMFuzzerMutate(data, size, max_size);
    const char *piece = pieces[seed / 2 % (sizeof pieces / sizeof pieces[0])];
    size_t len = strlen(piece), at = (seed >> 12) % size;
    if (size + len > max_size) return LLVMFuzzerMutate(data, size, max_size);
    while ((seed >> 11) % 2 && at > 0 && data[at - 1] != ',')
        at--;
    memmove(data + at + len, data + at, size - at);
    memcpy(data + at, piece, len);
    return size + len;
}
