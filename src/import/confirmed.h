/* Whether the store still has the generations that it has confirmed. Their entries have left Redis: a replica that took
 * over before it had them, or a database restored from a backup, has lost them.
 *
 * Looked at behind the first commit on a new connection. What is missing then may be on its way still, where a server
 * that took over applies what it has received: so it is believed when it is missing in a second look. */
#ifndef FLOWIMPORT_IMPORT_CONFIRMED_H
#define FLOWIMPORT_IMPORT_CONFIRMED_H

#include "store/store.h"

enum {
    CONFIRMED_MOST = 64,    /* generations that are remembered, the last ones */
    CONFIRMED_PATIENCE = 5, /* seconds between the two looks */
};

struct confirmed_generation {
    struct generation_id id;
    uint64_t entries;
};

struct confirmed {                                     /* begins as {0}; the writer thread's own */
    struct confirmed_generation last[CONFIRMED_MOST];  /* a ring */
    uint64_t n;                                        /* added to it; the last CONFIRMED_MOST of them are there */
    uint64_t connection;                               /* by which they were confirmed */
    struct confirmed_generation doubt[CONFIRMED_MOST]; /* missing in the first look; the newest first */
    unsigned n_doubt;
    int64_t doubt_at;
};

struct confirmed_missing {
    unsigned generations; /* CONFIRMED_MOST: that, or more */
    uint64_t entries;
    struct generation_id first; /* the oldest */
};

/* Behind each commit, with store_connections(): looks for the others where the connection is new, and remembers it.
 * Where the store does not answer, the next commit looks again. */
void confirmed_add(struct confirmed *confirmed, struct store *store, const struct ledger_row *ledger, int64_t now);
/* Seconds until the second look: 0: now; -1: there is none. */
int64_t confirmed_wait(const struct confirmed *confirmed, int64_t now);
/* The second look. Returns whether any are missing; each is reported once. Where the store does not answer, there is
 * another look later. */
bool confirmed_look(struct confirmed *confirmed, struct store *store, int64_t now, struct confirmed_missing *missing);

#endif
