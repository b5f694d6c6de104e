/* What is written when a generation is: every table's rows, added up from the cached ones. */
#include "import/flush.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/bytes.h"
#include "base/log.h"
#include "flow/service.h"
#include "flow/sum.h"
#include "import/sort.h"

enum { DAYS = UINT32_MAX / DAY_SECONDS + 1 };

enum { AHEAD = 12 }; /* rows fetched before they are added */

struct flush {
    const struct flow_layout *layout;
    const struct schema *schema;
    struct store *store;
    struct cache *cache;
    struct sort_ref *refs; /* room for two references a row */
    /* the table under way */
    const struct table *table;
    bool total; /* its id = -1 rows */
    struct cache_rows rows[FLOW_FAMILIES];
};

static const uint8_t *ref_row(const struct flush *flush, const struct sort_ref *ref) {
    const struct cache_rows *rows = &flush->rows[ref->family];
    return rows->rows + ref->row * rows->stride;
}

/* In the order of the keys each row is somewhere else: the processor may fetch it while others are added. */
static void row_fetch(const struct flush *flush, const struct sort_ref *ref) {
    const uint8_t *row = ref_row(flush, ref);
    __builtin_prefetch(row);
    __builtin_prefetch(row + 64);
}

static uint32_t row_bucket(const struct cache_rows *rows, const uint8_t *row) {
    uint32_t bucket;
    memcpy(&bucket, row + rows->bucket_at, sizeof bucket);
    return bucket;
}

/* Of an end of an IPv4 flow. */
static uint64_t node_id(const struct flow_layout *layout, const uint8_t *key, unsigned side) {
    uint32_t address = be32(key + layout->fields[TUPLE_SOURCE + side].offset[FLOW_IPV4]);
    if (address != 0) return address;
    uint32_t destination = be32(key + layout->fields[TUPLE_DESTINATION].offset[FLOW_IPV4]);
    return side == 0 && destination >= SCHEMA_MULTICAST ? 0 : (uint64_t)SCHEMA_NO_ADDRESS;
}

static uint8_t *field_put(const struct flow_layout *layout, unsigned field, unsigned family, const uint8_t *from,
                          uint8_t *key) {
    unsigned width = layout->fields[field].width[family];
    memcpy(key, from + layout->fields[field].offset[family], width);
    return key + width;
}

static void rollup_key(const struct flush *flush, unsigned family, const uint8_t *from, uint8_t *key) {
    const struct rollup *rollup = &flush->schema->rollups[flush->table->rollup];
    const struct flow_field *fields = flush->layout->fields;
    for (unsigned i = 0; i < rollup->n_keys; i++) {
        if (rollup->keys[i] != ROLLUP_SERVICE) {
            key = field_put(flush->layout, rollup->keys[i], family, from, key);
            continue;
        }
        be16_put(key, service_of(be16(from + fields[TUPLE_SOURCE_PORT].offset[family]),
                                 be16(from + fields[TUPLE_DESTINATION_PORT].offset[family]),
                                 from[fields[TUPLE_PROTOCOL].offset[family]]));
        key += 2;
    }
}

/* The packed primary key of the row of the table under way that a reference counts in (a sort_key_fn). */
static void ref_key(const void *context, const struct sort_ref *ref, uint8_t *key) {
    const struct flush *flush = context;
    const struct flow_layout *layout = flush->layout;
    const struct cache_rows *rows = &flush->rows[ref->family];
    const uint8_t *row = ref_row(flush, ref), *from = row + rows->key_at;
    uint32_t bucket = row_bucket(rows, row), size = flush->table->bucket_size;
    const struct flow_field *field;
    if (size) {
        be32_put(key, bucket - bucket % size);
        key += sizeof bucket;
    }
    switch (flush->table->kind) {
    case TABLE_FLOWS:
        for (unsigned i = 0; i < layout->n_keys; i++)
            key = field_put(layout, layout->keys[i], ref->family, from, key);
        break;
    case TABLE_ROLLUP: rollup_key(flush, ref->family, from, key); break;
    case TABLE_NODES:
        field = &layout->fields[TUPLE_SOURCE + ref->side];
        if (flush->total) {
            be64_put(key, UINT64_MAX);
        } else if (ref->family == FLOW_IPV6) {
            memcpy(key, from + field->offset[FLOW_IPV6], 16);
        } else {
            be64_put(key, node_id(layout, from, ref->side));
        }
        break;
    case TABLE_PORTS:
        field = &layout->fields[TUPLE_SOURCE_PORT + ref->side];
        from += field->offset[ref->family];
        be64_put(key, flush->total ? UINT64_MAX : be16(from));
        break;
    case TABLE_AGGR: break;
    }
}

/* The first reference for each row (of `sides` sides) of the families the table takes. */
static size_t refs_fill(const struct flush *flush, enum flow_family first, enum flow_family last, unsigned sides) {
    size_t n = 0;
    for (unsigned family = first; family <= last; family++)
        for (size_t row = 0; row < flush->rows[family].n; row++)
            for (unsigned side = 0; side < sides; side++)
                flush->refs[n++] =
                    (struct sort_ref){.row = (uint32_t)row, .family = (uint8_t)family, .side = (uint8_t)side};
    return n;
}

static void group_add(uint64_t *values, unsigned group, const uint64_t *sums, unsigned n_values) {
    values += group * n_values;
    for (unsigned i = 0; i < n_values; i++)
        values[i] = sum_add(values[i], sums[i]);
}

static void ref_add(const struct flush *flush, const struct sort_ref *ref, uint64_t *values) {
    const struct flow_layout *layout = flush->layout;
    const struct cache_rows *rows = &flush->rows[ref->family];
    const uint8_t *row = ref_row(flush, ref);
    const uint64_t *sums = (const uint64_t *)(const void *)row;
    unsigned n_values = layout->n_sums + 1, side_group = (1u + ref->side) * (1 + PROTO_CLASSES);
    group_add(values, 0, sums, n_values);
    if (schema_is_flows(flush->table)) return;
    unsigned class_group =
        1 + (unsigned)proto_class(row[rows->key_at + layout->fields[TUPLE_PROTOCOL].offset[ref->family]]);
    group_add(values, class_group, sums, n_values);
    if (flush->table->kind == TABLE_AGGR || flush->total) return;
    group_add(values, side_group, sums, n_values);
    group_add(values, side_group + class_group, sums, n_values);
}

/* Whether a wide row would be more than one call gives to the store. The first group has what any other has. */
static bool is_full(const struct flush *flush, const struct sort_ref *ref, const uint64_t *values) {
    const uint64_t *sums = (const uint64_t *)(const void *)ref_row(flush, ref);
    bool is_full = false;
    if (!schema_is_wide(flush->table)) return false;
    for (unsigned i = 0; i <= flush->layout->n_sums; i++)
        is_full |= values[i] + sums[i] > SUM_MOST;
    return is_full;
}

/* Sorts the references, adds up those of equal keys, hands each sum to the store. */
static void table_write(const struct flush *flush, size_t n) {
    uint8_t keys[2][SORT_KEY_MAX];
    uint64_t values[SCHEMA_VALUES_MAX] = {0};
    unsigned now = 0;
    size_t key_len = flush->table->key_bytes;
    sort_refs(flush->refs, n, key_len, ref_key, flush);
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) row_fetch(flush, &flush->refs[i + AHEAD]);
        ref_key(flush, &flush->refs[i], keys[now]);
        if (i > 0 && (memcmp(keys[now], keys[!now], key_len) != 0 || is_full(flush, &flush->refs[i], values))) {
            store_put(flush->store, flush->table, keys[!now], values);
            memset(values, 0, flush->table->n_values * sizeof values[0]);
        }
        ref_add(flush, &flush->refs[i], values);
        now = !now;
    }
    if (n > 0) store_put(flush->store, flush->table, keys[!now], values);
}

/* One table from the rows of the base size that its own is added up from. `both`: it takes both families. */
static void rows_flush(struct flush *flush, const struct table *table, bool both, unsigned sides) {
    uint32_t size = table->bucket_size ? table->bucket_size : flush->schema->sizes[0];
    flush->table = table;
    for (unsigned i = 0; i < FLOW_FAMILIES; i++)
        flush->rows[i] = cache_rows(flush->cache, cache_base_size(flush->schema, size), (enum flow_family)i);
    table_write(flush, refs_fill(flush, both ? FLOW_IPV4 : table->family, both ? FLOW_IPV6 : table->family, sides));
}

/* Absent tables are no work. */
static void table_flush(struct flush *flush, enum table_kind kind, enum flow_family family, uint32_t size, bool total) {
    const struct table *table = schema_table(flush->schema, kind, family, size);
    bool both =
        total || kind == TABLE_PORTS || kind == TABLE_AGGR || (kind == TABLE_FLOWS && !flush->layout->has_addresses);
    flush->total = total;
    if (table) rows_flush(flush, table, both, !total && (kind == TABLE_NODES || kind == TABLE_PORTS) ? 2 : 1);
}

static void rollups_flush(struct flush *flush) {
    flush->total = false;
    for (unsigned i = 0; i < flush->schema->n_tables; i++) {
        const struct table *table = &flush->schema->tables[i];
        if (table->kind == TABLE_ROLLUP)
            rows_flush(flush, table, !flush->schema->rollups[table->rollup].has_addresses, 1);
    }
}

static void tables_flush(struct flush *flush) {
    const struct schema *schema = flush->schema;
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            table_flush(flush, TABLE_FLOWS, (enum flow_family)family, schema->sizes[i], false);
            table_flush(flush, TABLE_NODES, (enum flow_family)family, schema->sizes[i], false);
        }
        table_flush(flush, TABLE_PORTS, FLOW_IPV4, schema->sizes[i], false);
    }
    rollups_flush(flush); /* of larger buckets than most: other consumers write them, too */
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        table_flush(flush, TABLE_AGGR, FLOW_IPV4, schema->sizes[i], false);
        table_flush(flush, TABLE_NODES, FLOW_IPV4, schema->sizes[i], true);
        table_flush(flush, TABLE_PORTS, FLOW_IPV4, schema->sizes[i], true);
    }
    for (unsigned family = 0; family < FLOW_FAMILIES; family++)
        table_flush(flush, TABLE_NODES, (enum flow_family)family, 0, false);
    table_flush(flush, TABLE_PORTS, FLOW_IPV4, 0, false);
    table_flush(flush, TABLE_NODES, FLOW_IPV4, 0, true);
    table_flush(flush, TABLE_PORTS, FLOW_IPV4, 0, true);
}

/* The days that the rows' buckets of every size begin in, and the ledger's first and last bucket. Returns how many
 * days. */
static unsigned days_find(struct cache *cache, const struct schema *schema, struct ledger_row *ledger, uint32_t *days) {
    uint8_t seen[DAYS] = {0};
    unsigned n = 0;
    ledger->first_bucket = UINT32_MAX;
    ledger->last_bucket = 0;
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        uint32_t size = schema->sizes[i];
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            struct cache_rows rows = cache_rows(cache, cache_base_size(schema, size), (enum flow_family)family);
            for (size_t row = 0; row < rows.n; row++) {
                uint32_t bucket = row_bucket(&rows, rows.rows + row * rows.stride);
                bucket -= bucket % size;
                seen[bucket / DAY_SECONDS] = 1;
                if (i == 0 && bucket < ledger->first_bucket) ledger->first_bucket = bucket;
                if (i == 0 && bucket > ledger->last_bucket) ledger->last_bucket = bucket;
            }
        }
    }
    if (ledger->first_bucket > ledger->last_bucket) ledger->first_bucket = 0;
    for (uint32_t day = 0; day < DAYS; day++)
        if (seen[day]) days[n++] = day * DAY_SECONDS;
    return n;
}

enum store_status flush_cache(struct cache *cache, const struct losses *losses, struct places *places,
                              const struct flow_layout *layout, const struct schema *schema, struct store *store,
                              struct ledger_row *ledger, struct error *error) {
    uint32_t days[DAYS];
    unsigned n_days = days_find(cache, schema, ledger, days);
    size_t bytes = cache_row_count(cache) * CACHE_SCRATCH_ROW + 1;
    _Static_assert(2 * sizeof(struct sort_ref) == CACHE_SCRATCH_ROW, "two references a row");
    struct sort_ref *refs =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (refs == MAP_FAILED) {
        error_set(error, "no memory to sort %zu rows", cache_row_count(cache));
        return STORE_RETRY;
    }
    struct flush flush = {.layout = layout, .schema = schema, .store = store, .cache = cache, .refs = refs};
    store_begin(store, ledger, days, n_days);
    tables_flush(&flush);
    for (unsigned i = 0; losses && i < losses->n; i++) {
        const struct loss_row *row = &losses->rows[i];
        store_put_loss(store, row->bucket, row->source, lost_texts[row->what].word, row->lost);
    }
    munmap(refs, bytes);
    if (places) store_put_places(store, places);
    return store_commit(store, error);
}
