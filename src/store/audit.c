/* The audit in SQL: each table is added up by bucket, and the sums are held against flows_aggr's rows. */
#include "store/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "store/ddl.h"
#include "store/settings.h"

/* Buckets are looked at in windows of so many, but of whole days, as partitions are. A window's sums are held in
 * memory: max(4096, buckets a day) * (5 + 15) groups * 9 values * 16 bytes at the most, which is 12 MB for 600 s and
 * 250 MB for 1 s. */
enum { WINDOW_BUCKETS = 4096, TOTALS = 1 + PROTO_CLASSES };

struct frame {            /* values by bucket */
    uint32_t first, size; /* seconds */
    uint32_t n;           /* buckets */
    unsigned width;       /* values of a bucket */
    sum_wide *values;
    bool *seen;
};

struct audit {
    struct store *store;
    const struct schema *schema;
    uint32_t from;
    uint64_t to; /* seconds */
    struct audit_result *result;
    struct error *error;
};

/* What is held against the totals (all, tcp, ..., other), and how often it contains them. */
struct source {
    enum table_kind kind;
    bool both;         /* IPv6's table too */
    const char *where; /* of IPv4's table */
    uint8_t totals; /* how often the total groups contain a flow: an address's row counts what it sent and received */
    uint8_t ends;   /* the same of the src_ and dst_ groups */
    const char *words;
};
static const struct source sources[] = {
    {TABLE_FLOWS, true, NULL, 1, 0, "sum of"},
    {TABLE_NODES, false, "id = -1", 1, 0, "total row's"},
    {TABLE_NODES, true, "id <> -1", 2, 1, "sum over all addresses of"},
    {TABLE_PORTS, false, "id = -1", 1, 0, "total row's"},
    {TABLE_PORTS, false, "id <> -1", 2, 1, "sum over all ports of"},
};

static void frame_init(struct frame *frame, uint32_t first, uint32_t size, uint32_t n, unsigned width) {
    *frame = (struct frame){.first = first, .size = size, .n = n, .width = width};
    frame->values = mem_zalloc((size_t)n * width, sizeof frame->values[0]);
    frame->seen = mem_zalloc(n, sizeof frame->seen[0]);
}

static void frame_release(struct frame *frame) {
    free(frame->values);
    free(frame->seen);
}

/* bucket, then the values */
static int frame_add(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct frame *frame = context;
    uint32_t bucket = columns[0] ? (uint32_t)strtoul(columns[0], NULL, 10) : 0;
    uint32_t row = (bucket - frame->first) / frame->size;
    (void)lengths;
    if (row >= frame->n) return 0;
    frame->seen[row] = true;
    for (unsigned i = 1; i < n; i++) {
        sum_wide *value = &frame->values[(size_t)row * frame->width + i - 1];
        *value += sum_read(columns[i]);
    }
    return 0;
}

static void number_show(bool is_flows, sum_wide number, char *text, size_t size) {
    char digits[SUM_DIGITS + 1];
    if (is_flows)
        snprintf(text, size, "%s.%06u", sum_text(number / FLOW_UNIT, 0, digits), (unsigned)(number % FLOW_UNIT));
    else
        snprintf(text, size, "%s", sum_text(number, 0, digits));
}

static void bucket_show(uint32_t bucket, uint32_t size, char *text, size_t text_size) {
    char date[CLOCK_TEXT];
    if (size == 0)
        snprintf(text, text_size, "all time");
    else
        snprintf(text, text_size, "bucket %" PRIu32 " (%s)", bucket, clock_show(bucket, date));
}

/* One comparison. `where` is the table or tables, `what` the column with what was done to it, `whose` the other side.
 * Sums of a bucket are cut: in one table before they are added up, in the other after. */
static void compare(struct audit *audit, const char *where, uint32_t bucket, uint32_t size, const char *words,
                    const char *column, sum_wide number, const char *whose, sum_wide expected) {
    char date[64], numbers[2][48];
    size_t len = strlen(column);
    bool is_flows = len >= 5 && strcmp(column + len - 5, "flows") == 0;
    audit->result->checks++;
    if (size > 0) {
        number = sum_cut(number);
        expected = sum_cut(expected);
    }
    if (number == expected) return;
    if (audit->result->differences++ > 0) return;
    bucket_show(bucket, size, date, sizeof date);
    number_show(is_flows, number, numbers[0], sizeof numbers[0]);
    number_show(is_flows, expected, numbers[1], sizeof numbers[1]);
    snprintf(audit->result->first, sizeof audit->result->first, "%s, %s: %s%s%s is %s; by %s it should be %s", where,
             date, words, words[0] ? " " : "", column, numbers[0], whose, numbers[1]);
}

static unsigned group_width(const struct audit *audit) { return audit->schema->layout->n_sums + 1; }

/* The column's sum; of the rows that meet the condition, where there is one. */
static void column_add(struct buffer *sql, const char *column, const char *condition) {
    if (condition)
        buffer_printf(sql, ", SUM(%s * (%s))", column, condition);
    else
        buffer_printf(sql, ", SUM(%s)", column);
}

/* Adds up the first `n_values` values of a table by bucket into the frame; a flows table's by class too, where it has a
 * protocol. */
static enum store_status table_sum(struct audit *audit, const struct table *table, const char *where, bool classes,
                                   struct frame *frame) {
    struct buffer sql = BUFFER_INIT;
    char name[SCHEMA_NAME_MAX];
    buffer_add_text(&sql, table->bucket_size ? "SELECT bucket" : "SELECT 0");
    for (unsigned i = 0; i < frame->width; i++) {
        unsigned value = i % table->n_values, class = i / table->n_values;
        schema_stored_name(audit->schema, table, value, name, sizeof name);
        column_add(&sql, name, classes && class > 0 ? ddl_class_conditions[class - 1] : NULL);
    }
    buffer_printf(&sql, " FROM %s", table->data);
    buffer_printf(&sql, " WHERE %s", where);
    if (table->bucket_size)
        buffer_printf(&sql, " AND bucket >= %" PRIu32 " AND bucket < %" PRIu64 " GROUP BY bucket", frame->first,
                      (uint64_t)frame->first + (uint64_t)frame->n * frame->size);
    enum store_status status = store_query(audit->store, sql.data, NULL, 0, frame_add, frame, audit->error);
    buffer_release(&sql);
    return status;
}

/* Saturated sums
 * ---------------------------------------------------------------------------------------------------- */

static int count_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(uint64_t *)context = columns[0] ? strtoull(columns[0], NULL, 10) : 0;
    return 1;
}

/* Counts the rows of a bucket's table of which a value is saturated. `sums`: theirs, and perhaps more; where none of
 * them is saturated no row is. */
static enum store_status saturated_count(struct audit *audit, const struct table *table, const char *where,
                                         const struct frame *sums) {
    struct audit_result *result = audit->result;
    struct buffer sql = BUFFER_INIT;
    char column[SCHEMA_NAME_MAX];
    uint64_t found = 0;
    bool any = false;
    for (size_t i = 0; i < (size_t)sums->n * sums->width; i++)
        any |= sums->values[i] >= SUM_MOST;
    if (!any || schema_is_wide(table)) return STORE_OK;
    buffer_printf(&sql, "SELECT COUNT(*) FROM %s WHERE %s AND (", table->data, where);
    for (unsigned i = 0; i < table->n_values; i++) {
        schema_stored_name(audit->schema, table, i, column, sizeof column);
        buffer_printf(&sql, "%s%s >= " SUM_MOST_TEXT, i ? " OR " : "", column);
    }
    buffer_printf(&sql, ") AND bucket >= %" PRIu32 " AND bucket < %" PRIu64, sums->first,
                  (uint64_t)sums->first + (uint64_t)sums->n * sums->size);
    enum store_status status = store_query(audit->store, sql.data, NULL, 0, count_read, &found, audit->error);
    if (found > 0 && result->saturated == 0)
        snprintf(result->first_saturated, sizeof result->first_saturated, "%s", table->name);
    result->saturated += found;
    buffer_release(&sql);
    return status;
}

/* One bucket against another
 * ------------------------------------------------------------------------------------------- */

/* Holds one source's sums against the totals of the same buckets, which `whose` has. */
static enum store_status source_check(struct audit *audit, const struct source *source, const struct frame *totals,
                                      const char *whose) {
    const struct schema *schema = audit->schema;
    uint32_t size = totals->size == UINT32_MAX ? 0 : totals->size;
    const struct table *table = schema_table(schema, source->kind, FLOW_IPV4, size);
    const struct table *table6 = source->both ? schema_table(schema, source->kind, FLOW_IPV6, size) : NULL;
    unsigned width = group_width(audit);
    struct frame sums;
    char names[2 * sizeof table->name + 8], column[SCHEMA_NAME_MAX];
    if (!table) return STORE_OK; /* flows for all time, or left out */
    bool classes = source->kind == TABLE_FLOWS && ddl_has_protocol(table);
    snprintf(names, sizeof names, "%s%s%s", table->name, table6 ? " with " : "", table6 ? table6->name : "");
    frame_init(&sums, totals->first, totals->size, totals->n, classes ? TOTALS * width : table->n_values);
    enum store_status status = table_sum(audit, table, source->where ? source->where : "1 = 1", classes, &sums);
    if (status == STORE_OK && table6) status = table_sum(audit, table6, "1 = 1", classes, &sums);
    if (status == STORE_OK) status = saturated_count(audit, table, source->where ? source->where : "1 = 1", &sums);
    if (status == STORE_OK && table6) status = saturated_count(audit, table6, "1 = 1", &sums);
    for (uint32_t row = 0; row < totals->n && status == STORE_OK; row++) {
        if (!sums.seen[row] && !totals->seen[row]) continue;
        for (unsigned i = 0; i < sums.width; i++) {
            unsigned group = i / width;
            unsigned times = group < TOTALS ? source->totals : source->ends;
            sum_wide expected = totals->values[(size_t)row * totals->width + i % totals->width] * times;
            schema_value_name(schema, table, i, column, sizeof column);
            compare(audit, names, totals->first + row * totals->size, size, source->words, column,
                    sums.values[(size_t)row * sums.width + i], whose, expected);
        }
    }
    frame_release(&sums);
    return status;
}

/* The totals themselves: all is tcp with udp, icmp and other. */
static void totals_check(struct audit *audit, const struct frame *totals, const char *whose) {
    unsigned width = group_width(audit);
    const struct flow_layout *layout = audit->schema->layout;
    for (uint32_t row = 0; row < totals->n; row++) {
        const sum_wide *values = totals->values + (size_t)row * totals->width;
        for (unsigned i = 0; i < width && totals->seen[row]; i++) {
            sum_wide sum = 0;
            for (unsigned class = 1; class <= PROTO_CLASSES; class ++)
                sum += values[class * width + i];
            compare(audit, whose, totals->first + row * totals->size, totals->size == UINT32_MAX ? 0 : totals->size, "",
                    i < layout->n_sums ? layout->sums[i]->name : "flows", values[i], "its tcp_, udp_, icmp_ and other_",
                    sum);
        }
    }
}

static enum store_status window_check(struct audit *audit, const struct table *aggr, uint32_t first, uint32_t n) {
    struct frame totals;
    frame_init(&totals, first, aggr->bucket_size, n, TOTALS * group_width(audit));
    enum store_status status = table_sum(audit, aggr, "1 = 1", false, &totals);
    if (status == STORE_OK) status = saturated_count(audit, aggr, "1 = 1", &totals);
    for (uint32_t row = 0; row < n; row++)
        audit->result->buckets += totals.seen[row];
    if (status == STORE_OK) totals_check(audit, &totals, aggr->name);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && status == STORE_OK; i++)
        status = source_check(audit, &sources[i], &totals, aggr->name);
    frame_release(&totals);
    return status;
}

struct range { /* of buckets; first > last where there are none */
    uint32_t first, last;
};

static int range_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct range *range = context;
    (void)n, (void)lengths;
    if (!columns[0] || !columns[1]) return 0;
    uint32_t first = (uint32_t)strtoul(columns[0], NULL, 10), last = (uint32_t)strtoul(columns[1], NULL, 10);
    if (first < range->first) range->first = first;
    if (last > range->last) range->last = last;
    return 0;
}

/* Widens the range by the buckets of a table that are within the audit's. */
static enum store_status range_find(struct audit *audit, const struct table *table, struct range *range) {
    struct buffer sql = BUFFER_INIT;
    buffer_printf(&sql, "SELECT MIN(bucket), MAX(bucket) FROM %s WHERE bucket >= %" PRIu32 " AND bucket < %" PRIu64,
                  table->data, audit->from, audit->to);
    enum store_status status = store_query(audit->store, sql.data, NULL, 0, range_read, range, audit->error);
    buffer_release(&sql);
    return status;
}

static uint32_t window_buckets(uint32_t size) {
    uint32_t days = WINDOW_BUCKETS / (DAY_SECONDS / size ? DAY_SECONDS / size : 1);
    return (days ? days : 1) * DAY_SECONDS / size;
}

static enum store_status size_check(struct audit *audit, uint32_t size) {
    const struct schema *schema = audit->schema;
    struct range range = {UINT32_MAX, 0};
    uint32_t whole, kept;
    enum store_status status = settings_size(audit->store, size, &whole, &kept, audit->error);
    for (unsigned i = 0; i < schema->n_tables && status == STORE_OK; i++)
        if (schema->tables[i].bucket_size == size) status = range_find(audit, &schema->tables[i], &range);
    if (range.first > range.last) return status;
    uint64_t first = range.first - range.first % DAY_SECONDS;
    first = first < audit->from ? audit->from : first;
    first = first < kept ? kept : first; /* retention drops one table's rows after the other's */
    first += (size - first % size) % size;
    while (first <= range.last && status == STORE_OK) {
        uint64_t left = (range.last - first) / size + 1, n = window_buckets(size);
        if (n > left) n = left;
        status = window_check(audit, schema_table(schema, TABLE_AGGR, FLOW_IPV4, size), (uint32_t)first, (uint32_t)n);
        first += n * size;
    }
    return status;
}

/* Two sizes
 * ------------------------------------------------------------------------------------------------------------ */

/* The first bucket of `size` from which its tables are whole: behind the days that retention has dropped, and behind
 * the day on which the size was added. */
static enum store_status whole_from(struct audit *audit, const struct table *aggr, uint32_t *from,
                                    struct range *range) {
    struct audit all = *audit;
    all.from = 0;
    all.to = UINT64_C(1) << 32;
    enum store_status status = range_find(&all, aggr, range);
    uint32_t whole = 0, kept;
    if (status == STORE_OK) status = settings_size(audit->store, aggr->bucket_size, &whole, &kept, audit->error);
    uint32_t day = range->first - range->first % DAY_SECONDS;
    *from = day > whole ? day : whole;
    return status;
}

static enum store_status coarse_sum(struct audit *audit, const struct table *fine, struct frame *frame) {
    struct buffer sql = BUFFER_INIT;
    char name[SCHEMA_NAME_MAX];
    buffer_printf(&sql, "SELECT bucket - bucket %% %" PRIu32 " AS start", frame->size);
    for (unsigned i = 0; i < fine->n_values; i++) {
        schema_stored_name(audit->schema, fine, i, name, sizeof name);
        column_add(&sql, name, NULL);
    }
    buffer_printf(&sql, " FROM %s WHERE bucket >= %" PRIu32 " AND bucket < %" PRIu64 " GROUP BY start", fine->data,
                  frame->first, (uint64_t)frame->first + (uint64_t)frame->n * frame->size);
    enum store_status status = store_query(audit->store, sql.data, NULL, 0, frame_add, frame, audit->error);
    buffer_release(&sql);
    return status;
}

static enum store_status pair_window(struct audit *audit, const struct table *fine, const struct table *coarse,
                                     uint32_t first, uint32_t n) {
    struct frame sums, totals;
    char column[SCHEMA_NAME_MAX];
    frame_init(&sums, first, coarse->bucket_size, n, coarse->n_values);
    frame_init(&totals, first, coarse->bucket_size, n, coarse->n_values);
    enum store_status status = coarse_sum(audit, fine, &sums);
    if (status == STORE_OK) status = table_sum(audit, coarse, "1 = 1", false, &totals);
    for (uint32_t row = 0; row < n && status == STORE_OK; row++)
        for (unsigned i = 0; i < totals.width && (sums.seen[row] || totals.seen[row]); i++) {
            size_t at = (size_t)row * totals.width + i;
            schema_value_name(audit->schema, coarse, i, column, sizeof column);
            compare(audit, coarse->name, first + row * coarse->bucket_size, coarse->bucket_size, "", column,
                    totals.values[at], fine->name, sums.values[at]);
        }
    frame_release(&sums);
    frame_release(&totals);
    return status;
}

/* A coarser size against a finer one that divides it, in the buckets that both have whole. */
static enum store_status pair_check(struct audit *audit, uint32_t fine_size, uint32_t coarse_size) {
    const struct table *fine = schema_table(audit->schema, TABLE_AGGR, FLOW_IPV4, fine_size);
    const struct table *coarse = schema_table(audit->schema, TABLE_AGGR, FLOW_IPV4, coarse_size);
    struct range ranges[2] = {{UINT32_MAX, 0}, {UINT32_MAX, 0}};
    uint32_t from[2] = {0, 0};
    enum store_status status = whole_from(audit, fine, &from[0], &ranges[0]);
    if (status == STORE_OK) status = whole_from(audit, coarse, &from[1], &ranges[1]);
    if (status != STORE_OK || ranges[0].first > ranges[0].last || ranges[1].first > ranges[1].last) return status;
    uint64_t first = from[0] > from[1] ? from[0] : from[1];
    /* Where buckets cross midnight the first day's may have lost their beginning. */
    if (DAY_SECONDS % coarse_size) first += DAY_SECONDS;
    if (first < audit->from) first = audit->from;
    first += (coarse_size - first % coarse_size) % coarse_size;
    uint64_t end = (uint64_t)(ranges[0].last > ranges[1].last ? ranges[0].last : ranges[1].last) + 1;
    /* The last one as a whole, but where the audit's range ends within it. */
    end += (coarse_size - end % coarse_size) % coarse_size;
    if (end > audit->to) end = audit->to - audit->to % coarse_size;
    while (first < end && status == STORE_OK) {
        uint64_t left = (end - first) / coarse_size, n = window_buckets(coarse_size);
        if (n > left) n = left;
        status = pair_window(audit, fine, coarse, (uint32_t)first, (uint32_t)n);
        first += n * coarse_size;
    }
    return status;
}

/* Roll-ups
 * ------------------------------------------------------------------------------------------------------------- */

static enum store_status rollup_window(struct audit *audit, const struct table *fine, unsigned rollup, uint32_t first,
                                       uint32_t n) {
    const struct table *table = schema_rollup_table(audit->schema, rollup, FLOW_IPV4);
    const struct table *table6 = schema_rollup_table(audit->schema, rollup, FLOW_IPV6);
    struct frame sums, totals;
    char names[2 * sizeof table->name + 8], column[SCHEMA_NAME_MAX];
    snprintf(names, sizeof names, "%s%s%s", table->name, table6 ? " with " : "", table6 ? table6->name : "");
    frame_init(&sums, first, table->bucket_size, n, table->n_values);
    frame_init(&totals, first, table->bucket_size, n, fine->n_values);
    enum store_status status = coarse_sum(audit, fine, &totals);
    if (status == STORE_OK) status = table_sum(audit, table, "1 = 1", false, &sums);
    if (status == STORE_OK && table6) status = table_sum(audit, table6, "1 = 1", false, &sums);
    if (status == STORE_OK) status = saturated_count(audit, table, "1 = 1", &sums);
    if (status == STORE_OK && table6) status = saturated_count(audit, table6, "1 = 1", &sums);
    for (uint32_t row = 0; row < n && status == STORE_OK; row++) {
        audit->result->buckets += sums.seen[row];
        for (unsigned i = 0; i < sums.width && (sums.seen[row] || totals.seen[row]); i++) {
            schema_value_name(audit->schema, table, i, column, sizeof column);
            compare(audit, names, first + row * table->bucket_size, table->bucket_size, "sum of", column,
                    sums.values[(size_t)row * sums.width + i], fine->name,
                    totals.values[(size_t)row * totals.width + i]);
        }
    }
    frame_release(&sums);
    frame_release(&totals);
    return status;
}

/* A roll-up against the smallest size that divides its own, in the days that both have whole: of the roll-up those from
 * which on it is filled, whether they have rows or not. */
static enum store_status rollup_check(struct audit *audit, unsigned rollup) {
    const struct schema *schema = audit->schema;
    const struct table *table = schema_rollup_table(schema, rollup, FLOW_IPV4), *fine = NULL;
    const struct table *table6 = schema_rollup_table(schema, rollup, FLOW_IPV6);
    uint32_t size = table->bucket_size, from, filled, kept;
    struct range range = {UINT32_MAX, 0};
    for (unsigned i = 0; i < schema->n_sizes && !fine; i++)
        if (size % schema->sizes[i] == 0) fine = schema_table(schema, TABLE_AGGR, FLOW_IPV4, schema->sizes[i]);
    enum store_status status = whole_from(audit, fine, &from, &range);
    if (status == STORE_OK) status = settings_rollup(audit->store, table, &filled, &kept, audit->error);
    if (status == STORE_OK) status = range_find(audit, table, &range);
    if (status == STORE_OK && table6) status = range_find(audit, table6, &range);
    if (status != STORE_OK || range.first > range.last) return status;
    uint64_t first = from > filled ? from : filled, end = (uint64_t)range.last + 1;
    if (first < audit->from) first = audit->from;
    first += (size - first % size) % size;
    end += (size - end % size) % size;
    if (end > audit->to) end = audit->to - audit->to % size;
    while (first < end && status == STORE_OK) {
        uint64_t left = (end - first) / size, n = window_buckets(size);
        if (n > left) n = left;
        status = rollup_window(audit, fine, rollup, (uint32_t)first, (uint32_t)n);
        first += n * size;
    }
    return status;
}

/* All time
 * ------------------------------------------------------------------------------------------------------------- */

static enum store_status ledger_check(struct audit *audit, const struct frame *totals) {
    const struct flow_layout *layout = audit->schema->layout;
    struct buffer sql = BUFFER_INIT;
    struct frame sums;
    frame_init(&sums, 0, UINT32_MAX, 1, layout->n_sums + 1);
    buffer_add_text(&sql, "SELECT 0");
    for (unsigned i = 0; i < layout->n_sums; i++)
        column_add(&sql, layout->sums[i]->name, NULL);
    column_add(&sql, "flows_millionths", NULL);
    buffer_add_text(&sql, " FROM import_ledger");
    enum store_status status = store_query(audit->store, sql.data, NULL, 0, frame_add, &sums, audit->error);
    for (unsigned i = 0; i < sums.width && status == STORE_OK; i++)
        compare(audit, "import_ledger", 0, 0, "sum of", i < layout->n_sums ? layout->sums[i]->name : "flows",
                sums.values[i], "index_nodes' total row", totals->values[i]);
    buffer_release(&sql);
    frame_release(&sums);
    return status;
}

static enum store_status all_time_check(struct audit *audit) {
    const struct table *nodes = schema_table(audit->schema, TABLE_NODES, FLOW_IPV4, 0);
    struct frame row, totals;
    if (!nodes) return STORE_OK; /* left out */
    frame_init(&row, 0, UINT32_MAX, 1, nodes->n_values);
    frame_init(&totals, 0, UINT32_MAX, 1, TOTALS * group_width(audit));
    enum store_status status = table_sum(audit, nodes, "id = -1", false, &row);
    memcpy(totals.values, row.values, totals.width * sizeof totals.values[0]);
    totals.seen[0] = true;
    if (status == STORE_OK) totals_check(audit, &totals, "index_nodes' total row");
    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && status == STORE_OK; i++)
        status = source_check(audit, &sources[i], &totals, "index_nodes' total row");
    if (status == STORE_OK) status = ledger_check(audit, &totals);
    frame_release(&row);
    frame_release(&totals);
    return status;
}

static int generation_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct audit *audit = context;
    (void)n, (void)lengths;
    audit->result->differences++;
    if (!audit->result->first[0])
        snprintf(audit->result->first, sizeof audit->result->first,
                 "import_ledger, generation %s of '%s': entries is %s; imported, too_old and rejected add up to %s",
                 columns[1], columns[0], columns[2], columns[3]);
    return 0;
}

static enum store_status generations_check(struct audit *audit) {
    struct audit_result *result = audit->result;
    enum store_status status = store_query(audit->store, "SELECT COUNT(*) FROM import_ledger", NULL, 0, count_read,
                                           &result->generations, audit->error);
    result->checks += (unsigned)result->generations;
    if (status != STORE_OK) return status;
    return store_query(audit->store,
                       "SELECT consumer, generation, entries, imported + too_old + rejected FROM import_ledger "
                       "WHERE entries <> imported + too_old + rejected ORDER BY consumer, generation",
                       NULL, 0, generation_read, audit, audit->error);
}

static enum store_status checks_run(struct audit *audit) {
    const struct schema *schema = audit->schema;
    enum store_status status = STORE_OK;
    for (unsigned i = 0; i < schema->n_sizes && status == STORE_OK; i++)
        status = size_check(audit, schema->sizes[i]);
    for (unsigned i = 1; i < schema->n_sizes && status == STORE_OK; i++) {
        unsigned fine = 0;
        while (fine < i && schema->sizes[i] % schema->sizes[fine])
            fine++;
        if (fine < i) status = pair_check(audit, schema->sizes[fine], schema->sizes[i]);
    }
    for (unsigned i = 0; i < schema->n_rollups && status == STORE_OK; i++)
        status = rollup_check(audit, i);
    if (status == STORE_OK) status = all_time_check(audit);
    if (status == STORE_OK) status = generations_check(audit);
    return status;
}

enum store_status audit_run(struct store *store, const struct schema *schema, uint32_t from, uint32_t to,
                            struct audit_result *result, struct error *error) {
    struct audit audit = {.store = store, .schema = schema, .from = from, .result = result, .error = error};
    audit.to = to ? to : UINT64_C(1) << 32;
    memset(result, 0, sizeof *result);
    /* One snapshot for all, so that a commit meanwhile is no difference. */
    enum store_status status = store_snapshot_begin(store, error);
    if (status == STORE_OK) status = checks_run(&audit);
    return store_snapshot_end(store, status, error);
}
