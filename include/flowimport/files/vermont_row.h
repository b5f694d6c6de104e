/* Rows of the tables that VERMONT's ipfixDbWriter makes, as queue entries. Columns and their values in, entries out; no
 * I/O.
 *
 * Columns have the names of information elements, or the legacy ones (srcIP, pkts, firstSwitched ...); "rev" in front
 * is the other direction. Columns of other names are passed over. Values are the database's texts, put into JSON by the
 * element's type; which of them are accepted is decided where entries are read.
 *
 *   - firstSwitched and lastSwitched are seconds, or milliseconds: those are told by being 2^32 or more. Seconds beside
 *     a column firstSwitchedMillis are put together with it.
 *   - Microseconds and nanoseconds may be 64-bit NTP timestamps (RFC 7011, section 6.1.9), as VERMONT stores what it
 *     was sent: those are told by being 2^63 or more.
 *   - IPv6 addresses are 16 bytes, MAC addresses are numbers. */
#ifndef FLOWIMPORT_FILES_VERMONT_ROW_H
#define FLOWIMPORT_FILES_VERMONT_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct vermont_row; /* opaque: what the columns of one table mean */

/* Whether a column can be part of an entry. */
bool vermont_column_is_known(const char *column);
/* Of these columns, in the order of the values. NULL with the error set where none has the flow's start, or its end. */
struct vermont_row *vermont_row_new(const char *const *columns, unsigned n, struct error *error);
void vermont_row_free(struct vermont_row *row); /* NULL does nothing */
/* The entry of a row, borrowed until the next call. A value of NULL is SQL's: it is left out. */
const char *vermont_row_entry(struct vermont_row *row, const char *const *values, const size_t *lengths, size_t *len);

#endif
