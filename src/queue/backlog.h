/* Entries in memory, in order: not sent yet, or sent and not confirmed. */
#ifndef FLOWIMPORT_QUEUE_BACKLOG_H
#define FLOWIMPORT_QUEUE_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog { /* one entry behind the other: struct backlog_head, text */
    char *data;  /* twice max_bytes, so that its contents are seldom moved to the front */
    size_t max_bytes;
    size_t begin, end; /* what is there */
    size_t unsent;     /* the first one that is not sent yet */
    uint64_t n;        /* entries */
};

struct backlog_head {
    uint64_t position;
    uint32_t len;
};

void backlog_init(struct backlog *backlog, size_t max_bytes);
void backlog_release(struct backlog *backlog);
size_t backlog_bytes(const struct backlog *backlog);

/* false: no room. */
bool backlog_add(struct backlog *backlog, uint64_t position, const char *text, size_t len)
    __attribute__((warn_unused_result));
/* The entry at a place in [begin, end), its text borrowed; the place of the one behind it in *next. */
struct backlog_head backlog_at(const struct backlog *backlog, size_t at, const char **text, size_t *next);
/* The next entries to be sent, at most n_max and about `bytes` of them; from then on they are sent. *last is the last
 * one's position. Returns how many. Borrowed until the next backlog_add or backlog_drop. */
size_t backlog_send(struct backlog *backlog, const char **texts, size_t *lens, size_t n_max, size_t bytes,
                    uint64_t *last);
/* All is to be sent again. */
void backlog_unsend(struct backlog *backlog);
/* Adds to all positions. */
void backlog_renumber(struct backlog *backlog, uint64_t more);
/* Drops what has a position up to this one. */
void backlog_drop(struct backlog *backlog, uint64_t position);

#endif
