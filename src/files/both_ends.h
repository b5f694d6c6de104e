/* Flows that both of their ends have reported, in one file: who was first to report a five-tuple, by whom alone it
 * counts.
 *
 * Sets of four entries of 16 bytes, 4 MiB, made with the first flow whose reporter is known; the one not heard of for
 * longest gives way. What comes out follows from the records before alone, so that reading can go on anywhere. */
#ifndef FLOWIMPORT_FILES_BOTH_ENDS_H
#define FLOWIMPORT_FILES_BOTH_ENDS_H

#include <stdbool.h>
#include <stddef.h>

struct both_ends; /* opaque */

void both_ends_free(struct both_ends *ends); /* NULL does nothing */
/* Whether somebody other than this reporter was first. *ends is NULL at first. */
bool both_ends_found(struct both_ends **ends, const void *tuple, size_t len, const char *reporter, size_t reporter_len);

#endif
