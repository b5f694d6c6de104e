/* What addresses are called, as SQL: decision trees over the ranges of a book. A tree of 1,000 ranges costs a row as
 * much as six comparisons in a row (MariaDB 10.11, SQLite 3.40: 0.1 to 0.2 µs), where a list of 1,000 conditions costs
 * thousands; and no address leaves the database. */
#ifndef FLOWIMPORT_STORE_QUERY_NAME_SQL_H
#define FLOWIMPORT_STORE_QUERY_NAME_SQL_H

#include "store/query/filter.h"

enum { NAME_RANGES_MAX = 4096 }; /* of one tree: 150 KB of SQL, for each table that is read */

/* The value of a name, or 1 for own networks and 0, of the address in the column. */
void name_value_write(const struct dimension *dimension, enum flow_family family, const char *column,
                      struct buffer *sql);
/* The direction, of the addresses in two columns: enum dimension_direction. */
void name_direction_write(const struct dimension *dimension, enum flow_family family, const char *source,
                          const char *destination, struct buffer *sql);
/* A condition: the address has one of the term's names. */
void name_condition_write(const struct filter *filter, const struct filter_term *term, enum flow_family family,
                          const char *column, struct buffer *sql);

/* Whether what is written for it has at most NAME_RANGES_MAX ranges. True of dimensions that are no names. */
bool name_value_fits(const struct dimension *dimension);
bool name_condition_fits(const struct filter *filter, const struct filter_term *term);
/* What is accepted instead. */
extern const char name_fits_accepted[];

#endif
