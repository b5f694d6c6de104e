/* Lines that other tools write, as queue entries: Zeek's conn.log, Argus' ra, nfdump, Suricata, GoFlow2, pmacct, SiLK
 * and YAF, flow logs of clouds, and JSON with IANA's names. Lines in, entries out; no I/O.
 *
 * What a column means is in one table for each tool (zeek.c, argus.c, ...), which also tells how its counts are to be
 * understood. A connection's other direction is its reverse (RFC 5103), left out where it has no packets.
 * Times keep their microseconds. Columns that no element stands for are passed over. */
#ifndef FLOWIMPORT_FILES_FOREIGN_H
#define FLOWIMPORT_FILES_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* FOREIGN_ENTRIES: what is read is of no other tool (files/objects.h). */
enum foreign_format {
    FOREIGN_ENTRIES,
    FOREIGN_ZEEK,
    FOREIGN_ARGUS,
    FOREIGN_NFDUMP,
    FOREIGN_VPC,
    FOREIGN_PMACCT, /* before others that have the names of its objects */
    FOREIGN_SURICATA,
    FOREIGN_GOFLOW2,
    FOREIGN_SILK,
    FOREIGN_GCP,
    FOREIGN_AZURE,
    FOREIGN_IANA,
    FOREIGN_FORMATS
};

enum {
    FOREIGN_HEAD = 4096,          /* bytes by which a format is known */
    FOREIGN_RECORD_MAX = 1 << 16, /* bytes of a line that is no object */
};

/* Whether a source that begins like this consists of objects of JSON, which files/objects.h takes apart (with
 * OBJECTS_OF_LISTS): each is a line for foreign_line() then. */
bool foreign_is_objects(const char *head, size_t len);

struct foreign; /* opaque: a reader of one source, and the header that it saw last */

/* The format of a source that begins like this; FOREIGN_ENTRIES for whatever is nothing else. */
enum foreign_format foreign_find(const char *head, size_t len);

/* Not FOREIGN_ENTRIES. `time`: of records that have none, seconds since 1970; 0: these are refused. */
struct foreign *foreign_new(enum foreign_format format, int64_t time);
void foreign_free(struct foreign *foreign);

/* The next line, without its end of line, or the next object. FOREIGN_ENTRY: *text is an entry, borrowed until the next
 * call. FOREIGN_NONE: the line is a header, a comment, a sum, or a record that was passed over. -1: it is wrong, and
 * the error names column, value and what is accepted. */
enum { FOREIGN_NONE, FOREIGN_ENTRY };
int foreign_line(struct foreign *foreign, const char *line, size_t len, const char **text, size_t *text_len,
                 struct error *error) __attribute__((warn_unused_result));
/* The same of a line that was read before: only headers count. */
void foreign_skip(struct foreign *foreign, const char *line, size_t len);

/* Whether it is a line that is no record, such as stands between objects of some tools. */
bool foreign_comment(struct foreign *foreign, const char *line, size_t len);

/* What the last entry or error was made of, borrowed as that was. */
const char *foreign_record(const struct foreign *foreign, size_t *len);
/* The header's lines, each with its end, that records need in order to be read again; "" where there are none. */
const char *foreign_header(const struct foreign *foreign);
/* Records that were passed over, as they are no flows of IP. */
uint64_t foreign_passed_over(const struct foreign *foreign);

#endif
