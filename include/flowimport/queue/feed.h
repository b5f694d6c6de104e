/* Entries from a thread that must not wait, as a capture thread, to the event loop: a ring of blocks, one writer, one
 * reader, no lock.
 *
 * The writer fills a block and hands it over when it is full, or at its own feed_flush; the reader is woken through a
 * descriptor, for every few blocks, and at each feed_flush: a wake-up costs more than reading a block. Where the reader
 * has not given back a block in time, entries are thrown away and counted: with 256 blocks of 64 KiB that takes a loop
 * which stands still for as long as 16 MiB of entries need. */
#ifndef FLOWIMPORT_QUEUE_FEED_H
#define FLOWIMPORT_QUEUE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

enum { FEED_BLOCK = 64 << 10, FEED_BLOCKS = 256, FEED_ENTRY_MAX = FEED_BLOCK - 4 };

struct feed; /* opaque; FEED_BLOCKS * FEED_BLOCK bytes of memory */

struct feed *feed_new(struct error *error); /* NULL with the error set: out of descriptors */
void feed_free(struct feed *feed);          /* when the writer has ended */

/* The writer's. An entry of more than FEED_ENTRY_MAX bytes counts as lost. */
void feed_put(struct feed *feed, const char *text, size_t len);
/* The same in two steps, for an entry that is written where it is to stand: room for up to `len` bytes, then how many
 * of them it has. NULL: there is no room; the entry counts as lost, and there is no second step. */
char *feed_begin(struct feed *feed, size_t len);
void feed_end(struct feed *feed, size_t len);
/* Whether feed_put has room: for a writer that may wait after all, as at its end. */
bool feed_has_room(const struct feed *feed, size_t len);
/* Whether so many blocks are free: for a writer that can leave what it reads where it is. */
bool feed_has_blocks(const struct feed *feed, unsigned n);
/* Hands over what is there: to be called a few times a second, and at the end. */
void feed_flush(struct feed *feed);

/* The reader's. The descriptor is readable when the reader was woken since the last feed_woken. */
int feed_fd(const struct feed *feed);
void feed_woken(struct feed *feed);
/* The next entry, borrowed until the next call. false: none for the moment. */
bool feed_next(struct feed *feed, const char **text, size_t *len);
/* Or block by block: number `ahead` of those that were handed over, borrowed until it is the first and
 * feed_drop_block() gives it back; `n` entries, one behind the other as feed_block_next() reads them. false: there is
 * none for the moment. Not for who uses feed_next(). */
bool feed_peek_block(const struct feed *feed, unsigned ahead, const char **bytes, size_t *len, uint32_t *n);
void feed_drop_block(struct feed *feed);
static inline size_t feed_block_next(const char *at, const char **text) { /* the entry's length */
    uint32_t head;
    memcpy(&head, at, sizeof head);
    *text = at + sizeof head;
    return head;
}
bool feed_is_empty(const struct feed *feed); /* feed_next has returned false, and nothing was handed over since */

uint64_t feed_lost(const struct feed *feed); /* entries; any thread may ask */

/* Several feeds with one reader. */
enum { FEEDS_MAX = 2 };
struct feeds {
    unsigned n, at;
    struct feed *list[FEEDS_MAX];
};
void feeds_woken(struct feeds *feeds);
bool feeds_next(struct feeds *feeds, const char **text, size_t *len);
/* Of the first feed that has one; with `ahead` above 0, of the same feed as the last. */
bool feeds_peek_block(struct feeds *feeds, unsigned ahead, const char **bytes, size_t *len, uint32_t *n);
void feeds_drop_block(struct feeds *feeds); /* the first one of that feed */
bool feeds_is_empty(const struct feeds *feeds);
uint64_t feeds_lost(const struct feeds *feeds);

#endif
