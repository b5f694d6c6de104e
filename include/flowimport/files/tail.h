/* Lines of a file that grows, across its rotation.
 *
 * A file that was renamed (FILE.1, FILE-20261123) is read to its end, then those that were changed after it in the
 * order of their last change, then the new FILE; so nothing is missed however many rotations come before it is read on,
 * as long as the renamed files are there and not packed. One that is cut off and written anew in its place begins again
 * at its first byte; what was written between the last look and the cut is gone.
 *
 * A file is known by its label: inode and hash of its first line. */
#ifndef FLOWIMPORT_FILES_TAIL_H
#define FLOWIMPORT_FILES_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { TAIL_LABEL_MAX = 48 };

struct tail; /* opaque */

/* Begins behind byte `position` of the file with this label, be that `path` or one that has been renamed; else at the
 * first byte of `path`. NULL with the error set. */
struct tail *tail_open(const char *path, const char *label, uint64_t position, struct error *error);
void tail_close(struct tail *tail);

/* TAIL_LINE: the next whole line without its end of line, borrowed until the next call. TAIL_FILE: the lines that
 * follow are those of the file tail_label(), behind tail_position(); always comes before the first line. TAIL_NONE:
 * none for the moment. -1 with the error set. `now_us` is of a clock that nobody sets. */
enum { TAIL_NONE, TAIL_LINE, TAIL_FILE };
int tail_next(struct tail *tail, int64_t now_us, const char **text, size_t *len, struct error *error)
    __attribute__((warn_unused_result));
const char *tail_label(const struct tail *tail);
/* Goes on at the first byte of the file that was reported, which is not reported again. */
void tail_rewind(struct tail *tail);
uint64_t tail_position(const struct tail *tail); /* the byte behind the last line returned */

#endif
