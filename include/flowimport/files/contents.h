/* The contents of a file, plain or packed by gzip, zstd or xz, or of standard input, from first to last byte. */
#ifndef FLOWIMPORT_FILES_CONTENTS_H
#define FLOWIMPORT_FILES_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct contents; /* opaque */

/* "-" is standard input. `again`: the contents will be asked for their identity or read once more; for that, standard
 * input is first copied to a temporary file (in $TMPDIR, else /tmp), and other files must be regular ones. NULL with
 * the error set. */
struct contents *contents_open(const char *path, bool again, struct error *error);
void contents_close(struct contents *contents);
const char *contents_name(const struct contents *contents); /* the path, or "standard input" */
/* The first bytes, which are read again later; before anything else is. Fewer than `size` at the end, also where a
 * packed file ends too early. -1 with the error set. */
int contents_peek(struct contents *contents, void *to, unsigned size, struct error *error)
    __attribute__((warn_unused_result));
/* Bytes read, 0 at the end, -1 with the error set. A packed file that ends too early is an error behind all that could
 * be unpacked. */
int contents_read(struct contents *contents, void *to, unsigned size, struct error *error)
    __attribute__((warn_unused_result));
/* What the unpacked contents are known by: 32 hexadecimal digits of their XXH3-128 hash. Reads all of them once, and
 * goes back to the first byte. 0, or -1. Of a packed file that ends too early it is that of what could be unpacked,
 * beside the error. */
int contents_identity(struct contents *contents, char identity[33], struct error *error)
    __attribute__((warn_unused_result));
/* Whether the last error was that the packed file ends too early. */
bool contents_is_cut(const struct contents *contents);
/* Goes back to the first byte. 0, or -1. */
int contents_rewind(struct contents *contents, struct error *error) __attribute__((warn_unused_result));
double contents_progress(const struct contents *contents); /* 0 to 1, of the file's bytes; 0 where it has no size */

#endif
