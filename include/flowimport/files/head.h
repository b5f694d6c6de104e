/* What the first bytes of a file of no known format tell: whether queue entries may be in it, and if not, what it is.
 */
#ifndef FLOWIMPORT_FILES_HEAD_H
#define FLOWIMPORT_FILES_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Whether a file that begins like this is of lines of JSON. It is where the first thing in it is an object, a list of
 * such, or END; where there is nothing but white space; and, if it is text, where any later line begins with an object,
 * as the first one may have been cut off. */
bool head_has_entries(const char *head, size_t len);
/* Sets the error for a file that has none, and returns -1: which formats are known, or by what it is packed. */
int head_refuse(const char *path, const char *head, size_t len, struct error *error);

#endif
