/* The hot tables: open addressing over rows in one reserved run of memory, filled in small batches behind a prefetch.
 */
#include "import/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/sum.h"
#include "import/slice.h"

enum {
    BATCH = 32,            /* slices whose memory is fetched while the next are prepared */
    INDEX_FIRST = 1 << 12, /* slots of an empty table's index */
    ROW_BITS = 27,         /* of an index slot: row number + 1; the 5 bits above are of its hash */
    ROWS_MAX = (1 << ROW_BITS) - 2,
};

struct table_rows { /* one family, one base size */
    enum flow_family family;
    uint32_t size, bucket; /* the last flow's: the next one's is nearly always the same */
    size_t stride, key_bytes;
    size_t n, reserved; /* rows */
    size_t pending;     /* slices on their way into it: as many more rows, at most */
    uint8_t *rows;
    uint32_t *index; /* slot: 0, or row number + 1 with hash bits */
    size_t slots, slots_reserved;
};

struct pending {
    uint64_t hash;
    struct table_rows *table;
    uint64_t sums[FLOW_SUMS_MAX + 1];
    uint32_t bucket;
    uint8_t key[FLOW_KEY_BYTES];
};

struct cache {
    const struct flow_layout *layout;
    size_t limit, used;
    uint64_t seed;
    unsigned n_bases;
    bool batch_fits; /* the slices of a whole batch are within the limit, whichever tables they go to */
    struct table_rows tables[BUCKET_SIZES_MAX][FLOW_FAMILIES];
    unsigned n_pending;
    struct pending pending[BATCH];
};

/* Address space for `bytes`, backed by memory as it is touched. */
static void *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        log_error("import", "cache: can't reserve %zu bytes of address space: lower cache_memory", bytes);
        abort();
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

static size_t row_cost(const struct table_rows *table) { return table->stride + CACHE_SCRATCH_ROW; }

uint32_t cache_smallest_size(const struct cache *cache) { return cache->tables[0][0].size; }

uint32_t cache_base_size(const struct schema *schema, uint32_t size) {
    for (unsigned i = 0; i < schema->n_sizes; i++)
        if (size % schema->sizes[i] == 0) return schema->sizes[i];
    return size;
}

static void table_init(struct cache *cache, struct table_rows *table, enum flow_family family, uint32_t size) {
    const struct flow_layout *layout = cache->layout;
    table->family = family;
    table->size = size;
    table->key_bytes = layout->key_bytes[family];
    table->stride = ((layout->n_sums + 1) * sizeof(uint64_t) + sizeof(uint32_t) + table->key_bytes + 7) / 8 * 8;
    table->reserved = cache->limit / row_cost(table) + 1;
    if (table->reserved > ROWS_MAX) table->reserved = ROWS_MAX;
    table->slots_reserved = INDEX_FIRST;
    while (table->slots_reserved / 4 * 3 < table->reserved)
        table->slots_reserved *= 2;
    table->slots = INDEX_FIRST;
    table->rows = reserve(table->reserved * table->stride);
    table->index = reserve(table->slots_reserved * sizeof table->index[0]);
}

struct cache *cache_new(const struct flow_layout *layout, const struct schema *schema, size_t limit, uint64_t seed) {
    struct cache *cache = mem_zalloc(1, sizeof *cache);
    cache->layout = layout;
    cache->limit = limit;
    cache->seed = seed;
    for (unsigned i = 0; i < schema->n_sizes; i++) {
        if (cache_base_size(schema, schema->sizes[i]) != schema->sizes[i]) continue;
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            table_init(cache, &cache->tables[cache->n_bases][family], (enum flow_family)family, schema->sizes[i]);
        cache->n_bases++;
    }
    return cache;
}

void cache_free(struct cache *cache) {
    if (!cache) return;
    for (unsigned i = 0; i < cache->n_bases; i++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            struct table_rows *table = &cache->tables[i][family];
            munmap(table->rows, table->reserved * table->stride);
            munmap(table->index, table->slots_reserved * sizeof table->index[0]);
        }
    free(cache);
}

void cache_clear(struct cache *cache) {
    cache->n_pending = 0;
    cache->used = 0;
    cache->batch_fits = false;
    for (unsigned i = 0; i < cache->n_bases; i++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            struct table_rows *table = &cache->tables[i][family];
            table->pending = 0;
            if (table->n == 0) continue;
            madvise(table->rows, table->n * table->stride, MADV_DONTNEED);
            madvise(table->index, table->slots * sizeof table->index[0], MADV_DONTNEED);
            table->n = 0;
            table->slots = INDEX_FIRST;
        }
}

static uint8_t *row_at(const struct table_rows *table, size_t i) { return table->rows + i * table->stride; }

/* Bucket and key stand side by side in a row and are hashed and compared as one. */
static size_t identity_at(const struct cache *cache) { return (cache->layout->n_sums + 1) * sizeof(uint64_t); }

static uint64_t product_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* As XXH3 multiplies short keys, but in the pieces that flow_key_copy() writes. */
static uint64_t tuple_hash(uint32_t bucket, const uint8_t *key, uint64_t seed) {
    uint64_t addresses;
    uint32_t ports;
    memcpy(&addresses, key, sizeof addresses);
    memcpy(&ports, key + sizeof addresses, sizeof ports);
    uint64_t rest = (uint64_t)ports << 32 | bucket;
    uint64_t hash =
        product_fold(addresses ^ (UINT64_C(0x9e3779b97f4a7c15) + seed), rest ^ (UINT64_C(0xc2b2ae3d27d4eb4f) - seed));
    return product_fold(hash ^ key[FLOW_TUPLE_BYTES - 1], UINT64_C(0x9fb21c651e98df25));
}

static inline uint64_t identity_hash(const struct cache *cache, const uint8_t *identity, size_t key_bytes) {
    uint32_t bucket;
    memcpy(&bucket, identity, sizeof bucket);
    if (key_bytes == FLOW_TUPLE_BYTES) return tuple_hash(bucket, identity + sizeof bucket, cache->seed);
    return XXH3_64bits_withSeed(identity, sizeof bucket + key_bytes, cache->seed);
}

static uint32_t slot_value(size_t row, uint64_t hash) {
    return (uint32_t)(row + 1) | (uint32_t)(hash >> 59) << ROW_BITS;
}

/* Doubles the index in place: what it says is all in the rows. */
static void index_grow(struct cache *cache, struct table_rows *table) {
    memset(table->index, 0, table->slots * sizeof table->index[0]);
    cache->used += table->slots * sizeof table->index[0];
    table->slots *= 2;
    for (size_t row = 0; row < table->n; row++) {
        uint64_t hash = identity_hash(cache, row_at(table, row) + identity_at(cache), table->key_bytes);
        size_t slot = hash & (table->slots - 1);
        while (table->index[slot])
            slot = (slot + 1) & (table->slots - 1);
        table->index[slot] = slot_value(row, hash);
    }
}

static void pending_fold(struct cache *cache, const struct pending *pending) {
    struct table_rows *table = pending->table;
    size_t identity = identity_at(cache), identity_len = sizeof pending->bucket + table->key_bytes;
    size_t slot = pending->hash & (table->slots - 1);
    unsigned n_values = cache->layout->n_sums + 1;
    table->pending--;
    for (;; slot = (slot + 1) & (table->slots - 1)) {
        uint32_t found = table->index[slot];
        if (found == 0) break;
        if (found >> ROW_BITS != (uint32_t)(pending->hash >> 59)) continue;
        uint8_t *row = row_at(table, (found & ((1u << ROW_BITS) - 1)) - 1);
        if (memcmp(row + identity, &pending->bucket, identity_len) != 0) continue;
        uint64_t *sums = (uint64_t *)(void *)row, all = 0;
        for (unsigned i = 0; i < n_values; i++)
            all |= sums[i] += pending->sums[i];
        if (__builtin_expect(all <= SUM_MOST, 1)) return;
        /* One is beyond SUM_MOST, and none is wrapped: a second row of the same key goes on from here, for the sums of
         * all time and of the ledger are exact. */
        for (unsigned i = 0; i < n_values; i++)
            sums[i] -= pending->sums[i];
        break;
    }
    uint8_t *row = row_at(table, table->n);
    memcpy(row, pending->sums, n_values * sizeof pending->sums[0]);
    memcpy(row + identity, &pending->bucket, identity_len);
    table->index[slot] = slot_value(table->n, pending->hash);
    if (table->n == 0) cache->used += INDEX_FIRST * sizeof table->index[0];
    table->n++;
    cache->used += row_cost(table);
    if (table->n > table->slots / 4 * 3) index_grow(cache, table);
}

/* The bytes that `more` rows would add to a table, its index grown as need be; more than any limit where it can't hold
 * them. */
static size_t rows_cost(const struct table_rows *table, size_t more) {
    size_t slots = table->slots;
    size_t have = table->n ? table->slots : 0; /* an empty table's index is no memory yet */
    if (more == 0) return 0;
    if (table->n + more > table->reserved) return SIZE_MAX / (2 * FLOW_FAMILIES * BUCKET_SIZES_MAX);
    while (table->n + more > slots / 4 * 3)
        slots *= 2;
    return more * row_cost(table) + (slots - have) * sizeof table->index[0];
}

static void batch_fold(struct cache *cache) {
    for (unsigned i = 0; i < cache->n_pending; i++) { /* the index slots have been asked for: now their rows */
        const struct pending *pending = &cache->pending[i];
        const struct table_rows *table = pending->table;
        uint32_t found = table->index[pending->hash & (table->slots - 1)];
        if (found) __builtin_prefetch(row_at(table, (found & ((1u << ROW_BITS) - 1)) - 1), 1);
    }
    for (unsigned i = 0; i < cache->n_pending; i++)
        pending_fold(cache, &cache->pending[i]);
    cache->n_pending = 0;
    size_t used = cache->used;
    for (unsigned i = 0; i < cache->n_bases; i++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            used += rows_cost(&cache->tables[i][family], BATCH);
    cache->batch_fits = used <= cache->limit;
}

static inline uint32_t bucket_of(struct table_rows *table, uint32_t time) {
    if (time - table->bucket >= table->size) table->bucket = time - time % table->size;
    return table->bucket;
}

/* A place for one more slice; its caller fills in the sums. Inline, like has_room(): a call would be felt. */
static inline struct pending *pending_add(struct cache *cache, struct table_rows *table, uint32_t bucket,
                                          const uint8_t *key) {
    if (cache->n_pending == BATCH) batch_fold(cache);
    struct pending *pending = &cache->pending[cache->n_pending++];
    pending->table = table;
    table->pending++;
    pending->bucket = bucket;
    _Static_assert(offsetof(struct pending, key) == offsetof(struct pending, bucket) + sizeof(uint32_t),
                   "hashed as one");
    flow_key_copy(pending->key, key, table->key_bytes);
    pending->hash = identity_hash(cache, (const uint8_t *)&pending->bucket, table->key_bytes);
    __builtin_prefetch(&table->index[pending->hash & (table->slots - 1)]);
    return pending;
}

/* All of a record, in one bucket. */
static inline void whole_add(struct cache *cache, struct table_rows *table, uint32_t bucket,
                             const struct flow_record *record, uint64_t units) {
    unsigned n_sums = cache->layout->n_sums;
    struct pending *pending = pending_add(cache, table, bucket, record->key);
    for (unsigned i = 0; i < n_sums; i++)
        pending->sums[i] = record->sums[i];
    pending->sums[n_sums] = units;
}

static void slices_add(struct cache *cache, struct table_rows *table, uint32_t bucket,
                       const struct flow_record *record) {
    unsigned n_sums = cache->layout->n_sums;
    uint64_t duration = (uint64_t)record->end - record->start + 1, before = 0;
    while (before < duration) {
        uint64_t until = (uint64_t)bucket + table->size - record->start;
        if (until > duration) until = duration;
        struct pending *pending = pending_add(cache, table, bucket, record->key);
        for (unsigned i = 0; i < n_sums; i++)
            pending->sums[i] =
                slice_until(record->sums[i], until, duration) - slice_until(record->sums[i], before, duration);
        pending->sums[n_sums] = slice_until(FLOW_UNIT, until, duration) - slice_until(FLOW_UNIT, before, duration);
        before = until;
        bucket += table->size;
    }
}

/* Whether the rows that the flows may add are within the limit. */
static bool has_room(const struct cache *cache, const struct flow_record *records, unsigned n) {
    size_t used = cache->used;
    for (unsigned i = 0; i < cache->n_bases; i++) {
        size_t slices[FLOW_FAMILIES] = {0};
        for (unsigned r = 0; r < n; r++)
            slices[records[r].family] += slice_count(records[r].start, records[r].end, cache->tables[i][0].size);
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            used += rows_cost(&cache->tables[i][family], slices[family] + cache->tables[i][family].pending);
        if (used > cache->limit) return false;
    }
    return true;
}

static inline bool is_whole(const struct table_rows *table, uint32_t bucket, const struct flow_record *record) {
    return record->end - bucket < table->size;
}

/* Whether all flows are within one bucket, and their slices within the batch and so within the limit: has_room()
 * without its sums, for nearly every flow. */
static inline bool fit_batch(struct cache *cache, const struct flow_record *records, unsigned n) {
    if (!cache->batch_fits || n * cache->n_bases > BATCH - cache->n_pending) return false;
    for (unsigned r = 0; r < n; r++)
        for (unsigned i = 0; i < cache->n_bases; i++) {
            struct table_rows *table = &cache->tables[i][records[r].family];
            if (!is_whole(table, bucket_of(table, records[r].start), &records[r])) return false;
        }
    return true;
}

bool cache_add(struct cache *cache, const struct flow_record *records, unsigned n) {
    if (!fit_batch(cache, records, n) && !has_room(cache, records, n)) return false;
    for (unsigned r = 0; r < n; r++)
        for (unsigned i = 0; i < cache->n_bases; i++) {
            struct table_rows *table = &cache->tables[i][records[r].family];
            uint32_t bucket = bucket_of(table, records[r].start);
            if (is_whole(table, bucket, &records[r]))
                whole_add(cache, table, bucket, &records[r], FLOW_UNIT);
            else
                slices_add(cache, table, bucket, &records[r]);
        }
    return true;
}

bool cache_add_row(struct cache *cache, const struct flow_record *record, uint64_t flows) {
    if (!has_room(cache, record, 1)) return false;
    for (unsigned i = 0; i < cache->n_bases; i++) {
        struct table_rows *table = &cache->tables[i][record->family];
        whole_add(cache, table, bucket_of(table, record->start), record, flows * FLOW_UNIT);
    }
    return true;
}

size_t cache_used(const struct cache *cache) { return cache->used; }

size_t cache_row_count(const struct cache *cache) {
    size_t n = 0;
    for (unsigned i = 0; i < cache->n_bases; i++)
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            n += cache->tables[i][family].n;
    return n;
}

struct cache_rows cache_rows(struct cache *cache, uint32_t base_size, enum flow_family family) {
    batch_fold(cache);
    for (unsigned i = 0; i < cache->n_bases; i++) {
        struct table_rows *table = &cache->tables[i][family];
        if (table->size == base_size)
            return (struct cache_rows){table->rows, table->n, table->stride, identity_at(cache) + sizeof(uint32_t),
                                       identity_at(cache)};
    }
    return (struct cache_rows){0};
}
