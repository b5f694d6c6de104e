/* A flow's share of each bucket, exact: whatever the batches, the shares add up to the whole.
 *
 * A flow with inclusive seconds [start, end] lasts D = end - start + 1. With t(k) the number of its seconds up to the
 * end of its k-th bucket, that bucket's share of a total is floor(total * t(k) / D) - floor(total * t(k-1) / D). The
 * sum over the buckets telescopes to the total, and the share of a bucket that is made of smaller ones is the sum of
 * theirs: so coarser bucket sizes can be added up from finer ones that divide them. */
#ifndef FLOWIMPORT_IMPORT_SLICE_H
#define FLOWIMPORT_IMPORT_SLICE_H

#include <stdint.h>

/* floor(total * elapsed / duration), for elapsed <= duration: what has flown after `elapsed` seconds. */
static inline uint64_t slice_until(uint64_t total, uint64_t elapsed, uint64_t duration) {
    if (elapsed == duration) return total;
    return (uint64_t)((unsigned __int128)total * elapsed / duration);
}

/* The number of buckets that [start, end] touches. */
static inline uint64_t slice_count(uint32_t start, uint32_t end, uint32_t size) {
    return end / size - (uint64_t)(start / size) + 1;
}

#endif
