/* A hash table of entries that never move, and a timer wheel over them. */
#include "meter/flow_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SLOTS = 1024, /* of the wheel */
    SLOT_WORDS = SLOTS / 64,
    SLOT_NONE = UINT16_MAX, /* of an entry that is free */
    PLACES_FIRST = 4096,
    NONE = 0, /* entries are numbered from 1, so that memory that was never used says so */
};

struct place {
    uint32_t tag, entry;
};

/* Numbers of entries; above them the slots, each the head of a ring. */
struct link {
    uint32_t previous, next;
};

struct flow_table {
    char *entries; /* number 1 stands first */
    size_t entry_bytes;
    struct place *places;
    struct link *links;
    uint32_t room, n_places, n_places_last; /* now; when the table is full */
    uint32_t count, used;                   /* entries now; numbers that were ever given away */
    uint32_t freed; /* the first of those that are free again, or NONE; linked by links[].next */
    /* The wheel: ticks since 1970, each of which has the slot of its remainder. */
    int64_t tick_us, tick; /* what a tick lasts; those before this one are done */
    int64_t quiet_us;      /* from here on, for so long, flow_table_due() has nothing to do */
    uint64_t quiet_for_us;
    uint64_t filled[SLOT_WORDS]; /* bits of slots that are not empty */
};

static struct flow_entry *entry_at(const struct flow_table *table, uint32_t number) {
    return (struct flow_entry *)(table->entries + (number - 1) * table->entry_bytes);
}

static uint32_t number_of(const struct flow_table *table, const struct flow_entry *entry) {
    return (uint32_t)((size_t)((const char *)entry - table->entries) / table->entry_bytes) + 1;
}

struct flow_table *flow_table_new(unsigned words, size_t memory, int64_t horizon_us) {
    struct flow_table *table = mem_zalloc(1, sizeof *table);
    size_t room = memory / FLOW_TABLE_BYTES(words);
    if (room > UINT32_MAX / 2) room = UINT32_MAX / 2;
    table->room = room < 4 ? 4 : (uint32_t)room;
    table->n_places_last = table->room / 3 * 4 + 4;
    table->n_places = table->n_places_last < PLACES_FIRST ? table->n_places_last : PLACES_FIRST;
    table->entry_bytes = sizeof(struct flow_entry) + words * sizeof(uint64_t);
    table->entries = mem_zalloc(table->room, table->entry_bytes);
    table->places = mem_zalloc(table->n_places, sizeof *table->places);
    table->links = mem_zalloc((size_t)table->room + 1 + SLOTS, sizeof *table->links);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t head = table->room + 1 + slot;
        table->links[head] = (struct link){head, head};
    }
    table->tick_us = horizon_us / (SLOTS - 2) + 1;
    return table;
}

void flow_table_free(struct flow_table *table) {
    if (!table) return;
    free(table->entries);
    free(table->places);
    free(table->links);
    free(table);
}

size_t flow_table_room(const struct flow_table *table) { return table->room; }
size_t flow_table_count(const struct flow_table *table) { return table->count; }

/* --- places --- */

static uint32_t tag_of(uint64_t hash) { return (uint32_t)(hash >> 32); }

/* Where a tag is looked for first: its share of the places. */
static uint32_t home(const struct flow_table *table, uint32_t tag) {
    return (uint32_t)((uint64_t)tag * table->n_places >> 32);
}

static uint32_t after(const struct flow_table *table, uint32_t place) {
    return place + 1 == table->n_places ? 0 : place + 1;
}

/* How many steps lead from one place to another. */
static uint32_t distance(const struct flow_table *table, uint32_t from, uint32_t to) {
    return to >= from ? to - from : to + table->n_places - from;
}

void flow_table_fetch_place(const struct flow_table *table, uint64_t hash) {
    __builtin_prefetch(&table->places[home(table, tag_of(hash))]);
}

struct flow_entry *flow_table_fetch_entry(const struct flow_table *table, uint64_t hash) {
    uint32_t tag = tag_of(hash);
    for (uint32_t at = home(table, tag); table->places[at].entry != NONE; at = after(table, at)) {
        if (table->places[at].tag != tag) continue;
        struct flow_entry *entry = entry_at(table, table->places[at].entry);
        __builtin_prefetch(entry, 1);
        __builtin_prefetch(entry->words + 1);
        return entry;
    }
    return NULL;
}

static bool key_is(const struct flow_entry *entry, const uint64_t *key, unsigned n) {
    unsigned same = 0;
    while (same < n && entry->words[same] == key[same])
        same++;
    return same == n;
}

struct flow_entry *flow_table_find(const struct flow_table *table, uint64_t hash, const uint64_t *key, unsigned n,
                                   struct flow_entry *guess) {
    uint32_t tag = tag_of(hash);
    if (guess && guess->slot != SLOT_NONE && key_is(guess, key, n)) return guess;
    for (uint32_t at = home(table, tag); table->places[at].entry != NONE; at = after(table, at)) {
        if (table->places[at].tag != tag) continue;
        struct flow_entry *entry = entry_at(table, table->places[at].entry);
        if (key_is(entry, key, n)) return entry;
    }
    return NULL;
}

/* Those behind the hole that it kept from their home move up. */
static void place_empty(struct flow_table *table, uint32_t hole) {
    for (uint32_t at = after(table, hole); table->places[at].entry != NONE; at = after(table, at)) {
        if (distance(table, home(table, table->places[at].tag), at) < distance(table, hole, at)) continue;
        table->places[hole] = table->places[at];
        hole = at;
    }
    table->places[hole].entry = NONE;
}

static void place_fill(struct flow_table *table, struct place place) {
    uint32_t at = home(table, place.tag);
    while (table->places[at].entry != NONE)
        at = after(table, at);
    table->places[at] = place;
}

/* Few flows are found in few places, which stay in the caches. */
static void places_grow(struct flow_table *table) {
    struct place *old = table->places;
    uint32_t n_old = table->n_places;
    table->n_places = n_old < table->n_places_last / 2 ? n_old * 2 : table->n_places_last;
    table->places = mem_zalloc(table->n_places, sizeof *table->places);
    for (uint32_t i = 0; i < n_old; i++)
        if (old[i].entry != NONE) place_fill(table, old[i]);
    free(old);
}

/* --- the wheel --- */

static void link_remove(struct flow_table *table, uint32_t number, unsigned slot) {
    struct link *links = table->links, *own = &links[number];
    links[own->previous].next = own->next;
    links[own->next].previous = own->previous;
    if (own->next == own->previous && own->next == table->room + 1 + slot)
        table->filled[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

static void link_append(struct flow_table *table, uint32_t number, unsigned slot) {
    struct link *links = table->links;
    uint32_t head = table->room + 1 + slot, last = links[head].previous;
    links[number] = (struct link){last, head};
    links[last].next = links[head].previous = number;
    table->filled[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* The slot of a time: of those that are too far off or past, the last or the first one. */
static uint16_t slot_of(const struct flow_table *table, int64_t due_us) {
    int64_t tick = due_us / table->tick_us;
    if (tick < table->tick) tick = table->tick;
    if (tick >= table->tick + SLOTS) tick = table->tick + SLOTS - 1;
    return (uint16_t)(tick % SLOTS);
}

/* How many ticks from this one on have empty slots; SLOTS: all of them. */
static unsigned empty_ticks(const struct flow_table *table) {
    unsigned first = (unsigned)(table->tick % SLOTS);
    for (unsigned i = 0; i <= SLOT_WORDS; i++) {
        unsigned word = (first / 64 + i) % SLOT_WORDS;
        uint64_t bits = table->filled[word];
        if (i == 0) bits &= UINT64_MAX << first % 64;
        if (i == SLOT_WORDS) bits &= ~(UINT64_MAX << first % 64);
        if (bits) return (word * 64 + (unsigned)__builtin_ctzll(bits) + SLOTS - first) % SLOTS;
    }
    return SLOTS;
}

static struct flow_entry *first_after(const struct flow_table *table, unsigned ticks) {
    unsigned slot = (unsigned)((table->tick + ticks) % SLOTS);
    return entry_at(table, table->links[table->room + 1 + slot].next);
}

struct flow_entry *flow_table_first(const struct flow_table *table) {
    unsigned ticks = empty_ticks(table);
    return ticks == SLOTS ? NULL : first_after(table, ticks);
}

struct flow_entry *flow_table_due(struct flow_table *table, int64_t now_us) {
    if ((uint64_t)(now_us - table->quiet_us) < table->quiet_for_us) return NULL;
    int64_t tick = now_us / table->tick_us;
    /* All slots are looked at in a turn of the wheel; more turns find nothing more. */
    if (tick < table->tick - SLOTS) table->tick = tick;
    if (tick > table->tick + SLOTS) table->tick = tick - SLOTS;
    while (table->tick < tick) {
        unsigned ticks = empty_ticks(table);
        if (table->tick + ticks < tick) {
            table->tick += ticks;
            return first_after(table, 0);
        }
        table->tick = tick;
    }
    table->quiet_us = (table->tick - SLOTS) * table->tick_us;
    table->quiet_for_us = (uint64_t)((SLOTS + 1) * table->tick_us);
    return NULL;
}

bool flow_table_again(struct flow_table *table, struct flow_entry *entry, int64_t due_us) {
    uint32_t number = number_of(table, entry);
    uint16_t slot = slot_of(table, due_us);
    bool other = slot != entry->slot;
    link_remove(table, number, entry->slot);
    link_append(table, number, slot);
    entry->slot = slot;
    return other;
}

/* --- entries --- */

struct flow_entry *flow_table_add(struct flow_table *table, uint64_t hash, const uint64_t *key, unsigned n,
                                  int64_t due_us) {
    uint32_t number = table->freed;
    if (number != NONE)
        table->freed = table->links[number].next;
    else if (table->used < table->room)
        number = ++table->used;
    else
        return NULL;
    struct flow_entry *entry = entry_at(table, number);
    if (table->count >= table->n_places / 4 * 3 && table->n_places < table->n_places_last) places_grow(table);
    place_fill(table, (struct place){tag_of(hash), number});
    table->count++;
    entry->tag = tag_of(hash);
    entry->slot = slot_of(table, due_us);
    link_append(table, number, entry->slot);
    memcpy(entry->words, key, n * sizeof *key);
    return entry;
}

void flow_table_remove(struct flow_table *table, struct flow_entry *entry) {
    uint32_t number = number_of(table, entry), at = home(table, entry->tag);
    while (table->places[at].entry != number)
        at = after(table, at);
    place_empty(table, at);
    link_remove(table, number, entry->slot);
    entry->slot = SLOT_NONE;
    table->links[number].next = table->freed;
    table->freed = number;
    table->count--;
}
