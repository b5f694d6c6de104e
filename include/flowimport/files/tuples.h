/* The flow tuples in Azure's flow logs: strings in lists that are called "flowTuples", however deep they are nested,
 * in files of a single line of any length. Pieces of text in, tuples out; no I/O. What else is in the JSON is not
 * looked at. */
#ifndef FLOWIMPORT_FILES_TUPLES_H
#define FLOWIMPORT_FILES_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TUPLE_MAX = 512 }; /* bytes, with its quotes; of a longer one its head */

struct tuples; /* opaque */

struct tuple {
    const char *text; /* with its quotes, as it is escaped; borrowed until the next call */
    size_t len;
    int64_t position; /* the byte behind it */
};

struct tuples *tuples_new(void);
void tuples_free(struct tuples *tuples); /* NULL does nothing */
/* The next bytes, the first of which is at position `from`; borrowed until tuples_next() has returned false. */
void tuples_feed(struct tuples *tuples, int64_t from, const char *text, size_t len);
bool tuples_next(struct tuples *tuples, struct tuple *tuple);

#endif
