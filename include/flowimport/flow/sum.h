/* Sums that never run out.
 *
 * In memory, and in the rows of a bucket, a sum has 63 bits: what would be more stays at SUM_MOST, which so means "at
 * least that much". 63 bits, not 64: SQLite's integers are signed. Cut sums can be added up further in any order, with
 * the same result: the sum of all, cut. So whatever sums of the tables must be equal are so where they are cut, too.
 *
 * Sums over more than a bucket are wide and exact: those for all time, those of a generation, and what queries add up.
 */
#ifndef FLOWIMPORT_FLOW_SUM_H
#define FLOWIMPORT_FLOW_SUM_H

#include <stdint.h>

#define SUM_MOST ((uint64_t)INT64_MAX)
#define SUM_MOST_TEXT "9223372036854775807" /* in SQL */

/* Added and compared as any number. 2^128 is 2^65 times SUM_MOST: no adding reaches it. */
typedef unsigned __int128 sum_wide;

enum { SUM_DIGITS = 39 }; /* of the largest sum_wide */

static inline uint64_t sum_cut(sum_wide sum) { return sum > SUM_MOST ? SUM_MOST : (uint64_t)sum; }
/* Both are at most SUM_MOST. */
static inline uint64_t sum_add(uint64_t a, uint64_t b) { return sum_cut(a + b); }
/* What is left of a sum without a part of it. 0 where a row of the sum is cut, so that its parts are more. */
static inline sum_wide sum_less(sum_wide sum, sum_wide part) { return sum > part ? sum - part : 0; }

/* Its decimal digits, with zeros before them where they are fewer than `digits`. Returns `text`. */
const char *sum_text(sum_wide sum, unsigned digits, char text[SUM_DIGITS + 1]);
/* The number that a text begins with; 0 where it begins with none, or is NULL. A larger one than a sum_wide is the
 * largest. */
sum_wide sum_read(const char *text);

#endif
