/* Rows of the table `loss` under way: few, so that a search from the last one on is enough. */
#include "import/losses.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "import/slice.h"

static struct loss_row *row_find(const struct losses *losses, const struct lost *lost, uint32_t bucket) {
    for (unsigned i = losses->n; i > 0; i--) {
        struct loss_row *row = &losses->rows[i - 1];
        if (row->bucket == bucket && row->what == lost->what && strcmp(row->source, lost->source) == 0) return row;
    }
    return NULL;
}

static void row_add(struct losses *losses, const struct lost *lost, uint32_t bucket, uint64_t n) {
    struct loss_row *row = row_find(losses, lost, bucket);
    if (!row) {
        row = &losses->rows[losses->n++];
        *row = (struct loss_row){.bucket = bucket, .what = lost->what};
        snprintf(row->source, sizeof row->source, "%s", lost->source);
    }
    row->lost = n > INT64_MAX - row->lost ? INT64_MAX : row->lost + n;
}

bool losses_add(struct losses *losses, const struct lost *lost, uint32_t bucket_size) {
    uint64_t buckets = slice_count(lost->start, lost->end, bucket_size), before = 0;
    uint64_t duration = (uint64_t)lost->end - lost->start + 1;
    uint32_t bucket = lost->start - lost->start % bucket_size;
    if (losses->n + buckets > LOSSES_MAX) return false;
    if (!losses->rows) losses->rows = mem_alloc(LOSSES_MAX * sizeof losses->rows[0]);
    for (uint64_t i = 0; i < buckets; i++, bucket += bucket_size) {
        uint64_t elapsed = i + 1 == buckets ? duration : bucket - (uint64_t)lost->start + bucket_size;
        uint64_t until = slice_until(lost->n, elapsed, duration);
        if (until > before) row_add(losses, lost, bucket, until - before);
        before = until;
    }
    return true;
}

void losses_clear(struct losses *losses) {
    free(losses->rows);
    *losses = (struct losses){.rows = NULL};
}
