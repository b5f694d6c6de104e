/* The path /api/pipeline: who has imported how much, what is kept how long, and how large the tables are. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/retention/retention.h"

/* consumer, last commit, and counts in the order of the names below; flows in millionths */
static int ledger_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    static const char *const names[] = {"last_commit", "generations", "entries", "imported", "too_old", "rejected"};
    enum { NAMES = sizeof names / sizeof names[0] };
    struct buffer *out = context;
    (void)n, (void)lengths;
    answer_comma(out);
    buffer_add_text(out, "{");
    answer_text(out, "consumer", columns[0]);
    for (unsigned i = 0; i < NAMES; i++)
        answer_number(out, names[i], strtoll(columns[1 + i], NULL, 10));
    answer_name(out, "flows");
    answer_flows(out, sum_read(columns[1 + NAMES]));
    buffer_add_text(out, "}");
    return 0;
}

static enum store_status ledger_write(struct api_call *call, struct error *error) {
    /* Files that were imported are one line together, for there may be thousands; and so are the tables of a
     * migration. */
    static const char sql[] =
        "SELECT CASE WHEN consumer LIKE 'file:%' THEN 'files' WHEN consumer LIKE 'migration:%' THEN 'migration' "
        "ELSE consumer END AS name, MAX(committed_at), COUNT(*), SUM(entries), SUM(imported), SUM(too_old), "
        "SUM(rejected), SUM(flows_millionths) FROM import_ledger GROUP BY name ORDER BY name";
    answer_name(&call->body, "ledger");
    buffer_add_text(&call->body, "[");
    enum store_status status = store_query(call->store, sql, NULL, 0, ledger_read, &call->body, error);
    buffer_add_text(&call->body, "]");
    return status;
}

static enum store_status retention_write(struct api_call *call, struct error *error) {
    struct buffer *out = &call->body;
    struct retention_rules rules;
    int64_t last;
    bool has_failed;
    enum store_status status = retention_rules_read(call->store, &rules, error);
    if (status == STORE_OK) status = retention_last(call->store, &last, &has_failed, error);
    if (status != STORE_OK) return status;
    answer_name(out, "retention");
    buffer_add_text(out, "{\"keep\":[");
    for (unsigned i = 0; i < rules.n; i++)
        buffer_printf(out, "%s{\"size\":%" PRIu32 ",\"seconds\":%" PRId64 "}", i ? "," : "", rules.sizes[i],
                      rules.keep[i]);
    buffer_add_text(out, "],\"max_size\":");
    buffer_printf(out, rules.max_size ? "%" PRIu64 : "null", rules.max_size);
    buffer_add_text(out, ",\"last\":");
    if (last)
        buffer_printf(out, "{\"at\":%" PRId64 ",\"failed\":%s}", last, has_failed ? "true" : "false");
    else
        buffer_add_text(out, "null");
    buffer_add_text(out, "}");
    return STORE_OK;
}

/* name, rows, bytes */
static int table_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct buffer *out = context;
    (void)n, (void)lengths;
    answer_comma(out);
    buffer_add_text(out, "{");
    answer_text(out, "name", columns[0]);
    buffer_printf(out, ",\"rows\":%s,\"bytes\":%s}", columns[1] ? columns[1] : "null",
                  columns[2] ? columns[2] : "null");
    return 0;
}

static enum store_status tables_write(struct api_call *call, struct error *error) {
    /* A server knows about how many rows a table has; SQLite would have to count them. */
    static const char *const sql[] = {
        [DIALECT_MYSQL] = "SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables "
                          "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name",
        [DIALECT_SQLITE] = "SELECT name, NULL, NULL FROM sqlite_master WHERE type = 'table' "
                           "AND name NOT LIKE 'sqlite%' ORDER BY name",
    };
    answer_name(&call->body, "tables");
    buffer_add_text(&call->body, "[");
    enum store_status status =
        store_query(call->store, sql[store_dialect(call->store)], NULL, 0, table_read, &call->body, error);
    buffer_add_text(&call->body, "]");
    return status;
}

void api_pipeline(struct api_call *call) {
    int64_t begin_us = clock_monotonic_us();
    struct error error;
    if (call_params(call, NULL, 0, NULL) != 0) return;
    buffer_add_text(&call->body, "{");
    if (ledger_write(call, &error) == STORE_OK && retention_write(call, &error) == STORE_OK &&
        tables_write(call, &error) == STORE_OK)
        call_end(call, begin_us);
    else
        call_store_failed(call, &error);
}
