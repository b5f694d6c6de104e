/* Queue entries out of the lines of a file, however its JSON is laid out: an object a line, several in a line, one over
 * many lines, and lists of them, of any length and however deep they are indented. Lines in, entries out; no I/O.
 *
 * An entry is
 *   - an object. What separates objects outside of strings is ignored: spaces, commas, RFC 7464's record separators,
 *     the brackets of a list, a byte order mark at the beginning. An object over many lines loses its line ends and
 *     indentation.
 *   - a list that is whole in one line, as the queue may have them, unless lists are opened;
 *   - any other line outside of lists, as it is; the reader of entries refuses it, and names the reason.
 *
 * An object that goes wrong is skipped to its end, by its braces. It ends, too, where a line begins with a '{' no
 * further right than its own: so a line that was cut off spoils none but itself, nor does a missing brace in a file
 * that is indented.
 *
 * Memory: an entry, which is ENTRY_BYTES_MAX at most as it stands in the file; of a longer one ENTRY_HEAD_BYTES. */
#ifndef FLOWIMPORT_FILES_OBJECTS_H
#define FLOWIMPORT_FILES_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/reject.h"

struct objects; /* opaque */

struct object {
    const char *text;          /* borrowed until the next call */
    size_t len;                /* of an entry all of it, of a fault what is held */
    int64_t position;          /* the byte behind it */
    int64_t line, column;      /* where it begins, or of a fault what is wrong; from 1 on, in bytes */
    enum reject_reason reason; /* of a fault */
    char why[112];             /* of a fault */
};

/* OBJECTS_OF_LISTS: a list that is whole in one line is no entry, but each of its objects. */
enum objects_lists { OBJECTS_LISTS_WHOLE, OBJECTS_OF_LISTS };
struct objects *objects_new(enum objects_lists lists);
void objects_free(struct objects *objects); /* NULL does nothing */

/* The next bytes of a line, without its end; `text` is borrowed until objects_next() has returned OBJECTS_NONE. `from`:
 * the position of the first of them; `behind`: the one behind them, and where `ends` says that the line ends with them,
 * behind its end. */
void objects_feed(struct objects *objects, int64_t from, int64_t behind, const char *text, size_t len, bool ends);
/* Behind the last line, instead: what is still open is a fault. */
void objects_end(struct objects *objects, int64_t position);

enum objects_status { OBJECTS_NONE, OBJECTS_ENTRY, OBJECTS_FAULT };
/* The next entry, or what is none; OBJECTS_NONE: more lines are needed. */
enum objects_status objects_next(struct objects *objects, struct object *object);

#endif
