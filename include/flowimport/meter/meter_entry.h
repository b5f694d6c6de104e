/* A flow as a queue entry: one JSON object, named by information elements, as the importer and every consumer of the
 * queue read it.
 *
 * IPv4 addresses are numbers in host order; IPv6 addresses are text as RFC 5952 has it, MAC addresses text with colons,
 * an MPLS label hexadecimal text of its three octets; all else is numbers. The other direction of a biflow has the
 * prefix "rev", and is left out where there was none. */
#ifndef FLOWIMPORT_METER_METER_ENTRY_H
#define FLOWIMPORT_METER_METER_ENTRY_H

#include <stddef.h>

#include "meter/meter_flow.h"

enum { METER_ENTRY_MAX = 4096 }; /* bytes of an entry */

struct meter_entry; /* opaque: how flows of a template are written */

struct meter_entry *meter_entry_new(const struct meter_template *fields);
void meter_entry_free(struct meter_entry *entry);
/* Returns the length; nothing stands behind it. */
size_t meter_entry_write(const struct meter_entry *entry, const struct meter_flow *flow, char out[METER_ENTRY_MAX]);

#endif
