/* The element that stands on the rejected list for an entry that could not be counted.
 *
 *   {"reason":"out-of-range","field":"sourceTransportPort","value":"70000","time":1700000000}\n<the entry's bytes>
 *
 * One line of JSON, then the raw bytes as they were taken: whatever they are, they can be read, fixed and retried. Of
 * an entry of more than ENTRY_HEAD_BYTES bytes its head alone is kept; then the line ends with its length,
 * "bytes":5000000.
 */
#ifndef FLOWIMPORT_FLOW_REJECTED_H
#define FLOWIMPORT_FLOW_REJECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "flow/reject.h"

/* Appends the element to the buffer; the text is an entry's, which may be its head alone (flow/entry.h). */
void rejected_format(struct buffer *out, const struct reject *reject, int64_t now, const char *text, size_t len);
/* Where the entry's bytes begin in an element: behind the first newline, or at 0 for a foreign element. */
size_t rejected_entry(const char *element, size_t len);
/* Whether no more than the entry's head was kept; `entry` is what rejected_entry() has said. */
bool rejected_is_cut(const char *element, size_t entry);

#endif
