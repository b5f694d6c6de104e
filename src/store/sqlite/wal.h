/* SQLite's write-ahead log, kept short beside readers that never pause.
 *
 * SQLite begins the log anew only when no reader has a part of it in use, and its own checkpoints do not wait for that:
 * where one query begins before the last one ends, the log grows for ever. A checkpoint that waits for the readers
 * there are is enough, for those that come meanwhile read the database alone. One long query can still hold the log. */
#ifndef FLOWIMPORT_STORE_SQLITE_WAL_H
#define FLOWIMPORT_STORE_SQLITE_WAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WAL_BOUND = 64 << 20, /* bytes of the log behind which a commit waits for readers, too, and the log file says so */
    WAL_KEPT = 4 << 20,   /* bytes that the file keeps when SQLite begins it anew by itself */
    WAL_IDLE_MS = 100,    /* how long readers are waited for in an idle moment, */
    WAL_BOUND_MS = 1000,  /* and behind a commit that crosses the bound */
    SQLITE_BUSY_MS = 10000, /* how long else: for another writer's transaction, before STORE_RETRY */
};

struct sqlite_wal {
    char *path;     /* of the log; NULL: a database in memory has none */
    uint64_t bound; /* WAL_BOUND, but in a test */
    bool told;      /* that a reader holds it */
};

/* The log of the connection's database; released with free(wal->path). */
void sqlite_wal_init(struct sqlite_wal *wal, sqlite3 *db);
/* Bytes of the file; 0 where there is none. */
uint64_t sqlite_wal_bytes(const struct sqlite_wal *wal);
/* Moves the log into the database and empties it, in an idle moment. */
void sqlite_wal_idle(struct sqlite_wal *wal, sqlite3 *db);
/* The same after a commit, where the log is longer than the bound. */
void sqlite_wal_committed(struct sqlite_wal *wal, sqlite3 *db);

#endif
