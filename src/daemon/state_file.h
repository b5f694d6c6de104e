/* A small file that is read and replaced as a whole: what the collector knows of exporters, for the next start. */
#ifndef FLOWIMPORT_DAEMON_STATE_FILE_H
#define FLOWIMPORT_DAEMON_STATE_FILE_H

#include "base/buffer.h"
#include "base/error.h"

enum { STATE_FILE_MAX = 64 << 20 }; /* bytes; what is larger is not read */

/* Beside the file, then moved: a crash leaves the old one or the new one. May take as long as the file system wants. 0,
 * or -1 with the error set. */
int state_file_replace(const char *path, const struct buffer *text, struct error *error)
    __attribute__((warn_unused_result));
/* Adds its text. 0, also where there is no such file; -1 with the error set. */
int state_file_read(const char *path, struct buffer *text, struct error *error) __attribute__((warn_unused_result));

#endif
