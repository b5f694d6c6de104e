/* SQLite's write-ahead log is emptied in idle moments and behind commits that make it too long. */
#include "store/sqlite/wal.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"

void sqlite_wal_init(struct sqlite_wal *wal, sqlite3 *db) {
    const char *file = sqlite3_db_filename(db, "main");
    *wal = (struct sqlite_wal){.bound = WAL_BOUND};
    if (file && *file) wal->path = mem_printf("%s-wal", file);
}

uint64_t sqlite_wal_bytes(const struct sqlite_wal *wal) {
    struct stat status;
    return wal->path && stat(wal->path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void empty(struct sqlite_wal *wal, sqlite3 *db, int wait_ms) {
    sqlite3_busy_timeout(db, wait_ms);
    int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(db, SQLITE_BUSY_MS);
    uint64_t bytes = sqlite_wal_bytes(wal);
    if (bytes > wal->bound && !wal->told)
        log_warning("store",
                    "%s: the write-ahead log has grown to %" PRIu64
                    " MiB and can't be emptied: %s; it shrinks when the longest query on this database ends",
                    wal->path, bytes >> 20, code == SQLITE_BUSY ? "a reader uses it" : sqlite3_errmsg(db));
    wal->told = bytes > wal->bound;
}

void sqlite_wal_idle(struct sqlite_wal *wal, sqlite3 *db) {
    if (sqlite_wal_bytes(wal) > 0) empty(wal, db, WAL_IDLE_MS);
}

void sqlite_wal_committed(struct sqlite_wal *wal, sqlite3 *db) {
    if (sqlite_wal_bytes(wal) > wal->bound) empty(wal, db, wal->told ? 0 : WAL_BOUND_MS);
}
