/* The flows of capture files. */
#ifndef FLOWIMPORT_TOOL_CAPTURES_H
#define FLOWIMPORT_TOOL_CAPTURES_H

#include "files/contents.h"
#include "meter/meter.h"
#include "tool/command.h"

/* Each of these returns an exit code; what is wrong has been said. A sum of packets and of what was not counted goes to
 * stderr. *damaged: what is missing of the file is added to it: damaged blocks, which were ignored; a cut at its end;
 * and if not a packet was counted, frames of link types that are not supported. */
/* The flows of a capture, from its first frame on, in an order that depends on nothing but the contents, the
 * configuration and the seed. */
int captures_flows(const struct command_call *call, struct contents *contents, uint64_t seed, meter_flow_fn *each,
                   void *context, uint64_t *damaged);
/* The same as queue entries, which are borrowed. Where `each` returns anything but EXIT_DONE it is not called again,
 * and that is returned. */
typedef int captures_entry_fn(void *context, const char *text, size_t len);
int captures_entries(const struct command_call *call, struct contents *contents, uint64_t seed, captures_entry_fn *each,
                     void *context, uint64_t *damaged);

#endif
