/* Captures in files: pcap and pcapng of either byte order and any unit of time, plain or gzip, in the file's own time.
 */
#ifndef FLOWIMPORT_INPUT_CAPTURE_FILE_H
#define FLOWIMPORT_INPUT_CAPTURE_FILE_H

#include "input/contents.h"
#include "meter/meter.h"

struct capture_file; /* opaque */

/* Whether it begins like a capture. 1 or 0; or -1 with the error set. */
int capture_file_is(struct contents *contents, struct error *error) __attribute__((warn_unused_result));
/* Of contents from their first byte on; both are borrowed. */
struct capture_file *capture_file_open(struct contents *contents, struct meter *meter);
void capture_file_close(struct capture_file *file);
/* Hands the next frames to the meter: what a read of the file has. 1: there may be more; 0: there are none, and all
 * flows have ended; -1 with the error set, where the rest can't be read: flows have ended here too. */
int capture_file_read(struct capture_file *file, struct error *error) __attribute__((warn_unused_result));

#endif
