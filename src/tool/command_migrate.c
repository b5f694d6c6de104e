/* flowimport migrate: flow-inspector's database into ours, table by table, in chunks that a later run goes on behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/migration.h"
#include "flow/sum.h"
#include "tool/commands.h"
#include "tool/chunks.h"
#include "tool/progress.h"
#include "tool/source.h"
#include "store/rollup.h"
#include "store/settings.h"

enum {
    REPORTED_MAX = 10, /* rows not taken that are shown one by one */
};

struct migrate {
    const struct command_call *call;
    struct store *source, *store;
    struct migration migration;
    int64_t now;
    struct ledger_row sum; /* of all tables */
    /* the table under way */
    const struct migration_table *table;
    char name[32];
    struct chunks chunks;
    uint32_t bucket;
    int64_t taken;     /* rows of the bucket that have been folded, by this run or an earlier one */
    int64_t row;       /* of the bucket, in this reading of it */
    int64_t rows;      /* of the table */
    uint64_t reported; /* rejected rows, of all tables */
    int code;
};

/* --- where from --- */

static int count_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(int64_t *)context = columns[0] ? strtoll(columns[0], NULL, 10) : -1;
    return 1;
}

/* What the rows were for may have failed meanwhile. */
static bool ask_again(const struct migrate *migrate, enum store_status status, struct source_tries *tries,
                      const struct error *error) {
    return migrate->code == EXIT_DONE && source_again(migrate->call, "migrate", status, tries, error);
}

/* Asked again, the rows come from the first on. */
static enum store_status source_ask(struct migrate *migrate, const char *sql, const struct store_param *params,
                                    unsigned n_params, store_row_fn *row, void *context, struct error *error) {
    struct source_tries tries = {0};
    enum store_status status;
    do {
        migrate->row = 0;
        status = store_query(migrate->source, sql, params, n_params, row, context, error);
    } while (ask_again(migrate, status, &tries, error));
    return status;
}

static enum store_status source_find(struct migrate *migrate, struct error *error) {
    struct source_tries tries = {0};
    enum store_status status;
    do
        status = migration_find(&migrate->migration, migrate->source, &migrate->call->config->layout, error);
    while (ask_again(migrate, status, &tries, error));
    return status;
}

/* "COUNT(*)" or "MIN(bucket)" of a table's buckets from `from` on, as far as it is read; -1 for SQL's NULL. */
static enum store_status number_ask(struct migrate *migrate, const char *what, const struct migration_table *table,
                                    uint64_t from, int64_t *number, struct error *error) {
    char sql[128];
    struct store_param params[] = {store_integer((int64_t)from), store_integer((int64_t)table->to)};
    snprintf(sql, sizeof sql, "SELECT %s FROM flows_%" PRIu32 " WHERE bucket >= ? AND bucket < ?", what, table->size);
    *number = -1;
    return source_ask(migrate, sql, params, 2, count_read, number, error);
}

/* What is read of each table; with `count`, how many rows that is. */
static int plan_show(struct migrate *migrate, bool count) {
    char from[CLOCK_TEXT], to[CLOCK_TEXT];
    struct error error;
    for (unsigned i = 0; i < migrate->migration.n; i++) {
        const struct migration_table *table = &migrate->migration.tables[i];
        if (table->why[0]) {
            printf("flows_%" PRIu32 ": not read: %s\n", table->size, table->why);
            continue;
        }
        printf("flows_%" PRIu32 ": ", table->size);
        if (count) {
            int64_t rows;
            enum store_status status = number_ask(migrate, "COUNT(*)", table, table->from, &rows, &error);
            if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
            printf("%" PRId64 " rows, ", rows);
        }
        uint64_t behind = (uint64_t)table->last + table->size;
        printf("%s to %s, into bucket sizes", clock_show(table->from, from),
               clock_show((int64_t)(behind < table->to ? behind : table->to), to));
        for (unsigned target = 0; target < table->n_targets; target++)
            printf("%s %" PRIu32, target ? "," : "", table->targets[target]);
        printf("\n");
    }
    return EXIT_DONE;
}

/* --- the plan --- */

static int plan_fail(const struct migrate *migrate) {
    struct buffer text = BUFFER_INIT;
    for (unsigned i = 0; i < migrate->migration.n; i++)
        buffer_printf(&text, "; flows_%" PRIu32 ": %s", migrate->migration.tables[i].size,
                      migrate->migration.tables[i].why);
    command_fail(EXIT_FAILED, "%s: nothing to migrate%s", store_name(migrate->source), text.data);
    buffer_release(&text);
    return EXIT_FAILED;
}

/* Says in the store from when on each size is complete, if others reach further back. */
static enum store_status sizes_settle(struct migrate *migrate, struct error *error) {
    const struct schema *schema = &migrate->call->pipeline->schema;
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < schema->n_sizes && status == STORE_OK; i++) {
        int64_t known, from = migration_size_from(&migrate->migration, schema->sizes[i]);
        char name[SCHEMA_NAME_MAX], value[32];
        snprintf(name, sizeof name, "size_%" PRIu32 "_from", schema->sizes[i]);
        snprintf(value, sizeof value, "%" PRId64, from);
        status = settings_number(migrate->store, name, &known, error);
        if (status == STORE_OK && from > 0 && known < from) status = settings_put(migrate->store, name, value, error);
    }
    return status;
}

/* The plan of the first run, which is kept in the store; else a new one. */
static int plan_settle(struct migrate *migrate) {
    const struct schema *schema = &migrate->call->pipeline->schema;
    struct migration *migration = &migrate->migration;
    struct buffer plan = BUFFER_INIT;
    struct error error = {""};
    char name[64], *known = NULL;
    bool any;
    snprintf(name, sizeof name, "migration:%s", migration->identity);
    enum store_status status = settings_find(migrate->store, name, &known, &error);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s: %s", store_name(migrate->store), error.text);
    any = known ? migration_plan_parse(migration, schema, known) : migration_plan(migration, schema);
    if (any) {
        migration_plan_print(migration, &plan);
        if (!known) status = settings_add(migrate->store, name, plan.data, &error);
        if (status == STORE_OK) status = sizes_settle(migrate, &error);
        buffer_release(&plan);
    }
    free(known);
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s: %s", store_name(migrate->store), error.text);
    return any ? EXIT_DONE : plan_fail(migrate);
}

/* --- the rows --- */

static void reject_report(struct migrate *migrate, const struct reject *reject, const char *const *columns) {
    const struct flow_layout *layout = &migrate->call->config->layout;
    const struct chunks *chunks = &migrate->chunks;
    uint64_t n = migrate->sum.rejected + chunks->rejected + chunks->folding->ledger.rejected;
    if (n > REPORTED_MAX || n <= migrate->reported) return; /* in an earlier reading */
    migrate->reported = n;
    fprintf(stderr, "%s, bucket %" PRIu32, migrate->name, migrate->bucket);
    for (unsigned i = 0; i < layout->n_keys; i++)
        fprintf(stderr, ", %s %s", layout->fields[layout->keys[i]].element[FLOW_IPV4]->name,
                columns[i] ? columns[i] : "NULL");
    fprintf(stderr, ": rejected: %s: %s is %s\n", reject_texts[reject->reason].token, reject->field, reject->value);
    if (n == REPORTED_MAX) fprintf(stderr, "%s: more rejected rows are counted, not shown\n", migrate->name);
}

static int row_take(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct migrate *migrate = context;
    struct chunks *chunks = &migrate->chunks;
    const struct flow_layout *layout = &migrate->call->config->layout;
    struct flow_record record;
    struct reject reject;
    uint64_t flows;
    (void)n;
    if (migrate->row++ < migrate->taken) return 0;
    bool readable =
        migration_row(migrate->table, layout, migrate->bucket, columns, lengths, &record, &flows, &reject) == 0;
    if (chunks->folding->ledger.entries >= chunks_entries_max(chunks)) {
        migrate->code = chunks_write(chunks, migrate->taken, migrate->bucket);
        if (migrate->code != EXIT_DONE) return -1;
    }
    uint64_t rejected = chunks->folding->ledger.rejected;
    if (!readable) chunks_refuse(chunks, reject.reason);
    while (readable && fold_row(chunks->folder, chunks->folding, migrate->now, &record, flows, &reject) == FOLD_FULL) {
        migrate->code = chunks_write(chunks, migrate->taken, migrate->bucket);
        rejected = 0;
        if (migrate->code != EXIT_DONE) return -1;
    }
    if (chunks->folding->ledger.rejected > rejected) reject_report(migrate, &reject, columns);
    migrate->taken++;
    migrate->rows++;
    return 0;
}

/* All rows of the bucket but the first `taken`. */
static int bucket_move(struct migrate *migrate) {
    struct store_param bucket = store_integer(migrate->bucket);
    struct buffer sql = BUFFER_INIT;
    struct error error;
    migration_query(migrate->table, &migrate->call->config->layout, &sql);
    enum store_status status = source_ask(migrate, sql.data, &bucket, 1, row_take, migrate, &error);
    buffer_release(&sql);
    if (migrate->code != EXIT_DONE) return migrate->code;
    return status == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

/* The buckets from `from` on, of whose first `taken` rows are in. */
static int buckets_move(struct migrate *migrate, uint64_t from, int64_t taken) {
    const struct migration_table *table = migrate->table;
    struct error error;
    for (int code; from < table->to;) {
        int64_t bucket;
        enum store_status status = number_ask(migrate, "MIN(bucket)", table, from, &bucket, &error);
        if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
        if (bucket < 0) break;
        migrate->bucket = (uint32_t)bucket;
        migrate->taken = migrate->bucket == from ? taken : 0;
        taken = 0; /* with buckets of a second the next one is `from`, too */
        code = bucket_move(migrate);
        if (code != EXIT_DONE) return code;
        from = (uint64_t)bucket + 1;
        progress_show(migrate->name, (double)(from - table->from) / ((double)table->last + 1 - table->from),
                      migrate->rows, "rows", false);
    }
    int code = EXIT_DONE;
    if (!generation_is_empty(migrate->chunks.folding)) code = chunks_write(&migrate->chunks, 0, (int64_t)from);
    if (code == EXIT_DONE) code = chunks_end(&migrate->chunks);
    if (migrate->rows > 0) progress_show(migrate->name, 1, migrate->rows, "rows", true);
    return code;
}

/* The same, and again from what is committed on where the store found a generation too large. */
static int buckets_move_all(struct migrate *migrate, uint64_t from, int64_t taken) {
    struct chunks *chunks = &migrate->chunks;
    int code = buckets_move(migrate, from, taken);
    while (chunks->too_large) {
        chunks_again(chunks);
        migrate->code = EXIT_DONE;
        migrate->rows = (int64_t)chunks->sum.entries;
        code = buckets_move(migrate, (uint64_t)chunks->last.position, chunks->last.claim);
    }
    return code;
}

static int table_move(struct migrate *migrate, const struct migration_table *table) {
    const struct command_call *call = migrate->call;
    struct check_rules rules = call->pipeline->importer.rules;
    struct chunks_progress progress;
    struct ledger_row first = {.claim = 0};
    struct error error;
    struct schema target; /* so that no other size and nothing twice is written */
    rules.max_flow_age = 0;
    memset(rules.max_sums, 0, sizeof rules.max_sums); /* a row is the sum of many flows */
    migrate->table = table;
    migrate->rows = 0;
    snprintf(migrate->name, sizeof migrate->name, "flows_%" PRIu32, table->size);
    snprintf(first.id.consumer, sizeof first.id.consumer, "migration:%s:%s", migrate->migration.identity,
             migrate->name);
    int code = chunks_find(migrate->store, first.id.consumer, &progress);
    if (code != EXIT_DONE) return code;
    if (progress.found) {
        first.id.generation = progress.generation + 1;
        fprintf(stderr, "%s: %" PRId64 " rows were already migrated\n", migrate->name, progress.entries);
    } else {
        progress.position = table->from;
        progress.claim = 0;
    }
    schema_init(&target, &call->config->layout, table->targets, table->n_targets);
    schema_leave_out(&target, (unsigned)call->config->import.leave_out);
    if (rollups_add(&target, call->config->import.rollups, &error) != 0)
        return command_fail(EXIT_USAGE,
                            "rollups: %s, to which %s is moved: migrate without, then flowimport schema "
                            "upgrade with it",
                            error.text, migrate->name);
    first.position = progress.position;
    first.claim = progress.claim;
    code = chunks_open(&migrate->chunks, call, &target, &rules, &first, migrate->name);
    if (code == EXIT_DONE) code = buckets_move_all(migrate, (uint64_t)progress.position, progress.claim);
    chunks_close(&migrate->chunks);
    const struct ledger_row *sum = &migrate->chunks.sum;
    if (code == EXIT_DONE)
        printf("%s: %" PRIu64 " rows: %" PRIu64 " migrated, %" PRIu64 " rejected\n", migrate->name, sum->entries,
               sum->imported, sum->rejected);
    migrate->sum.entries += sum->entries;
    migrate->sum.rejected += sum->rejected;
    migrate->sum.flows = sum_add(migrate->sum.flows, sum->flows);
    for (unsigned i = 0; i < call->config->layout.n_sums; i++)
        migrate->sum.sums[i] += sum->sums[i];
    return code;
}

static int all_move(struct migrate *migrate) {
    const struct command_call *call = migrate->call;
    char digits[SUM_DIGITS + 1];
    struct error error;
    if (store_open(&migrate->store, &call->pipeline->importer.store, &call->pipeline->schema, &error) != STORE_OK)
        return command_fail(EXIT_FAILED, "%s", error.text);
    int code = plan_settle(migrate);
    if (code == EXIT_DONE) code = plan_show(migrate, false);
    for (unsigned i = 0; i < migrate->migration.n && code == EXIT_DONE; i++)
        if (!migrate->migration.tables[i].why[0]) code = table_move(migrate, &migrate->migration.tables[i]);
    store_close(migrate->store);
    if (code != EXIT_DONE) return code;
    printf("all: %" PRIu64 " rows,", migrate->sum.entries);
    for (unsigned i = 0; i < call->config->layout.n_sums; i++)
        printf(" %s %s,", call->config->layout.sums[i]->name, sum_text(migrate->sum.sums[i], 0, digits));
    printf(" flows %" PRIu64 "\n", migrate->sum.flows / FLOW_UNIT);
    printf("The tables for all time hold the migrated rows; rows deleted before are not in them.\n"
           "Flow counts are those of flow-inspector, which were rounded to whole flows.\n");
    return migrate->sum.rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}

int command_migrate(const struct command_call *call) {
    struct migrate migrate = {.call = call, .now = clock_now(&clock_system)};
    struct error error;
    if (call->n_operands != 1) return command_usage(call);
    int code = source_open(call, call->operands[0], &migrate.source);
    if (code != EXIT_DONE) return code;
    if (source_find(&migrate, &error) != STORE_OK)
        code = command_fail(EXIT_FAILED, "%s", error.text);
    else if (!call->options->dry_run)
        code = all_move(&migrate);
    else
        code = migration_plan(&migrate.migration, &call->pipeline->schema) ? plan_show(&migrate, true)
                                                                           : plan_fail(&migrate);
    store_close(migrate.source);
    return code;
}
