/* The sums of one generation, in memory: rows by (bucket, full key), for the smallest bucket sizes alone.
 *
 * Bucket sizes that are multiples of a smaller configured one are added up from it when rows are written (slice.h says
 * why that is exact), and so are the index tables: a flow costs one row access per slice, whatever is configured.
 *
 * Memory: a row is 8 * (sums + 1) + 4 + key bytes, rounded up to 8 (48 bytes for an IPv4 five-tuple with packets and
 * octets), plus 4 bytes a slot of an index that is at most three quarters full (5.3 to 10.7 a row), plus, when the
 * generation is written, CACHE_SCRATCH_ROW bytes a row for sorting. All of it is counted against the limit. */
#ifndef FLOWIMPORT_IMPORT_CACHE_H
#define FLOWIMPORT_IMPORT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/record.h"
#include "store/schema.h"

enum { CACHE_SCRATCH_ROW = 32 };

struct cache; /* opaque */

/* Rows of one family and one base size, for reading: rows[i * stride] holds n_sums + 1 uint64_t (the sums, then flows
 * in FLOW_UNITs), a uint32_t bucket start in host order, the packed full key. */
struct cache_rows {
    const uint8_t *rows;
    size_t n, stride, key_at, bucket_at;
};

/* `limit`: bytes, of rows, indexes and scratch; address space is reserved, memory is used as it fills. `seed` keys the
 * hash, so that nobody can choose colliding keys; it does not change what is stored. Layout and schema are borrowed. */
struct cache *cache_new(const struct flow_layout *layout, const struct schema *schema, size_t limit, uint64_t seed);
void cache_free(struct cache *cache);

/* Adds the slices of all n flows. false, and nothing was added: there is no room; the generation must be written first.
 */
bool cache_add(struct cache *cache, const struct flow_record *records, unsigned n) __attribute__((warn_unused_result));
/* The same of a row that another importer has added up: `flows` whole flows, all in the bucket that the record starts
 * and ends in. */
bool cache_add_row(struct cache *cache, const struct flow_record *record, uint64_t flows)
    __attribute__((warn_unused_result));
/* Bytes of the limit used. */
size_t cache_used(const struct cache *cache);
size_t cache_row_count(const struct cache *cache);
/* Empties it and gives the memory back to the system. */
void cache_clear(struct cache *cache);

/* The smallest configured size. */
uint32_t cache_smallest_size(const struct cache *cache);
/* The smallest configured size that divides `size`: the one whose rows it is added up from. */
uint32_t cache_base_size(const struct schema *schema, uint32_t size);
/* The rows of a base size. Flows added with cache_add before are in them. */
struct cache_rows cache_rows(struct cache *cache, uint32_t base_size, enum flow_family family);

#endif
