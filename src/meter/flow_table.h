/* Flows under way: found by key, ended in the order of their time.
 *
 * An entry is a head, the words of its key, and words of the owner. It is found by open addressing: places of 8 bytes
 * (32 bits of hash, and the entry's number), four for each three entries, probed one after the other; so a lookup takes
 * a cache line of places and one or two of the entry. When to look at an entry again is kept by a timer wheel. Packets
 * don't move it there: the owner finds out then whether it is due in fact, and gives it another time if it is not.
 *
 * Memory: FLOW_TABLE_BYTES(words) an entry. Entries are taken at the start, and not resident before they are used;
 * places grow with them by doubling, when for a moment there are half as many again. */
#ifndef FLOWIMPORT_METER_FLOW_TABLE_H
#define FLOWIMPORT_METER_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_side { /* one direction's counts */
    int64_t start_us, end_us;
    uint64_t packets, octets;
};

struct flow_entry {
    struct flow_side forward;
    uint32_t tag;  /* the table's own: of the hash */
    uint16_t slot; /* the table's own: of the wheel */
    uint16_t tcp_flags;
    uint64_t words[]; /* the key, then the owner's */
};

/* With the entry's link of the wheel, 8 bytes, and its share of the places, 4/3 of 8. A five-tuple has 5 words: 99. */
#define FLOW_TABLE_BYTES(words) (sizeof(struct flow_entry) + (words) * sizeof(uint64_t) + 8 + 11)

struct flow_table; /* opaque */

/* `words`: the longest key and the owner's. `horizon_us`: how far ahead of now times are at most. */
struct flow_table *flow_table_new(unsigned words, size_t memory, int64_t horizon_us);
void flow_table_free(struct flow_table *table);
size_t flow_table_room(const struct flow_table *table);  /* entries at most */
size_t flow_table_count(const struct flow_table *table); /* entries now */

/* Into the processor's caches: where a hash is looked for; and later, when that has come, the entry found there, which
 * is a good guess. */
void flow_table_fetch_place(const struct flow_table *table, uint64_t hash);
struct flow_entry *flow_table_fetch_entry(const struct flow_table *table, uint64_t hash);
/* By a hash of the key, whose upper 32 bits count. No key may be the beginning of another. `guess`: any entry that was
 * ever in the table, or NULL. NULL: there is none. */
struct flow_entry *flow_table_find(const struct flow_table *table, uint64_t hash, const uint64_t *key, unsigned n,
                                   struct flow_entry *guess);
/* A new entry, of which tag, slot and key are set. NULL: there is no room. */
struct flow_entry *flow_table_add(struct flow_table *table, uint64_t hash, const uint64_t *key, unsigned n,
                                  int64_t due_us);
void flow_table_remove(struct flow_table *table, struct flow_entry *entry);
/* Gives it another time. Returns whether the wheel tells that from the old one. */
bool flow_table_again(struct flow_table *table, struct flow_entry *entry, int64_t due_us);

/* The next entry whose time has come, or NULL. It must be removed, or given a time after `now_us`. Where the time goes
 * back by more than the horizon, the wheel goes back too. */
struct flow_entry *flow_table_due(struct flow_table *table, int64_t now_us);
/* The entry whose time comes first, as far as the wheel tells: to 1/1000 of the horizon, among these the first that was
 * given it. NULL: there is none. */
struct flow_entry *flow_table_first(const struct flow_table *table);

#endif
