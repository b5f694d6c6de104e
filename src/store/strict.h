/* SQLite's tables that were made before STRICT: without it a sum beyond 63 bits silently becomes a real number. That is
 * SUM_MOST, as in all tables (flow/sum.h): at least that much. And those made before their sums were wide. */
#ifndef FLOWIMPORT_STORE_STRICT_H
#define FLOWIMPORT_STORE_STRICT_H

#include "store/store_ops.h"

/* Rewrites such tables, each in a transaction of its own: broken off, the next opening goes on with the rest. About
 * 2 s of CPU time for each million rows, and the room for the largest table once more. A table that can't be rewritten
 * stays as it is, and the log says why: it goes on working as before. */
void strict_run(struct store *store);

#endif
