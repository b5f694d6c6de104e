/* SUM() for our statements in SQLite: one that can't fail. */
#ifndef FLOWIMPORT_STORE_SQLITE_SUM_H
#define FLOWIMPORT_STORE_SQLITE_SUM_H

#include <sqlite3.h>

/* In this connection SUM() is at most SUM_MOST, where SQLite's own ends the statement ("integer overflow"). Otherwise
 * it is what it was: an integer of integers, a real number where one of the values is one, NULL of none. Returns
 * SQLite's code. */
int sqlite_sum_define(sqlite3 *db) __attribute__((warn_unused_result));

#endif
