/* What has expired: the rules, the preview of a run, and the run itself where the server has no events. */
#include "store/retention/retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/settings.h"
#include "store/store_ops.h"

static uint64_t number(const char *text) { return text ? strtoull(text, NULL, 10) : 0; }

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = number(columns[0]);
    return 1;
}

/* The rules
 * ---------------------------------------------------------------------------------------------------------------- */

static const char *unit_divide(uint64_t *number, const uint64_t *units, const char *const *names, unsigned n) {
    unsigned i = 0;
    while (i + 1 < n && (*number == 0 || *number % units[i]))
        i++;
    *number /= units[i];
    return names[i];
}

static void time_show(uint64_t seconds, struct buffer *out) {
    static const uint64_t units[] = {365 * DAY_SECONDS, DAY_SECONDS, 3600, 1};
    static const char *const names[] = {"y", "d", "h", "s"};
    const char *name = unit_divide(&seconds, units, names, 4);
    buffer_printf(out, "%" PRIu64 "%s", seconds, name);
}

void retention_rules_show(const struct retention_rules *rules, struct buffer *out) {
    static const uint64_t units[] = {1ULL << 40, 1 << 30, 1 << 20, 1 << 10, 1};
    static const char *const names[] = {"T", "G", "M", "K", " bytes"};
    for (unsigned i = 0; i < rules->n; i++) {
        buffer_printf(out, "%s%" PRIu32 "=", i ? ", " : "", rules->sizes[i]);
        time_show((uint64_t)rules->keep[i], out);
    }
    if (rules->max_size) {
        uint64_t size = rules->max_size;
        const char *name = unit_divide(&size, units, names, 5);
        buffer_printf(out, "%sat most %" PRIu64 "%s", rules->n ? "; " : "", size, name);
    }
    if (retention_is_off(rules)) buffer_add_text(out, "everything is kept");
}

static int rule_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct retention_rules *rules = context;
    (void)n, (void)lengths;
    rules->sizes[rules->n] = (uint32_t)number(columns[0]);
    rules->keep[rules->n] = (int64_t)number(columns[1]);
    return ++rules->n == BUCKET_SIZES_MAX;
}

enum store_status retention_rules_read(struct store *store, struct retention_rules *rules, struct error *error) {
    int64_t max_size = -1;
    *rules = (struct retention_rules){0};
    /* A head's stores may keep a size for different times. */
    enum store_status status = store_query(store,
                                           "SELECT bucket_size, MIN(keep_seconds) FROM flowimport_retention "
                                           "GROUP BY bucket_size ORDER BY bucket_size",
                                           NULL, 0, rule_read, rules, error);
    if (status == STORE_OK) status = settings_number(store, "max_size", &max_size, error);
    rules->max_size = max_size > 0 ? (uint64_t)max_size : 0;
    return status;
}

bool retention_rules_equal(const struct retention_rules *one, const struct retention_rules *other) {
    if (one->n != other->n || one->max_size != other->max_size) return false;
    for (unsigned i = 0; i < one->n; i++) {
        unsigned j = 0;
        while (j < other->n && one->sizes[i] != other->sizes[j])
            j++;
        if (j == other->n || one->keep[i] != other->keep[j]) return false;
    }
    return true;
}

enum store_status retention_rules_write(struct store *store, const struct retention_rules *rules, bool *changed,
                                        struct error *error) {
    struct retention_rules before;
    char max_size[24];
    *changed = false;
    enum store_status status = retention_rules_read(store, &before, error);
    if (status != STORE_OK || retention_rules_equal(rules, &before)) return status;
    *changed = true;
    status = store_query(store, "DELETE FROM flowimport_retention", NULL, 0, NULL, NULL, error);
    for (unsigned i = 0; i < rules->n && status == STORE_OK; i++) {
        const struct store_param params[] = {store_integer(rules->sizes[i]), store_integer(rules->keep[i])};
        status = store_query(store, "INSERT INTO flowimport_retention (bucket_size, keep_seconds) VALUES (?, ?)",
                             params, 2, NULL, NULL, error);
    }
    snprintf(max_size, sizeof max_size, "%" PRIu64, rules->max_size);
    if (status == STORE_OK) status = settings_put(store, "max_size", rules->max_size ? max_size : NULL, error);
    return status;
}

struct last {
    int64_t at;
    bool failed;
};

static int last_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(struct last *)context = (struct last){(int64_t)number(columns[0]), columns[1] != NULL};
    return 1;
}

enum store_status retention_last(struct store *store, int64_t *at, bool *failed, struct error *error) {
    struct last last = {0};
    enum store_status status = store_query(store,
                                           "SELECT run_at, error FROM flowimport_retention_log WHERE what = 'run' "
                                           "ORDER BY run_at DESC, number DESC LIMIT 1",
                                           NULL, 0, last_read, &last, error);
    *at = last.at;
    *failed = last.failed;
    return status;
}

/* The first bucket that is kept. */
static uint32_t cutoff_of(const struct retention_rules *rules, uint32_t size, int64_t now) {
    for (unsigned i = 0; i < rules->n; i++)
        if (rules->sizes[i] == size && now - rules->keep[i] >= DAY_SECONDS) {
            int64_t end = now - rules->keep[i];
            return end - end % DAY_SECONDS < UINT32_MAX ? (uint32_t)(end - end % DAY_SECONDS)
                                                        : UINT32_MAX - UINT32_MAX % DAY_SECONDS;
        }
    return 0;
}

/* The preview
 * -------------------------------------------------------------------------------------------------------------- */

struct use { /* what one table holds of one day */
    unsigned table;
    uint32_t day; /* its begin, seconds */
    uint64_t rows, buckets, bytes;
};

struct uses {
    unsigned table; /* being read */
    unsigned n;
    struct use *uses;
};

static struct use *use_of(struct uses *uses, uint32_t day) {
    for (unsigned i = uses->n; i > 0 && uses->uses[i - 1].table == uses->table; i--)
        if (uses->uses[i - 1].day == day) return &uses->uses[i - 1];
    uses->uses = mem_realloc(uses->uses, uses->n + 1, sizeof uses->uses[0]);
    uses->uses[uses->n] = (struct use){.table = uses->table, .day = day};
    return &uses->uses[uses->n++];
}

/* day, rows, buckets */
static int rows_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct use *use = use_of(context, (uint32_t)number(columns[0]));
    (void)n, (void)lengths;
    use->rows = number(columns[1]);
    use->buckets = number(columns[2]);
    return 0;
}

/* end of the partition, bytes; of a common partition the bytes go with its last day */
static int partition_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    uint64_t end = number(columns[0]);
    (void)n, (void)lengths;
    if (end >= DAY_SECONDS && end <= UINT32_MAX)
        use_of(context, (uint32_t)end - DAY_SECONDS)->bytes = number(columns[1]);
    return 0;
}

/* SQLite knows what a table takes, but not which part of it is a day's: the same for each row. */
static void bytes_share(struct store *store, const struct table *table, struct uses *uses) {
    static const char size_sql[] = "SELECT SUM(pgsize) FROM dbstat WHERE name = ? OR name = ?";
    struct buffer sql = BUFFER_INIT;
    char index[64];
    uint64_t bytes = 0, rows = 0;
    struct error ignored; /* a library without dbstat */
    snprintf(index, sizeof index, "%s_id", table->name);
    const struct store_param names[] = {store_text(table->data), store_text(index)};
    buffer_printf(&sql, "SELECT COUNT(*) FROM %s", table->data);
    if (store_query(store, size_sql, names, 2, number_read, &bytes, &ignored) != STORE_OK ||
        store_query(store, sql.data, NULL, 0, number_read, &rows, &ignored) != STORE_OK)
        rows = 0;
    for (unsigned i = uses->n; i > 0 && uses->uses[i - 1].table == uses->table && rows > 0; i--)
        uses->uses[i - 1].bytes = (uint64_t)((double)bytes / (double)rows * (double)uses->uses[i - 1].rows);
    buffer_release(&sql);
}

/* Adds the table's days before `end`. */
static enum store_status table_use(struct store *store, const struct table *table, uint64_t end, struct uses *uses,
                                   struct error *error) {
    static const char partitions_sql[] =
        "SELECT partition_description, data_length + index_length FROM information_schema.partitions "
        "WHERE table_schema = DATABASE() AND table_name = ? AND (partition_name LIKE 'd%' "
        "OR table_rows > 0) AND CAST(partition_description AS UNSIGNED) <= ? ORDER BY partition_ordinal_position";
    const struct store_param params[] = {store_text(table->data), store_integer((int64_t)end)};
    bool is_mysql = store_dialect(store) == DIALECT_MYSQL;
    struct buffer sql = BUFFER_INIT;
    enum store_status status = STORE_OK;
    if (is_mysql) status = store_query(store, partitions_sql, params, 2, partition_read, uses, error);
    buffer_printf(
        &sql,
        "SELECT bucket - bucket %% %d AS day, COUNT(*), COUNT(DISTINCT bucket) FROM %s WHERE bucket < %" PRIu64
        " GROUP BY day ORDER BY day",
        DAY_SECONDS, table->data, end);
    if (status == STORE_OK) status = store_query(store, sql.data, NULL, 0, rows_read, uses, error);
    if (status == STORE_OK && !is_mysql) bytes_share(store, table, uses);
    buffer_release(&sql);
    return status;
}

/* Bytes that the tables take. */
static enum store_status size_read(struct store *store, uint64_t *size, struct error *error) {
    static const char *const sql[] = {
        [DIALECT_MYSQL] = "SELECT SUM(data_length + index_length) FROM information_schema.tables "
                          "WHERE table_schema = DATABASE() AND (table_name REGEXP '_data$' OR table_name = "
                          "'import_ledger')",
        [DIALECT_SQLITE] = "SELECT (p.page_count - f.freelist_count) * s.page_size "
                           "FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s",
    };
    return store_query(store, sql[store_dialect(store)], NULL, 0, number_read, size, error);
}

/* What its log takes beside them. */
static uint64_t log_size(struct store *store) { return store->ops->log_bytes ? store->ops->log_bytes(store) : 0; }

/* All sizes that there are, of roll-ups too; an all-time table has none. */
struct sizes {
    unsigned n;
    uint32_t list[SCHEMA_SIZES_MAX];
};

static struct sizes sizes_of(const struct schema *schema) {
    struct sizes sizes;
    sizes.n = schema_all_sizes(schema, sizes.list);
    return sizes;
}

/* n: none. */
static unsigned size_find(const struct sizes *sizes, uint32_t size) {
    unsigned i = 0;
    while (i < sizes->n && sizes->list[i] != size)
        i++;
    return i;
}

static unsigned size_index(const struct schema *schema, const struct use *use) {
    const struct sizes sizes = sizes_of(schema);
    return size_find(&sizes, schema->tables[use->table].bucket_size);
}

/* Raises the cutoffs, the oldest day first, until what is left is no more than max_size. */
static void cap_plan(const struct schema *schema, const struct uses *uses, uint64_t size, uint64_t max_size,
                     uint32_t *cutoffs) {
    for (;;) {
        uint32_t oldest = UINT32_MAX;
        uint64_t left = size;
        for (unsigned i = 0; i < uses->n; i++) {
            const struct use *use = &uses->uses[i];
            bool dropped = use->day < cutoffs[size_index(schema, use)];
            if (dropped) left -= use->bytes < left ? use->bytes : left;
            if (!dropped && use->day < oldest) oldest = use->day;
        }
        if (left <= max_size || oldest == UINT32_MAX) return;
        for (unsigned i = 0; i < uses->n; i++)
            if (uses->uses[i].day == oldest) cutoffs[size_index(schema, &uses->uses[i])] = oldest + DAY_SECONDS;
    }
}

static void drops_fill(const struct schema *schema, const struct uses *uses, const uint32_t *cutoffs,
                       struct retention_plan *plan) {
    for (unsigned i = 0; i < uses->n; i++) {
        const struct use *use = &uses->uses[i];
        const struct table *table = &schema->tables[use->table];
        if (use->rows == 0 || use->day >= cutoffs[size_index(schema, use)]) continue;
        if (plan->n == 0 || plan->drops[plan->n - 1].table != table)
            plan->drops[plan->n++] =
                (struct retention_drop){.table = table, .first = use->day, .cutoff = cutoffs[size_index(schema, use)]};
        struct retention_drop *drop = &plan->drops[plan->n - 1];
        if (use->day < drop->first) drop->first = use->day;
        drop->rows += use->rows;
        drop->buckets += use->buckets;
        drop->bytes += use->bytes;
    }
}

/* As a run does before it judges them. Fails for who may not run it, or where it is not installed: the sizes are then
 * those that the server knows. */
static void sizes_measure(struct store *store, int64_t now) {
    static const char *const sql[] = {"SET SESSION TRANSACTION READ WRITE", "CALL flowimport_retention_measure(?)",
                                      "SET SESSION TRANSACTION READ ONLY"};
    const struct store_param at = store_integer(now);
    struct error ignored;
    for (unsigned i = 0; i < 3; i++)
        if (i == 1 || store->read_only) (void)!store_query(store, sql[i], &at, i == 1, NULL, NULL, &ignored);
}

enum store_status retention_plan(struct store *store, const struct schema *schema, const struct retention_rules *rules,
                                 int64_t now, struct retention_plan *plan, struct error *error) {
    const struct sizes sizes = sizes_of(schema);
    uint32_t cutoffs[SCHEMA_SIZES_MAX];
    struct uses uses = {0};
    enum store_status status = STORE_OK;
    memset(plan, 0, sizeof *plan);
    for (unsigned i = 0; i < sizes.n; i++)
        cutoffs[i] = cutoff_of(rules, sizes.list[i], now);
    if (rules->max_size && store_dialect(store) == DIALECT_MYSQL) sizes_measure(store, now);
    for (unsigned i = 0; i < schema->n_tables && status == STORE_OK; i++) {
        uint32_t size = schema->tables[i].bucket_size;
        uint64_t end = rules->max_size ? (uint64_t)(now - now % DAY_SECONDS) : size ? cutoff_of(rules, size, now) : 0;
        uses.table = i;
        if (size && end) status = table_use(store, &schema->tables[i], end, &uses, error);
    }
    if (status == STORE_OK && rules->max_size) status = size_read(store, &plan->size, error);
    if (rules->max_size) plan->size += log_size(store);
    if (status == STORE_OK && rules->max_size) cap_plan(schema, &uses, plan->size, rules->max_size, cutoffs);
    if (status == STORE_OK) drops_fill(schema, &uses, cutoffs, plan);
    free(uses.uses);
    return status;
}

/* The run, in slices
 * ------------------------------------------------------------------------------------------------------- */

enum { LOG_RUN, LOG_SIZE, LOG_TABLES }; /* lines of a run, from its first on: its own, max_size's, the tables' */

/* Adds to a line of the run. */
static enum store_status log_add(struct store *store, const struct retention_run_state *run, unsigned line,
                                 const char *what, const char *object, uint64_t rows, const char *failure,
                                 struct error *error) {
    const struct store_param params[] = {
        store_integer(run->at), store_integer(run->line + line), store_text(what),
        store_text(object),     store_integer((int64_t)rows),    store_text(failure ? failure : "")};
    return store_query(store,
                       "INSERT INTO flowimport_retention_log (run_at, number, what, object, n_rows, bytes, error) "
                       "VALUES (?, ?, ?, ?, ?, 0, NULLIF(?, '')) ON CONFLICT (run_at, number) "
                       "DO UPDATE SET n_rows = n_rows + excluded.n_rows, error = excluded.error",
                       params, 6, NULL, NULL, error);
}

static enum store_status kept_put(struct store *store, uint32_t size, uint32_t cutoff, struct error *error) {
    char name[SCHEMA_NAME_MAX], value[16];
    snprintf(name, sizeof name, "size_%" PRIu32 "_expired", size);
    snprintf(value, sizeof value, "%" PRIu32, cutoff);
    return settings_put(store, name, value, error);
}

/* Deletes at most *left rows of buckets before the cutoff, and takes them off *left. */
static enum store_status rows_delete(struct store *store, const struct table *table, uint32_t cutoff,
                                     const struct retention_run_state *run, unsigned line, uint64_t *left,
                                     struct error *error) {
    struct buffer sql = BUFFER_INIT, keys = BUFFER_INIT;
    uint64_t n = 0;
    for (unsigned i = 0; i < table->n_keys; i++)
        buffer_printf(&keys, "%s%s", i ? ", " : "", table->keys[i].name);
    buffer_printf(&sql,
                  "DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE bucket < %" PRIu32 " ORDER BY bucket "
                  "LIMIT %" PRIu64 ")",
                  table->data, keys.data, keys.data, table->data, cutoff, *left);
    enum store_status status = store_query(store, sql.data, NULL, 0, NULL, NULL, error);
    if (status == STORE_OK) status = store_query(store, "SELECT changes()", NULL, 0, number_read, &n, error);
    if (status == STORE_OK && n > 0) status = log_add(store, run, line, "drop", table->data, n, NULL, error);
    *left -= n < *left ? n : *left;
    buffer_release(&sql);
    buffer_release(&keys);
    return status;
}

/* The oldest day of any size before today expires for the sizes that have it. *found: there is one. */
static enum store_status oldest_expire(struct store *store, const struct schema *schema, int64_t at, bool *found,
                                       struct error *error) {
    const struct sizes sizes = sizes_of(schema);
    uint32_t firsts[SCHEMA_SIZES_MAX], oldest = (uint32_t)(at - at % DAY_SECONDS);
    enum store_status status = STORE_OK;
    *found = false;
    for (unsigned i = 0; i < sizes.n; i++)
        firsts[i] = UINT32_MAX - UINT32_MAX % DAY_SECONDS;
    for (unsigned i = 0; i < schema->n_tables && status == STORE_OK; i++) {
        const struct table *table = &schema->tables[i];
        unsigned size = size_find(&sizes, table->bucket_size);
        char sql[128];
        uint64_t first = UINT32_MAX;
        if (table->kind != TABLE_AGGR && table->kind != TABLE_ROLLUP) continue;
        snprintf(sql, sizeof sql, "SELECT bucket FROM %s ORDER BY bucket LIMIT 1", table->data);
        status = store_query(store, sql, NULL, 0, number_read, &first, error);
        first -= first % DAY_SECONDS;
        if (first < firsts[size]) firsts[size] = (uint32_t)first;
        if (first < oldest) oldest = (uint32_t)first;
    }
    for (unsigned i = 0; i < sizes.n && status == STORE_OK; i++) {
        if (firsts[i] != oldest || oldest >= at - at % DAY_SECONDS) continue;
        *found = true;
        status = kept_put(store, sizes.list[i], oldest + DAY_SECONDS, error);
    }
    return status;
}

static enum store_status cap_apply(struct store *store, const struct schema *schema, uint64_t max_size,
                                   const struct retention_run_state *run, bool *more, struct error *error) {
    char text[160];
    uint64_t size = 0;
    enum store_status status = size_read(store, &size, error);
    size += run->log;
    if (status != STORE_OK || size <= max_size) return status;
    status = oldest_expire(store, schema, run->at, more, error);
    if (status != STORE_OK || *more) return status;
    snprintf(text, sizeof text,
             "the tables take %" PRIu64 " bytes of %" PRIu64
             ", and no full day is left to drop: raise max_size, or use larger bucket sizes",
             size, max_size);
    return log_add(store, run, LOG_SIZE, "error", "max_size", 0, text, error);
}

/* The run's own line: until its end it says that it was broken off. */
static enum store_status log_begin(struct store *store, struct retention_run_state *run, struct error *error) {
    const struct store_param at = store_integer(run->at);
    uint64_t last = 0;
    enum store_status status = STORE_OK;
    if (run->line == 0)
        status = store_query(store, "SELECT MAX(number) FROM flowimport_retention_log WHERE run_at = ?", &at, 1,
                             number_read, &last, error);
    if (run->line == 0) run->line = (int64_t)last + 1;
    return status == STORE_OK ? log_add(store, run, LOG_RUN, "run", "run", 0, "it was broken off", error) : status;
}

static enum store_status log_end(struct store *store, const struct retention_run_state *run, struct error *error) {
    const struct store_param old = store_integer(run->at - (int64_t)RETENTION_LOG_DAYS * DAY_SECONDS);
    enum store_status status = log_add(store, run, LOG_RUN, "run", "run", 0, NULL, error);
    if (status != STORE_OK) return status;
    return store_query(store, "DELETE FROM flowimport_retention_log WHERE run_at < ?", &old, 1, NULL, NULL, error);
}

/* From when on each size is kept: what the store says, or what the rules say now, and then the store too. */
static enum store_status kept_raise(struct store *store, const struct schema *schema,
                                    const struct retention_rules *rules, int64_t at, uint32_t *kept,
                                    struct error *error) {
    const struct sizes sizes = sizes_of(schema);
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < sizes.n && status == STORE_OK; i++) {
        uint32_t whole, cutoff = cutoff_of(rules, sizes.list[i], at);
        status = settings_size(store, sizes.list[i], &whole, &kept[i], error);
        if (status != STORE_OK || cutoff <= kept[i]) continue;
        kept[i] = cutoff;
        status = kept_put(store, sizes.list[i], cutoff, error);
    }
    return status;
}

/* What is known to be lost is kept as long as the size that is kept longest. */
static enum store_status loss_expire(struct store *store, const struct schema *schema, const uint32_t *kept,
                                     struct error *error) {
    const struct sizes sizes = sizes_of(schema);
    uint32_t first = UINT32_MAX;
    for (unsigned i = 0; i < sizes.n; i++)
        if (kept[i] < first) first = kept[i];
    const struct store_param cutoff = store_integer(first);
    return store_query(store, "DELETE FROM loss WHERE bucket < ?", &cutoff, 1, NULL, NULL, error);
}

static enum store_status slice_run(struct store *store, const struct schema *schema,
                                   const struct retention_rules *rules, struct retention_run_state *run, uint64_t left,
                                   bool *more, struct error *error) {
    uint64_t limit = left;
    bool changed;
    const struct sizes sizes = sizes_of(schema);
    uint32_t kept[SCHEMA_SIZES_MAX];
    enum store_status status = retention_rules_write(store, rules, &changed, error);
    if (status == STORE_OK) status = log_begin(store, run, error);
    if (status == STORE_OK) status = kept_raise(store, schema, rules, run->at, kept, error);
    for (unsigned i = 0; i < schema->n_tables && left > 0 && status == STORE_OK; i++) {
        unsigned size = size_find(&sizes, schema->tables[i].bucket_size);
        if (size < sizes.n && kept[size] > 0) /* an all-time table has no size */
            status = rows_delete(store, &schema->tables[i], kept[size], run, LOG_TABLES + i, &left, error);
    }
    *more = left < limit; /* what max_size says is looked at when nothing else has expired */
    if (status == STORE_OK && !*more && rules->max_size)
        status = cap_apply(store, schema, rules->max_size, run, more, error);
    if (status == STORE_OK && !*more) status = loss_expire(store, schema, kept, error);
    return status == STORE_OK && !*more ? log_end(store, run, error) : status;
}

enum store_status retention_slice(struct store *store, const struct schema *schema, const struct retention_rules *rules,
                                  struct retention_run_state *run, unsigned limit, bool *more, struct error *error) {
    *more = false;
    store_idle(store);
    if (run->line == 0) run->log = log_size(store); /* not what the run itself adds */
    enum store_status status = store_query(store, "BEGIN IMMEDIATE", NULL, 0, NULL, NULL, error);
    if (status != STORE_OK) return status;
    status = slice_run(store, schema, rules, run, limit, more, error);
    if (status == STORE_OK) status = store_query(store, "COMMIT", NULL, 0, NULL, NULL, error);
    if (status != STORE_OK) store->ops->rollback(store);
    return status;
}
