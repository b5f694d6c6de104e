/* The loss of one generation, added up: rows of the table `loss`. */
#ifndef FLOWIMPORT_IMPORT_LOSSES_H
#define FLOWIMPORT_IMPORT_LOSSES_H

#include "flow/lost.h"

enum { LOSSES_MAX = 4096 }; /* rows of a generation, 88 bytes each: with more it is full */

struct loss_row {
    uint32_t bucket; /* of the smallest bucket size */
    enum lost_what what;
    char source[LOST_SOURCE_MAX];
    uint64_t lost; /* at most INT64_MAX */
};

struct losses {
    struct loss_row *rows; /* allocated with the first */
    unsigned n;
};

/* Adds the shares of its buckets (import/slice.h). false, and nothing was added: there is no room. */
bool losses_add(struct losses *losses, const struct lost *lost, uint32_t bucket_size)
    __attribute__((warn_unused_result));
void losses_clear(struct losses *losses); /* gives the memory back */

#endif
