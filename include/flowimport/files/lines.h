/* Lines of a file's contents, from the first to the last. */
#ifndef FLOWIMPORT_FILES_LINES_H
#define FLOWIMPORT_FILES_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/contents.h"
#include "flow/entry.h"

enum { LINE_MAX_BYTES = ENTRY_BYTES_MAX }; /* of a longer line no more than its head is held (entry_held()) */

struct lines; /* opaque */

/* Of the whole contents; NULL with the error set. */
struct lines *lines_open(const char *path, struct error *error);
/* The same of contents that are open, and are borrowed. */
struct lines *lines_new(struct contents *contents);
void lines_close(struct lines *lines);
/* See contents_identity(). */
int lines_identity(struct lines *lines, char identity[33], struct error *error) __attribute__((warn_unused_result));
/* The next line without its end of line; borrowed until the next call. Of one of more than LINE_MAX_BYTES bytes *text
 * is the head, and *len counts them all. 1, 0 at the end, -1 with the error set. */
int lines_next(struct lines *lines, const char **text, size_t *len, struct error *error)
    __attribute__((warn_unused_result));
/* The same, but a longer line comes in pieces, each little longer than LINE_MAX_BYTES at most; *ends: the line ends
 * with this one. */
int lines_piece(struct lines *lines, const char **text, size_t *len, bool *ends, struct error *error)
    __attribute__((warn_unused_result));
/* Goes back to the first line. 0, or -1. */
int lines_rewind(struct lines *lines, struct error *error) __attribute__((warn_unused_result));
int64_t lines_position(const struct lines *lines); /* unpacked bytes of what was returned so far */
double lines_progress(const struct lines *lines);  /* 0 to 1, of the file's bytes */

#endif
