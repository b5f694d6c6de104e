/* Tables of flows that other programs keep in MySQL: which there are, their columns, and reading their rows in an order
 * in which a later run goes on behind those it has read.
 *
 * Positions. Where the primary key is a number that the server counts up (AUTO_INCREMENT), a row's position is its key.
 * Else the rows come in the order in which the server keeps them, which is that of their insertion, and a position is
 * their number with a hash of all rows up to it: rows that were deleted, changed or put in between are found out, and
 * nothing is left out or read twice unseen. */
#ifndef FLOWIMPORT_FILES_SOURCE_TABLE_H
#define FLOWIMPORT_FILES_SOURCE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/store.h"

enum {
    SOURCE_COLUMNS_MAX = 256, /* further ones are not read */
    SOURCE_NAME_MAX = 65,     /* MySQL's names have 64 characters; of several bytes each only in tables of nobody */
};

struct source_column {
    char name[SOURCE_NAME_MAX];
    char sql[128];  /* what is selected */
    bool is_binary; /* BLOB, TEXT and their like: bytes of any number */
};

struct source_table {
    char name[SOURCE_NAME_MAX];
    char identity[33]; /* of the server, the database and the table; hashed */
    char key[128];     /* quoted; "": there is no such key */
    int64_t rows;      /* about so many */
    unsigned n;
    struct source_column columns[SOURCE_COLUMNS_MAX];
};

/* The database: its server's name, port and data directory, and its own name, hashed with `more`. */
enum store_status source_identity(struct store *source, const char *more, char identity[33], struct error *error)
    __attribute__((warn_unused_result));
/* The names of those tables that have one of `columns` (which end with NULL), ascending, each with its NUL, into `out`.
 * Tables alone: views have no order. */
enum store_status source_tables_find(struct store *source, const char *const *columns, struct buffer *out,
                                     struct error *error) __attribute__((warn_unused_result));
/* STORE_REFUSED where there is no such table. */
enum store_status source_table_find(struct source_table *table, struct store *source, const char *name,
                                    struct error *error) __attribute__((warn_unused_result));
bool source_table_has(const struct source_table *table, const char *column);
/* A value that is computed for each row; left out where there is no room for another column. */
void source_table_add(struct source_table *table, const char *name, const char *sql);
/* "SELECT columns FROM table" from a position on; with a key that is the first column of the result. */
void source_table_query(const struct source_table *table, int64_t begin, struct buffer *sql);

/* Where the reading of a table is. Begins as {0}. */
struct source_place {
    int64_t rows;     /* in this reading */
    uint64_t hash;    /* of them */
    int64_t position; /* behind the last one */
};

/* Of a row of the query's result; n: with the key's column. */
void source_place_next(struct source_place *place, const struct source_table *table, unsigned n,
                       const char *const *columns, const size_t *lengths);
int64_t source_position_rows(int64_t position); /* of a table without a key */

#endif
