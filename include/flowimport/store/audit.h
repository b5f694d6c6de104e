/* The audit: whether every table says the same as every other and as the ledger. */
#ifndef FLOWIMPORT_STORE_AUDIT_H
#define FLOWIMPORT_STORE_AUDIT_H

#include "store/store.h"

struct audit_result {
    unsigned checks;      /* comparisons made */
    unsigned differences; /* of them, unequal */
    uint64_t buckets;     /* (bucket, size) pairs looked at */
    uint64_t generations; /* ledger rows */
    uint64_t saturated; /* rows of buckets with a sum that has reached SUM_MOST: no difference, for all are cut alike */
    char first_saturated[SCHEMA_NAME_MAX]; /* the table that has the first of them; "" if none */
    char first[ERROR_TEXT_MAX]; /* names table, bucket, column and both values of the first difference; "" if none */
};

/* For every bucket in [from, to) (0, 0: all) and size: sum of flows_S (+ flows6_S) = flows_aggr_S = the index_nodes_S
 * total row = sum of src_ = sum of dst_ over nodes = index_ports_S total row = sum of src_ = sum of dst_ over ports,
 * for each sum and for flows, and per protocol class where the table has it; coarser sizes equal the finer ones where
 * retention has left both (days that a size has lost, and those before it was added, are not compared); the rows of a
 * roll-up's bucket add up to flows_aggr's of the same time (not of days before it is filled); all-time tables
 * agree among themselves and with the sums of the ledger, of which no row may have been deleted for that; each ledger
 * row has entries = imported + too_old + rejected. Sums of buckets are compared as they are cut (flow/sum.h), those for
 * all time are exact. All is read in one snapshot, with its own transaction. STORE_OK: the audit could be made,
 * whatever it found. */
enum store_status audit_run(struct store *store, const struct schema *schema, uint32_t from, uint32_t to,
                            struct audit_result *result, struct error *error) __attribute__((warn_unused_result));

#endif
