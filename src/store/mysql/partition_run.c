/* Making the days' partitions before a transaction, for ALTER TABLE commits whatever is under way. */
#include "store/mysql/partition_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/mysql/connection.h"
#include "store/mysql/mysql_query.h"
#include "store/mysql/partition_list.h"

enum { TRIES = 8 }; /* each failure means that another consumer has made partitions of the same table */

static int count_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = columns[0] ? strtoull(columns[0], NULL, 10) : 0;
    return 0;
}

/* Days the table's buckets begin in that have no partition yet, ascending. */
static unsigned days_missing(const struct table *table, const struct mysql_table *known, const uint32_t *buckets,
                             unsigned n, uint32_t *days) {
    struct partition_set wanted = {{0}};
    unsigned n_days = 0;
    for (unsigned i = 0; i < n; i++) {
        partition_set_add(&wanted, buckets[i] / DAY_SECONDS);
        partition_set_add(&wanted, (buckets[i] - buckets[i] % table->bucket_size) / DAY_SECONDS);
    }
    for (uint32_t day = 0; day < PARTITION_DAYS; day++)
        if (partition_set_has(&wanted, day) && !partition_set_has(&known->days, day)) days[n_days++] = day;
    return n_days;
}

/* The errors of a statement that another consumer was faster with; whatever it did is seen by reading again. In
 * numbers, for MySQL's and MariaDB's headers name them differently. */
static bool is_race(unsigned code) {
    static const unsigned races[] = {
        1412, /* the table's definition has changed */
        1493, /* ADD: there is a later one by now */
        1507, /* REORGANIZE: the gap is split already */
        1516, /* the same */
        1517, /* ADD, REORGANIZE: the name is there already */
        1519, /* REORGANIZE: no longer consecutive */
        1520, /* REORGANIZE: no longer the same range */
        1735, /* the rows of a partition were asked for that was split since */
    };
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++)
        if (races[i] == code) return true;
    return false;
}

/* Runs the statements of a plan. *again: another consumer was faster. */
static enum store_status plan_run(struct mysql_store *store, const char *table, char *sql, bool *again,
                                  struct error *error) {
    *again = false;
    for (char *end; (end = strstr(sql, ";\n")); sql = end + 2) {
        if (mysql_real_query(store->mysql, sql, (unsigned long)(end - sql)) == 0) continue;
        *again = is_race(mysql_errno(store->mysql));
        enum store_status status = mysql_failed(store, table, error);
        return *again ? STORE_OK : status;
    }
    return STORE_OK;
}

/* Marks the partitions that would have to be split for the days, and are full. */
static enum store_status full_mark(struct mysql_store *store, const char *table, struct partition_list *listing,
                                   const uint32_t *days, unsigned n, struct error *error) {
    enum store_status status = STORE_OK;
    for (unsigned i = 0, last = listing->n; i < n && status == STORE_OK; i++) {
        char sql[256];
        uint64_t rows = 0;
        unsigned at = partition_of(listing->partitions, listing->n, days[i]);
        if (at == listing->n || at == last) continue;
        last = at;
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM (SELECT 1 FROM %s PARTITION (%s) LIMIT %d) counted", table,
                 listing->partitions[at].name, PARTITION_COPY_ROWS + 1);
        status = mysql_store_query(&store->base, sql, NULL, 0, count_read, &rows, error);
        listing->partitions[at].full = rows > PARTITION_COPY_ROWS;
    }
    return status;
}

/* One try to make what the days (ascending, none known) require. *again: another consumer was faster. */
static enum store_status days_make(struct mysql_store *store, const char *table, struct partition_list *listing,
                                   uint32_t today, const uint32_t *days, unsigned n, bool *again, struct error *error) {
    struct buffer sql = BUFFER_INIT;
    unsigned first, n_chosen = partition_choose(listing->n, days, n, today, &first);
    enum store_status status = full_mark(store, table, listing, days + first, n_chosen, error);
    if (status != STORE_OK && store->mysql && is_race(mysql_errno(store->mysql))) {
        *again = true;
        return STORE_OK;
    }
    if (status == STORE_OK) {
        partition_plan(table, listing->partitions, listing->n, days + first, n_chosen, days[n - 1], &sql);
        if (sql.len > 0) status = plan_run(store, table, sql.data, again, error);
    }
    buffer_release(&sql);
    return status;
}

static enum store_status table_ensure(struct mysql_store *store, const struct table *table, uint32_t today,
                                      const uint32_t *buckets, unsigned n, struct error *error) {
    struct mysql_table *known = &store->tables[table_number(store->base.schema, table)];
    struct store_param param = {.type = STORE_PARAM_TEXT, .bytes = table->data, .len = strlen(table->data)};
    uint32_t *days = NULL;
    enum store_status status = STORE_OK;
    bool again = true;
    for (unsigned try = 0; again && status == STORE_OK && !known->is_plain; try++) {
        struct partition_list listing = {0};
        if (!days) days = mem_alloc(PARTITION_DAYS * sizeof days[0]);
        unsigned n_days = days_missing(table, known, buckets, n, days);
        again = false;
        if (n_days == 0) break;
        status = mysql_store_query(&store->base, partition_list_sql, &param, 1, partition_list_row, &listing, error);
        if (status == STORE_OK) {
            known->is_plain = listing.n == 0;
            partition_known(listing.partitions, listing.n, &known->days);
            n_days = days_missing(table, known, buckets, n, days);
        }
        if (status == STORE_OK && n_days > 0 && !known->is_plain)
            status = days_make(store, table->data, &listing, today, days, n_days, &again, error);
        if (status == STORE_OK && again && try == TRIES) status = STORE_RETRY; /* with the last try's error */
        for (unsigned i = 0; i < n_days && status == STORE_OK && !again; i++)
            partition_set_add(&known->days, days[i]); /* in a partition of their own, or in a common one for good */
        partition_list_release(&listing);
    }
    free(days);
    return status;
}

enum store_status mysql_partition_ensure(struct mysql_store *store, int64_t now, const uint32_t *buckets, unsigned n,
                                         struct error *error) {
    const struct schema *schema = store->base.schema;
    uint32_t today = now < 0 ? 0 : now > UINT32_MAX ? PARTITION_DAYS - 1 : (uint32_t)(now / DAY_SECONDS);
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < schema->n_tables && status == STORE_OK; i++)
        if (schema->tables[i].bucket_size) status = table_ensure(store, &schema->tables[i], today, buckets, n, error);
    return status;
}
