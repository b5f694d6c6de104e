/* Ports of first fragments: sets of four entries, found by hash, the oldest overwritten. */
#include "packet/fragments.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum { WAYS = 4 };

/* What tells datagrams apart. IPv4 numbers them by protocol too (RFC 791); in IPv6 the next header of later fragments
 * says nothing (RFC 8200, 4.5). */
struct key {
    uint8_t source[16], destination[16];
    uint32_t id;
    uint8_t family, protocol;
    uint8_t zero[2]; /* hashed and compared with the rest */
};

struct entry {
    struct key key;
    uint16_t source_port, destination_port;
    uint8_t protocol;
    bool used;
    int64_t time_us; /* of the first fragment */
};

_Static_assert(sizeof(struct entry) <= 64, "the header says so");

struct fragments {
    struct entry (*sets)[WAYS];
    size_t mask; /* number of sets - 1 */
    uint64_t seed;
    struct fragments_counts counts;
};

struct fragments *fragments_new(size_t entries, uint64_t seed) {
    struct fragments *fragments = mem_zalloc(1, sizeof *fragments);
    size_t sets = 1;
    while (sets * WAYS < entries)
        sets *= 2;
    fragments->sets = mem_zalloc(sets, sizeof fragments->sets[0]);
    fragments->mask = sets - 1;
    fragments->seed = seed;
    return fragments;
}

void fragments_free(struct fragments *fragments) {
    if (!fragments) return;
    free(fragments->sets);
    free(fragments);
}

static struct key key_of(const struct packet *packet) {
    struct key key = {.id = packet->fragment_id, .family = packet->family};
    memcpy(key.source, packet->source, sizeof key.source);
    memcpy(key.destination, packet->destination, sizeof key.destination);
    if (packet->family == FLOW_IPV4) key.protocol = packet->next_header;
    return key;
}

/* Times may go back in a file of several sources: an entry of the future is a young one. */
static bool is_alive(const struct entry *entry, int64_t now_us) {
    int64_t timeout = entry->key.family == FLOW_IPV4 ? FRAGMENTS_IPV4_TIMEOUT : FRAGMENTS_IPV6_TIMEOUT;
    return entry->used && now_us - entry->time_us < timeout * 1000000;
}

/* Where the datagram has its entry or may have one: an empty one, or the oldest. */
static struct entry *place_for(struct entry *set, const struct key *key) {
    struct entry *place = &set[0];
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].used && memcmp(&set[i].key, key, sizeof *key) == 0) return &set[i];
        if (place->used && (!set[i].used || set[i].time_us < place->time_us)) place = &set[i];
    }
    return place;
}

static void remember(struct fragments *fragments, struct entry *set, const struct key *key, const struct packet *packet,
                     int64_t now_us) {
    struct entry *place = place_for(set, key);
    if (is_alive(place, now_us) && memcmp(&place->key, key, sizeof *key) != 0) fragments->counts.evicted++;
    *place = (struct entry){.key = *key,
                            .source_port = packet->source_port,
                            .destination_port = packet->destination_port,
                            .protocol = packet->protocol,
                            .used = true,
                            .time_us = now_us};
    fragments->counts.firsts++;
}

static void find(struct fragments *fragments, const struct entry *set, const struct key *key, struct packet *packet,
                 int64_t now_us) {
    for (unsigned i = 0; i < WAYS; i++) {
        if (!is_alive(&set[i], now_us) || memcmp(&set[i].key, key, sizeof *key) != 0) continue;
        packet->source_port = set[i].source_port;
        packet->destination_port = set[i].destination_port;
        packet->protocol = set[i].protocol;
        fragments->counts.found++;
        return;
    }
    fragments->counts.orphans++;
}

void fragments_apply(struct fragments *fragments, struct packet *packet, int64_t now_us) {
    struct key key = key_of(packet);
    struct entry *set = fragments->sets[XXH3_64bits_withSeed(&key, sizeof key, fragments->seed) & fragments->mask];
    if (packet->fragment_offset)
        find(fragments, set, &key, packet, now_us);
    else if (packet->transport_offset)
        remember(fragments, set, &key, packet, now_us);
}

struct fragments_counts fragments_counts(const struct fragments *fragments) { return fragments->counts; }

void fragments_show(const struct fragments *fragments, struct show *show) {
    const struct fragments_counts *counts = &fragments->counts;
    show_module(show, "fragments");
    show_counter(show, "firsts_total", "First fragments whose ports were recorded.", counts->firsts);
    show_counter(show, "found_total", "Later fragments counted under the ports of their first one.", counts->found);
    show_counter(show, "orphans_total", "Later fragments counted under port 0 because their first one was not seen.",
                 counts->orphans);
    show_counter(show, "evicted_total", "First fragments discarded early for lack of space.", counts->evicted);
}
