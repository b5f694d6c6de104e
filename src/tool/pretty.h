/* Queue entries as a person reads them: a line for each direction. */
#ifndef FLOWIMPORT_TOOL_PRETTY_H
#define FLOWIMPORT_TOOL_PRETTY_H

#include "base/buffer.h"
#include "flow/reject.h"

struct pretty; /* opaque */

struct pretty *pretty_new(void);
void pretty_free(struct pretty *pretty);
/* Appends the lines, of start (UTC), length, protocol, the two ends, packets and octets; the first time names over
 * them. 0, or -1 where the entry is none that could be counted. */
int pretty_write(struct pretty *pretty, const char *text, size_t len, struct buffer *out, struct reject *reject)
    __attribute__((warn_unused_result));

#endif
