/* Flows that one router reports twice, among a few of them. */
#include "collect/doubles.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    AT_SOURCE = 0,
    AT_DESTINATION = 4,
    AT_INPUT = 12,
    AT_OUTPUT = 14,
    AT_FIRST = 24,
    AT_PORTS = 32,
    AT_PROTOCOL = 38
};

struct doubles {
    uint64_t seed;
    struct seen {
        uint64_t flow;        /* a hash; 0: none */
        uint32_t first, last; /* of the exporter's sysUpTime, in milliseconds */
        uint16_t input, output;
    } flows[DOUBLES_FLOWS];
};

struct doubles *doubles_new(uint64_t seed) {
    struct doubles *doubles = mem_zalloc(1, sizeof *doubles);
    doubles->seed = seed;
    return doubles;
}

void doubles_free(struct doubles *doubles) { free(doubles); }

size_t doubles_bytes(void) { return sizeof(struct doubles); }

/* Not the hash: most records are only looked at for this. */
static bool is_looked_at(const uint8_t *record) {
    uint32_t mix = be32(record + AT_SOURCE) ^ be32(record + AT_DESTINATION) ^ be32(record + AT_PORTS);
    mix ^= mix >> 16;
    mix ^= mix >> 8;
    mix ^= mix >> 4;
    return mix % DOUBLES_ONE_IN == 0;
}

/* Of one packet, or of packets in the same millisecond, the times are equal or apart. Where one ends later than the
 * other, from the same start, an exporter goes on with its flow and keeps the start. */
static bool overlap(const struct seen *one, const struct seen *other) {
    if (one->first == other->first) return one->last == other->last;
    return (int32_t)(one->first - other->last) < 0 && (int32_t)(other->first - one->last) < 0;
}

bool doubles_found(struct doubles *doubles, uint64_t exporter, const uint8_t *record, bool *same) {
    uint8_t tuple[13];
    if (!is_looked_at(record) || be64(record + AT_FIRST) == 0) return false; /* without times nothing can be told */
    memcpy(tuple, record + AT_SOURCE, 8);
    memcpy(tuple + 8, record + AT_PORTS, 4);
    tuple[12] = record[AT_PROTOCOL];
    struct seen seen = {.flow = XXH3_64bits_withSeed(tuple, sizeof tuple, doubles->seed ^ exporter) | 1,
                        .first = be32(record + AT_FIRST),
                        .last = be32(record + AT_FIRST + 4),
                        .input = be16(record + AT_INPUT),
                        .output = be16(record + AT_OUTPUT)};
    struct seen *place = &doubles->flows[seen.flow / 2 % DOUBLES_FLOWS];
    const struct seen before = *place;
    *place = seen;
    if (before.flow != seen.flow || !overlap(&before, &seen)) return false;
    const struct reporter one = {.input = before.input, .output = before.output},
                          other = {.input = seen.input, .output = seen.output};
    *same = before.input == seen.input && before.output == seen.output;
    return *same || reporters_differ(&one, &other);
}
