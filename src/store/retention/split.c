/* Common partitions into those of days: one after the other, table by table. */
#include "store/retention/split.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/mysql/partition_list.h"

enum {
    LOCK_SECONDS = 10, /* that a run of retention is waited for */
    WAIT_SECONDS = 5,  /* that a statement waits for the table's readers and writers, while later ones wait behind it */
    TRIES = 12,
};

struct splitting {
    struct store *store;
    bool dry_run;
    split_fn *each;
    void *context;
    struct error *error;
    /* The table under way. */
    const char *table;
    struct partition_list list;
    uint64_t done; /* partitions that end here or before need no more */
    /* The days of the partition under way. */
    uint32_t *days;
    unsigned n_days;
    uint64_t rows;
};

static enum store_status run(struct splitting *splitting, const char *sql) {
    return store_query(splitting->store, sql, NULL, 0, NULL, NULL, splitting->error);
}

static int day_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct splitting *splitting = context;
    (void)n, (void)lengths;
    splitting->days[splitting->n_days++] = (uint32_t)strtoul(columns[0], NULL, 10);
    splitting->rows += strtoull(columns[1], NULL, 10);
    return splitting->n_days == PARTITION_DAYS;
}

static enum store_status days_read(struct splitting *splitting, const struct partition *partition, uint64_t start) {
    char sql[256];
    splitting->n_days = 0;
    splitting->rows = 0;
    snprintf(sql, sizeof sql, "SELECT bucket DIV %d AS day, COUNT(*) FROM %s PARTITION (%s) GROUP BY day ORDER BY day",
             DAY_SECONDS, splitting->table, partition->name);
    enum store_status status = store_query(splitting->store, sql, NULL, 0, day_row, splitting, splitting->error);
    splitting->n_days = partition_common_days(partition, start, splitting->days, splitting->n_days);
    return status;
}

/* The first partition behind `done` that days have in common; the list's n: there is none. */
static enum store_status common_find(struct splitting *splitting, unsigned *found) {
    const struct partition *partitions = splitting->list.partitions;
    unsigned i = 0;
    enum store_status status = STORE_OK;
    for (; i < splitting->list.n; i++) {
        uint64_t start = i ? partitions[i - 1].end : 0;
        if (partitions[i].end <= splitting->done || partitions[i].end - start <= DAY_SECONDS) continue;
        status = days_read(splitting, &partitions[i], start);
        if (status != STORE_OK || splitting->n_days > 0) break;
        splitting->done = partitions[i].end;
    }
    *found = i;
    return status;
}

/* The next statement of the table, or what it would be. *more: there may be others. */
static enum store_status step_run(struct splitting *splitting, bool *more) {
    const struct store_param name = store_text(splitting->table);
    struct buffer sql = BUFFER_INIT;
    unsigned at;
    partition_list_release(&splitting->list);
    enum store_status status = store_query(splitting->store, partition_list_sql, &name, 1, partition_list_row,
                                           &splitting->list, splitting->error);
    if (status == STORE_OK) status = common_find(splitting, &at);
    *more = status == STORE_OK && at < splitting->list.n;
    if (!*more) return status;
    const struct partition *partition = &splitting->list.partitions[at];
    struct split_step step = {.table = splitting->table,
                              .days = splitting->n_days,
                              .rows = splitting->rows,
                              .split = partition_split_next(splitting->list.n, splitting->n_days),
                              .partitions = splitting->list.n};
    snprintf(step.partition, sizeof step.partition, "%s", partition->name);
    if (splitting->dry_run) splitting->done = partition->end;
    if (step.split > 0 && !splitting->dry_run) {
        partition_plan(splitting->table, splitting->list.partitions, splitting->list.n, splitting->days, step.split,
                       splitting->days[step.split - 1], &sql);
        status = run(splitting, sql.data); /* it is one */
    }
    if (status == STORE_OK) splitting->each(splitting->context, &step);
    if (step.split == 0 && !splitting->dry_run) *more = false;
    buffer_release(&sql);
    return status;
}

/* Importers that make partitions meanwhile, and readers, are reasons to look again. */
static enum store_status table_split(struct splitting *splitting, const char *table) {
    enum store_status status = STORE_OK;
    bool more = true;
    splitting->table = table;
    splitting->done = 0;
    for (unsigned tries = 0; more || status != STORE_OK;) {
        status = step_run(splitting, &more);
        tries = status == STORE_OK ? 0 : tries + 1;
        if (tries == TRIES) break;
    }
    return status;
}

static int lock_row(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(bool *)context = columns[0] && columns[0][0] == '1';
    return 1;
}

/* That of a run of retention. */
static enum store_status lock_take(struct splitting *splitting) {
    char sql[128];
    bool taken = false;
    snprintf(sql, sizeof sql, "SELECT GET_LOCK(LEFT(CONCAT('flowimport.', DATABASE()), 64), %d)", LOCK_SECONDS);
    enum store_status status = store_query(splitting->store, sql, NULL, 0, lock_row, &taken, splitting->error);
    if (status != STORE_OK || taken) return status;
    error_set(splitting->error, "%s: retention is running: try again later", store_name(splitting->store));
    return STORE_RETRY;
}

enum store_status retention_split(struct store *store, const struct schema *schema, bool dry_run, split_fn *each,
                                  void *context, struct error *error) {
    struct splitting splitting = {.store = store, .dry_run = dry_run, .each = each, .context = context, .error = error};
    char wait[64];
    snprintf(wait, sizeof wait, "SET SESSION lock_wait_timeout = %d", WAIT_SECONDS);
    enum store_status status = dry_run ? STORE_OK : lock_take(&splitting);
    if (status == STORE_OK && !dry_run) status = run(&splitting, wait);
    splitting.days = mem_alloc(PARTITION_DAYS * sizeof splitting.days[0]);
    for (unsigned i = 0; i < schema->n_tables && status == STORE_OK; i++)
        if (schema->tables[i].bucket_size) status = table_split(&splitting, schema->tables[i].data);
    partition_list_release(&splitting.list);
    free(splitting.days);
    return status;
}
