/* What updates of connections have counted, and teardowns without it. */
#include "collect/nsel.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    WAYS = 4,
    RECORD_MAX = 4096, /* bytes; longer ones count as they stand */
    ENTERPRISE_CISCO = 9,
    OLD_EVENT = 40005 & 0x7fff, /* NF_F_FW_EVENT, before it was IANA's */
    EVENT_CREATED = 1,
    EVENT_DELETED = 2,
    EVENT_DENIED = 3,
    EVENT_UPDATE = 5,
};

struct entry {
    uint64_t connection; /* hash; 0: an empty entry */
    uint64_t counted[DATA_RECORD_COUNTERS];
    uint32_t heard; /* seconds since 1970 */
};

struct nsel {
    struct entry (*sets)[WAYS];
    size_t n; /* sets, a power of two */
    uint64_t seed;
    uint8_t copy[RECORD_MAX];
};

static bool is_event(const struct field_specifier *field) {
    return (field->enterprise == 0 && field->id == IE_firewallEvent) ||
           (field->enterprise == ENTERPRISE_CISCO && field->id == OLD_EVENT);
}

bool nsel_look(const struct field_specifier *fields, unsigned n) {
    bool event = false;
    for (unsigned i = 0; i < n; i++) {
        if (fields[i].enterprise == 0 && fields[i].id == IE_octetDeltaCount) return false;
        event |= is_event(&fields[i]);
    }
    return event;
}

struct nsel *nsel_new(size_t bytes, uint64_t seed) {
    struct nsel *nsel = mem_zalloc(1, sizeof *nsel);
    nsel->n = 1;
    while (nsel->n * 2 * sizeof nsel->sets[0] <= bytes)
        nsel->n *= 2;
    nsel->sets = mem_zalloc(nsel->n, sizeof nsel->sets[0]);
    nsel->seed = seed;
    return nsel;
}

void nsel_free(struct nsel *nsel) {
    if (!nsel) return;
    free(nsel->sets);
    free(nsel);
}

size_t nsel_bytes(const struct nsel *nsel) { return sizeof *nsel + nsel->n * sizeof nsel->sets[0]; }

static uint64_t connection_of(const struct nsel *nsel, const struct data_record_plan *plan,
                              const struct data_record_context *context, const uint8_t *bytes, size_t len) {
    uint8_t key[DATA_RECORD_TUPLE] = {0};
    uint64_t id;
    if (data_record_number(plan, bytes, len, IE_flowId, &id))
        be64_put(key, id);
    else
        data_record_tuple(plan, bytes, len, key);
    uint64_t exporter = XXH3_64bits_withSeed(context->address, sizeof context->address, nsel->seed + context->family);
    return XXH3_64bits_withSeed(key, sizeof key, exporter + context->domain) | 1;
}

/* The connection's entry; where there is none, the one that is to give way. */
static struct entry *entry_find(const struct nsel *nsel, uint64_t connection) {
    struct entry *set = nsel->sets[(connection >> 1) & (nsel->n - 1)], *place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].connection == connection) return &set[i];
        if (set[i].heard < place->heard) place = &set[i];
    }
    return place;
}

static void update_note(struct entry *entry, uint64_t connection, const struct data_record_counter *counters,
                        const uint8_t *bytes, uint32_t now) {
    if (entry->connection != connection) *entry = (struct entry){.connection = connection};
    entry->heard = now;
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++)
        entry->counted[i] += be_number(bytes + counters[i].at, counters[i].length);
}

/* Into the copy: what is left to count. False: nothing. */
static bool rest_write(uint8_t *copy, const struct data_record_counter *counters, const struct entry *entry) {
    uint64_t some = 0;
    for (unsigned i = 0; i < DATA_RECORD_COUNTERS; i++) {
        uint64_t total = be_number(copy + counters[i].at, counters[i].length);
        uint64_t rest = total > entry->counted[i] ? total - entry->counted[i] : 0;
        if (counters[i].length) be_put(copy + counters[i].at, rest, counters[i].length);
        some |= rest;
    }
    return some != 0;
}

enum nsel_verdict nsel_record(struct nsel *nsel, const struct data_record_plan *plan,
                              const struct data_record_context *context, const uint8_t **bytes, size_t len,
                              uint32_t now) {
    struct data_record_counter counters[DATA_RECORD_COUNTERS];
    uint64_t event = 0;
    if (!data_record_number(plan, *bytes, len, IE_firewallEvent, &event))
        (void)data_record_vendor_number(plan, *bytes, len, ENTERPRISE_CISCO, OLD_EVENT, &event);
    if (event == EVENT_DENIED) return NSEL_DENIED;
    if (event != EVENT_CREATED && event != EVENT_DELETED && event != EVENT_UPDATE) return NSEL_COUNT;
    uint64_t connection = connection_of(nsel, plan, context, *bytes, len);
    struct entry *entry = entry_find(nsel, connection);
    data_record_counters(plan, *bytes, len, counters);
    if (event == EVENT_UPDATE) {
        update_note(entry, connection, counters, *bytes, now);
        return NSEL_COUNT;
    }
    bool known = entry->connection == connection, some = true;
    if (known && event == EVENT_DELETED && len <= sizeof nsel->copy) {
        memcpy(nsel->copy, *bytes, len);
        *bytes = nsel->copy;
        some = rest_write(nsel->copy, counters, entry);
    }
    if (known) memset(entry, 0, sizeof *entry); /* its number may be another's now */
    if (event == EVENT_CREATED) return NSEL_CREATED;
    return some ? NSEL_COUNT : NSEL_COUNTED_BEFORE;
}
