/* Blocks of a feed on disk until the ledger has their entries: what makes `queue = direct` outlive its process.
 *
 * A block is appended before it is folded, and forgotten when all of it has committed. Each has the time at which it
 * was taken, against which its entries are judged, also when they are read again, and a number for each entry, which
 * names the generation that begins with it: so the same entries, folded again, make a generation of the same name, and
 * the ledger's primary key lets only one of the two commit.
 *
 * What was appended survives kill -9. A power failure takes what the kernel has not written yet: nothing is synced, as
 * the loop may not wait for a disk.
 *
 * Where the spool can't be used, entries stay in memory alone; this is said once and in journal_problems(), and another
 * try is made in another second. */
#ifndef FLOWIMPORT_QUEUE_JOURNAL_H
#define FLOWIMPORT_QUEUE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/show.h"

struct journal; /* opaque */

struct journal_config {
    const char *folder; /* of the spool */
    uint64_t max_bytes;
    uint32_t layout; /* of entries: what a process with another one has written can't be read, and stays */
};

/* The entry `index` of block `block` is the next; all before have been dealt with. */
struct journal_place {
    uint64_t block;
    uint32_t index;
};

struct journal_block {
    uint64_t position; /* among the blocks; 0: it is in memory alone */
    int64_t now;       /* when it was taken, in seconds since the epoch */
    int64_t number;    /* of its first entry, the next one's is larger by one: microseconds, but no two are equal */
    const char *bytes; /* entries as feed_block_next() reads them; borrowed */
    size_t len;
    uint32_t n; /* entries */
};

/* A place as the ledger keeps it, and back. */
static inline int64_t journal_place_pack(struct journal_place place) {
    return (int64_t)(place.block << 16 | place.index); /* a block has less than 2^14 entries */
}
static inline struct journal_place journal_place_unpack(int64_t packed) {
    return (struct journal_place){(uint64_t)packed >> 16, (uint32_t)(packed & UINT16_MAX)};
}

/* The configuration is borrowed. Where the spool can't be opened for a reason that may pass, journal_is_open() tries
 * again. NULL with the error set: a person must fix it. */
struct journal *journal_new(const struct journal_config *config, struct error *error)
    __attribute__((warn_unused_result));
void journal_free(struct journal *journal); /* NULL does nothing */
/* `now`: seconds, as in all that follows. */
bool journal_is_open(struct journal *journal, int64_t now);
/* Names the blocks in the ledger (ledger_row.claim): positive, and different for each spool that was begun empty. */
int64_t journal_stream(const struct journal *journal);
/* Behind the last block. */
struct journal_place journal_end(const struct journal *journal);

enum { JOURNAL_BATCH = 4 }; /* blocks that are worth one call of the system: short ones cost twice as much a byte */

/* Of each of the n blocks, at most JOURNAL_BATCH, bytes, length and n are set; the rest is filled in. How many of them
 * are in the journal, from the first on; the others are in memory alone. */
unsigned journal_append(struct journal *journal, int64_t now_us, struct journal_block *blocks, unsigned n);
enum { JOURNAL_FOREIGN = -2 };
/* The first block of this number or behind, borrowed until the next call. 1; 0: there is none; -1: it can't be read
 * now; JOURNAL_FOREIGN: it is of another layout, and so only for a process with that one. */
int journal_read(struct journal *journal, uint64_t from, int64_t now, struct journal_block *block);
/* All before this place is in the ledger. */
void journal_forget(struct journal *journal, struct journal_place place);
/* More than half of the room is taken. */
bool journal_is_filling(const struct journal *journal);

void journal_show(const struct journal *journal, struct show *show); /* the module "spool" */
void journal_problems(const struct journal *journal, struct buffer *out);

#endif
