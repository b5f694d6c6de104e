/* Where the direct importer's entries come from: a feed's blocks, by way of the journal; and what the journal has of an
 * earlier process, or of a time when nothing could be folded.
 *
 * Entries of the journal come in their order. One that it can't take, or can't give back now, is `alone` in memory. */
#ifndef FLOWIMPORT_IMPORT_SUPPLY_H
#define FLOWIMPORT_IMPORT_SUPPLY_H

#include "base/clock.h"
#include "queue/feed.h"
#include "queue/journal.h"

struct supply {
    const struct clock *clock;
    struct feeds feeds;
    struct journal *journal; /* NULL: there is none */
    bool placed;             /* it is known how far the ledger has the journal's entries */
    bool foreign;            /* the journal's next entry is of another layout: nothing comes any more */
    /* the entry of supply_look() */
    const char *text;
    size_t len;
    int64_t now, number; /* as in journal_block; number 0: it is alone */

    /* its own */
    struct journal_place place;                /* of the next entry of the journal, but where its block is in hand */
    struct journal_block block;                /* in hand */
    uint32_t index;                            /* of the entry at `at` in it */
    const char *at, *end;                      /* NULL: no block is in hand */
    bool fed;                                  /* the block is the feed's, to be given back */
    struct journal_block ahead[JOURNAL_BATCH]; /* blocks of the feed, from the first on, that are in the journal, */
    unsigned n_ahead, at_ahead;                /* and those of them that were given back */
    uint64_t alone;                            /* entries that were in memory alone */
    uint64_t discarded;
};

/* Whether there is a next entry; it stays the next until supply_taken(). */
bool supply_look(struct supply *supply);
void supply_taken(struct supply *supply);
/* The place of the journal's next entry. */
struct journal_place supply_place(const struct supply *supply);
/* Entries of the journal come again from here; one that is alone and in hand comes first. */
void supply_rewind(struct supply *supply, struct journal_place place);
/* Nothing can be folded now: what is in the feeds goes to the journal, as far as it can. */
void supply_drain(struct supply *supply);
/* Nothing will be folded any more: the same, and what can't is dropped, so that who waits for room in a feed goes on.
 */
void supply_discard(struct supply *supply);
/* Whether what was not folded outlives the process: after supply_drain(). */
bool supply_is_safe(const struct supply *supply);
/* How many entries would be lost at the end of the process, but for those in feeds. */
uint64_t supply_left(const struct supply *supply);

void supply_show(const struct supply *supply, struct show *show);
void supply_problems(const struct supply *supply, struct buffer *out);

#endif
