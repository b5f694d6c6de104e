/* Sums that never run out: what would be more than 63 bits hold stays at SUM_MOST, which so means "at least that much".
 *
 * 63 bits, not 64: SQLite's integers are signed. Cut sums can be added up further in any order, with the same result:
 * the sum of all, cut. So whatever sums of the tables must be equal are so where they are cut, too. */
#ifndef FLOWIMPORT_FLOW_SUM_H
#define FLOWIMPORT_FLOW_SUM_H

#include <stdint.h>

#define SUM_MOST ((uint64_t)INT64_MAX)
#define SUM_MOST_TEXT "9223372036854775807" /* in SQL */

static inline uint64_t sum_cut(uint64_t number) { return number > SUM_MOST ? SUM_MOST : number; }
/* Both are at most SUM_MOST. */
static inline uint64_t sum_add(uint64_t a, uint64_t b) { return sum_cut(a + b); }
/* What is left of a sum without a part of it. 0 where both are cut, for nobody knows. */
static inline uint64_t sum_less(uint64_t sum, uint64_t part) { return sum > part ? sum - part : 0; }

#endif
