/* Captures in files: pcap and pcapng of either byte order and any unit of time, plain or gzip, in the file's own time.
 */
#ifndef FLOWIMPORT_FILES_CAPTURE_FILE_H
#define FLOWIMPORT_FILES_CAPTURE_FILE_H

#include "files/contents.h"
#include "packet/capture.h"
#include "packet/capture_format.h"

struct capture_file; /* opaque */

/* Whether it begins like a capture. 1 or 0; or -1 with the error set. */
int capture_file_is(struct contents *contents, struct error *error) __attribute__((warn_unused_result));
/* A frame with the LINKTYPE_ number of its interface; good until the callback returns. 0, or -1 with the error set to
 * stop reading. meter_capture_frame() (meter/meter.h) is one of these. */
typedef int capture_file_fn(void *context, int link_type, const struct capture_frame *frame, struct error *error);
/* Of contents from their first byte on, which are borrowed. */
struct capture_file *capture_file_open(struct contents *contents, capture_file_fn *each, void *context);
void capture_file_close(struct capture_file *file);
/* Hands on the next frames: what one read of the file returns. 1: there may be more; 0: there are none; -1 with the
 * error set: the rest can't be read, or the callback stopped. */
int capture_file_read(struct capture_file *file, struct error *error) __attribute__((warn_unused_result));
/* Whether the last error was that the file ends within a frame, or as a packed one too early: all whole frames were
 * handed on. */
bool capture_file_is_cut(const struct capture_file *file);

/* Damaged blocks so far, which were ignored. Borrowed until the file is closed. */
struct capture_damaged {
    uint64_t n;
    int64_t first; /* the byte where the first of them begins */
};
const struct capture_damaged *capture_file_damaged(const struct capture_file *file); /* by enum capture_damage */

#endif
