/* Where the entries of a queue stood in the order of their taking, and a hash of each: what a store keeps of the
 * entries that it has counted, so that they are known if Redis hands them out again.
 *
 * Redis goes back in time where it is started from a snapshot, or where a replica is promoted that had not heard of
 * all: what was taken since stands on the queue again, and its count, too, goes on from where it was. So an entry that
 * comes again has the place it had (queue/claim.h), and the same text.
 *
 * The table import_places is a ring of PLACES_ROWS rows of at most PLACES_ROW_ENTRIES entries: 33 million entries, 130
 * MB. import_queues has a row for each queue, and one of an empty name that counts the rows ever written.
 *
 * Two generations may have taken the same entries where Redis went back between: each looks, before it commits, at the
 * rows that were written since its entries were found not to be in the ring. */
#ifndef FLOWIMPORT_STORE_PLACES_H
#define FLOWIMPORT_STORE_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum {
    PLACES_ROWS = 16384,
    PLACES_ROW_ENTRIES = 2048,
    PLACES_ROW_SPAN = 1 << 16, /* from the first place of a row to its last */
    PLACES_QUEUE_MAX = 17,     /* bytes of a queue's id */
};

struct place_run { /* n places from `first` on; their hashes from hashes[at] on */
    int64_t first;
    size_t n, at;
};

/* Of a generation's entries; all zero: none. One queue's alone. */
struct places {
    char queue_id[PLACES_QUEUE_MAX];
    struct place_run *runs;
    size_t n_runs, runs_room;
    uint32_t *hashes;
    size_t n, room;
    int64_t ring; /* rows that had been written when its entries were found not to be among them */
    /* what store_put_places() has found */
    int64_t now_end, now_ring; /* behind the queue's highest place, rows written, with these */
};

/* `ring`: rows that had been written when the entry was known not to be among them. */
void places_add(struct places *places, const char *queue_id, int64_t place, uint32_t hash, int64_t ring);
/* Whether entries of that queue can be added. */
bool places_take(const struct places *places, const char *queue_id);
void places_clear(struct places *places); /* keeps the memory */
void places_release(struct places *places);

/* The runs from *at on as the content of a row: at most PLACES_ROW_ENTRIES entries, PLACES_ROW_SPAN places, and `most`
 * bytes, but one entry. For each
 * run the distance of its first place from the row's and its length, then the hashes, little-endian numbers of 4 bytes.
 * Moves *at and *within, the first run that was not written and the entries written of it. Returns the row's first
 * place. */
struct buffer;
int64_t places_pack(const struct places *places, size_t *at, size_t *within, size_t most, struct buffer *row);
/* Calls back for each run of a row; hashes may stand at any address. false: the row is damaged. */
typedef void places_run_fn(void *context, int64_t first, size_t n, const uint8_t *hashes);
bool places_unpack(int64_t first, const uint8_t *row, size_t len, places_run_fn *run, void *context);
/* Whether a place is among them with that hash; whether one of n places is. Their runs must be sorted by places_sort().
 */
bool places_touch(const struct places *places, int64_t first, size_t n);
bool places_has(const struct places *places, int64_t place, uint32_t hash);
void places_sort(struct places *places);

/* As the last thing of a generation before store_commit(): writes them, and sorts them. Where others have committed one
 * of the entries since, the transaction fails with STORE_OVERLAPS. */
void store_put_places(struct store *store, struct places *places);

/* Hands over the runs that the store has of places from `from` up to `to`. *end: behind the highest place it has of
 * that queue; *ring: how many rows had been written before. */
enum store_status store_places_read(struct store *store, const char *queue_id, int64_t from, int64_t to, int64_t *end,
                                    int64_t *ring, places_run_fn *run, void *context, struct error *error)
    __attribute__((warn_unused_result));

/* From which place on the ring has all of a queue that has counted `taken`. Its older half may have been written over
 * in another order than that of the places: it is behind what that half still has. */
enum store_status store_places_first(struct store *store, const char *queue_id, int64_t taken, int64_t *first,
                                     struct error *error) __attribute__((warn_unused_result));
/* How many of the places from `from` up to `to` no generation has: of those that the ring is to have, and that were
 * taken since the store is the queue's. */
enum store_status store_places_missing(struct store *store, const char *queue_id, int64_t from, int64_t to,
                                       uint64_t *missing, struct error *error) __attribute__((warn_unused_result));

#endif
