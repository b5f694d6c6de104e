/* The rows of one kind of table, each by itself or added up by some of its columns, in the order that is wanted: what
 * flow-inspector's API asks. One statement over the tables of both families. */
#ifndef FLOWIMPORT_STORE_QUERY_TALLY_H
#define FLOWIMPORT_STORE_QUERY_TALLY_H

#include "store/query/filter.h"
#include "store/store.h"

enum {
    TALLY_SORTS_MAX = 8,
    TALLY_GROUPS = 1 + PROTO_CLASSES + 2, /* of values: all, the classes, those of the source, of the destination */
    TALLY_VALUES_MAX = TALLY_GROUPS * (FLOW_SUMS_MAX + 1),
};

enum tally_ends { TALLY_COLUMNS, TALLY_ADDRESSES, TALLY_PORTS };

struct tally_sort {
    bool is_key, is_descending;
    unsigned place; /* among the query's keys, or among a row's values */
};

struct tally {
    enum table_kind kind;
    uint32_t size;       /* 0: all time, of the index tables */
    int64_t first, last; /* buckets, both inclusive */
    const struct filter *filter;
    bool total; /* of an index table: its row of all, and no other */
    /* Of a flows table: by the one key "id", the address or port of either end. A flow from an end to itself counts
     * twice, as in the index tables. Then there are no other keys. */
    enum tally_ends ends;
    unsigned n_keys;
    struct tally_key {
        unsigned column; /* of the table's primary key */
        bool is_largest; /* the largest of the rows that are added up, and not what tells them apart */
    } keys[SCHEMA_KEYS_MAX];
    /* NULL, or which values of a field of the five-tuple stay: all others are 0. */
    const struct filter *kept[FLOW_TUPLE_FIELDS];
    bool biflow; /* both directions are one row, the smaller address its source; where both addresses are keys */
    bool sides;  /* of an index table: the last two groups of values, too */
    unsigned n_sorts;
    struct tally_sort sorts[TALLY_SORTS_MAX]; /* equals come by their keys, ascending */
    unsigned limit;
};

struct tally_row {
    unsigned n_keys;
    struct {
        const char *name;
        bool is_number; /* as JSON has them; else a text, as an IPv6 address is */
        const char *text;
    } keys[SCHEMA_KEYS_MAX];
    sum_wide values[TALLY_VALUES_MAX]; /* group by group: the sums in the layout's order, then flows in FLOW_UNITs */
};
typedef void tally_row_fn(void *context, const struct tally_row *row);

/* How many groups of values its rows have: flows tables without a protocol have no classes. */
unsigned tally_n_groups(const struct schema *schema, const struct tally *tally);
/* The name of a row's value: "octetDeltaCount", "tcp_flows", "src_octetDeltaCount". */
void tally_value_name(const struct schema *schema, unsigned place, char *name, size_t size);
enum store_status tally_run(struct store *store, const struct schema *schema, const struct tally *tally,
                            tally_row_fn *row, void *context, struct error *error) __attribute__((warn_unused_result));

#endif
