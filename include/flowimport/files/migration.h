/* Flow-inspector's database: which of its tables are read for which time, and their rows as flow records.
 *
 * Read are the tables flows_S alone: the index tables are made anew from their rows. A row of an old bucket lies whole
 * in one bucket of every size that is a multiple of the old one. Where the old sizes were kept for different times, the
 * smallest is read as far back as it reaches, and the next larger one before that; so every row that is read counts
 * once in the tables for all time. */
#ifndef FLOWIMPORT_FILES_MIGRATION_H
#define FLOWIMPORT_FILES_MIGRATION_H

#include "flow/reject.h"
#include "store/store.h"

enum { MIGRATION_TABLES_MAX = 32 };

struct migration_table {  /* flows_`size` */
    uint32_t size;        /* seconds */
    uint32_t first, last; /* its buckets; first > last: it has no row */
    /* The plan: buckets in [from, to) are read, into the configured sizes that are multiples of its own. Where `why`
     * says something nothing is. */
    uint32_t from;
    uint64_t to;
    unsigned n_targets;
    uint32_t targets[BUCKET_SIZES_MAX];
    char why[128];
};

struct migration {
    char identity[33]; /* of the old database: its server's name, port and data directory, and its own name; hashed */
    unsigned n;
    struct migration_table tables[MIGRATION_TABLES_MAX]; /* ascending by size */
};

/* Finds the tables, and refuses a database without any or with other keys or sums than the configured ones. `source`:
 * opened as foreign. */
enum store_status migration_find(struct migration *migration, struct store *source, const struct flow_layout *layout,
                                 struct error *error) __attribute__((warn_unused_result));
/* What is read of which table. False: nothing can be. */
bool migration_plan(struct migration *migration, const struct schema *schema) __attribute__((warn_unused_result));
/* The plan as "60=1700000400,600=1690000000", so that a later run can keep to it whatever has been deleted since. */
void migration_plan_print(const struct migration *migration, struct buffer *out);
bool migration_plan_parse(struct migration *migration, const struct schema *schema, const char *text)
    __attribute__((warn_unused_result));
/* The first bucket from which the tables of `size` are complete beside those of all other sizes; 0: from the beginning.
 * A midnight, as the audit goes by days. */
uint32_t migration_size_from(const struct migration *migration, uint32_t size);

/* "SELECT keys, sums, flows FROM flows_S WHERE bucket = ?", in the order of the keys. */
void migration_query(const struct migration_table *table, const struct flow_layout *layout, struct buffer *sql);
/* A row of that query's result: 0, or -1 with *reject filled. */
int migration_row(const struct migration_table *table, const struct flow_layout *layout, uint32_t bucket,
                  const char *const *columns, const size_t *lengths, struct flow_record *record, uint64_t *flows,
                  struct reject *reject) __attribute__((warn_unused_result));

#endif
