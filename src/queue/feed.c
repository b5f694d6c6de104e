/* The ring. Blocks [taken, given) are the reader's, the one at `given` is being filled, the rest is free; a block holds
 * entries as length (4 bytes) and text. */
#include "queue/feed.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct block {
    uint32_t len, n;
    char data[FEED_BLOCK];
};

enum {
    APART = 128,     /* bytes: what each side writes for every entry is in no cache line that the other reads */
    WAKE_BLOCKS = 4, /* full blocks for which the reader is woken, where no feed_flush comes first */
};

/* Blocks so far: only the writer moves `given`, only the reader `taken`. Each looks at the other's once in a block. */
struct feed {
    struct block *blocks;
    int fd;
    char before_writer[APART];
    _Atomic uint64_t given;
    _Atomic uint64_t lost;
    uint32_t filled, n; /* bytes and entries of the writer's block */
    unsigned silent;    /* blocks given since the reader was last woken */
    bool is_free;       /* the writer's block is known not to be the reader's */
    char before_reader[APART];
    _Atomic uint64_t taken;
    uint32_t at, end; /* of the reader's block; `end` is 0 where it has none */
};

struct feed *feed_new(struct error *error) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        error_set(error, "eventfd: %s", strerror(errno));
        return NULL;
    }
    struct feed *feed = mem_zalloc(1, sizeof *feed);
    feed->blocks = mem_alloc(FEED_BLOCKS * sizeof feed->blocks[0]);
    feed->fd = fd;
    return feed;
}

void feed_free(struct feed *feed) {
    if (!feed) return;
    close(feed->fd);
    free(feed->blocks);
    free(feed);
}

static void block_give(struct feed *feed) {
    uint64_t given = atomic_load_explicit(&feed->given, memory_order_relaxed);
    if (feed->filled == 0) return;
    feed->blocks[given % FEED_BLOCKS].len = feed->filled;
    feed->blocks[given % FEED_BLOCKS].n = feed->n;
    feed->filled = feed->n = 0;
    feed->is_free = false;
    atomic_store_explicit(&feed->given, given + 1, memory_order_release);
    feed->silent++;
}

static void reader_wake(struct feed *feed) {
    uint64_t one = 1;
    feed->silent = 0;
    /* It can only fail where the reader has not looked for 2^64 - 1 blocks. */
    if (write(feed->fd, &one, sizeof one) < 0) return;
}

void feed_flush(struct feed *feed) {
    block_give(feed);
    if (feed->silent > 0) reader_wake(feed);
}

bool feed_has_room(const struct feed *feed, size_t len) {
    uint64_t given =
        atomic_load_explicit(&feed->given, memory_order_relaxed) + (feed->filled + sizeof(uint32_t) + len > FEED_BLOCK);
    return given - atomic_load_explicit(&feed->taken, memory_order_acquire) < FEED_BLOCKS;
}

bool feed_has_blocks(const struct feed *feed, unsigned n) {
    uint64_t given = atomic_load_explicit(&feed->given, memory_order_relaxed);
    return given - atomic_load_explicit(&feed->taken, memory_order_acquire) + n <= FEED_BLOCKS;
}

char *feed_begin(struct feed *feed, size_t len) {
    if (feed->filled + sizeof(uint32_t) + len > FEED_BLOCK) {
        block_give(feed);
        if (feed->silent >= WAKE_BLOCKS) reader_wake(feed);
    }
    uint64_t given = atomic_load_explicit(&feed->given, memory_order_relaxed);
    if (!feed->is_free) feed->is_free = given - atomic_load_explicit(&feed->taken, memory_order_acquire) < FEED_BLOCKS;
    if (len > FEED_ENTRY_MAX || !feed->is_free) {
        atomic_fetch_add_explicit(&feed->lost, 1, memory_order_relaxed);
        return NULL;
    }
    return feed->blocks[given % FEED_BLOCKS].data + feed->filled + sizeof(uint32_t);
}

void feed_end(struct feed *feed, size_t len) {
    uint64_t given = atomic_load_explicit(&feed->given, memory_order_relaxed);
    uint32_t head = (uint32_t)len;
    memcpy(feed->blocks[given % FEED_BLOCKS].data + feed->filled, &head, sizeof head);
    feed->filled += (uint32_t)(sizeof head + len);
    feed->n++;
}

void feed_put(struct feed *feed, const char *text, size_t len) {
    char *to = feed_begin(feed, len);
    if (!to) return;
    memcpy(to, text, len);
    feed_end(feed, len);
}

int feed_fd(const struct feed *feed) { return feed->fd; }

void feed_woken(struct feed *feed) {
    uint64_t count;
    if (read(feed->fd, &count, sizeof count) < 0) return; /* nothing was there: fine */
}

/* The next block; the one before is the writer's again. */
static bool block_next(struct feed *feed) {
    uint64_t taken = atomic_load_explicit(&feed->taken, memory_order_relaxed);
    if (feed->end > 0) atomic_store_explicit(&feed->taken, ++taken, memory_order_release);
    feed->at = feed->end = 0;
    if (taken == atomic_load_explicit(&feed->given, memory_order_acquire)) return false;
    feed->end = feed->blocks[taken % FEED_BLOCKS].len;
    return true;
}

bool feed_next(struct feed *feed, const char **text, size_t *len) {
    uint32_t head;
    if (feed->at == feed->end && !block_next(feed)) return false;
    uint64_t taken = atomic_load_explicit(&feed->taken, memory_order_relaxed);
    const char *from = feed->blocks[taken % FEED_BLOCKS].data + feed->at;
    memcpy(&head, from, sizeof head);
    *text = from + sizeof head;
    *len = head;
    feed->at += (uint32_t)sizeof head + head;
    return true;
}

bool feed_peek_block(const struct feed *feed, unsigned ahead, const char **bytes, size_t *len, uint32_t *n) {
    uint64_t at = atomic_load_explicit(&feed->taken, memory_order_relaxed) + ahead;
    if (at >= atomic_load_explicit(&feed->given, memory_order_acquire)) return false;
    const struct block *block = &feed->blocks[at % FEED_BLOCKS];
    *bytes = block->data;
    *len = block->len;
    *n = block->n;
    return true;
}

void feed_drop_block(struct feed *feed) {
    uint64_t taken = atomic_load_explicit(&feed->taken, memory_order_relaxed);
    atomic_store_explicit(&feed->taken, taken + 1, memory_order_release);
}

bool feed_is_empty(const struct feed *feed) {
    return atomic_load_explicit(&feed->taken, memory_order_relaxed) ==
           atomic_load_explicit(&feed->given, memory_order_acquire);
}

uint64_t feed_lost(const struct feed *feed) { return atomic_load_explicit(&feed->lost, memory_order_relaxed); }

void feeds_woken(struct feeds *feeds) {
    for (unsigned i = 0; i < feeds->n; i++)
        feed_woken(feeds->list[i]);
}

/* One feed until it is empty, then the next: what came to one at a time stays together. */
bool feeds_next(struct feeds *feeds, const char **text, size_t *len) {
    for (unsigned i = 0; i < feeds->n; i++) {
        if (feed_next(feeds->list[feeds->at], text, len)) return true;
        feeds->at = (feeds->at + 1) % feeds->n;
    }
    return false;
}

bool feeds_peek_block(struct feeds *feeds, unsigned ahead, const char **bytes, size_t *len, uint32_t *n) {
    for (unsigned i = 0; i < (ahead ? 1 : feeds->n); i++) {
        if (feed_peek_block(feeds->list[feeds->at], ahead, bytes, len, n)) return true;
        if (!ahead) feeds->at = (feeds->at + 1) % feeds->n;
    }
    return false;
}

void feeds_drop_block(struct feeds *feeds) { feed_drop_block(feeds->list[feeds->at]); }

bool feeds_is_empty(const struct feeds *feeds) {
    for (unsigned i = 0; i < feeds->n; i++)
        if (!feed_is_empty(feeds->list[i])) return false;
    return true;
}

uint64_t feeds_lost(const struct feeds *feeds) {
    uint64_t lost = 0;
    for (unsigned i = 0; i < feeds->n; i++)
        lost += feed_lost(feeds->list[i]);
    return lost;
}
