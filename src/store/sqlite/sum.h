/* Sums in our statements in SQLite: exact, whatever they add up to. A wide sum is an integer up to SUM_MOST, beyond it
 * a text, see schema.h. */
#ifndef FLOWIMPORT_STORE_SQLITE_SUM_H
#define FLOWIMPORT_STORE_SQLITE_SUM_H

#include <sqlite3.h>

#include "flow/sum.h"

/* In this connection SUM(a, ...) is the wide sum of all its arguments in all rows, where SQLite's own ends the
 * statement
 * ("integer overflow"). It is a real number where one of the values is one, NULL of none; a negative sum is at least
 * INT64_MIN. And sum_wide(a, b) is a + b of two wide sums. Returns SQLite's code. */
int sqlite_sum_define(sqlite3 *db) __attribute__((warn_unused_result));
/* As sqlite3_bind_...() */
int sqlite_sum_bind(sqlite3_stmt *statement, int index, sum_wide sum) __attribute__((warn_unused_result));

#endif
