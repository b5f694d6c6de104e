/* A firewall's connections (Cisco ASA and FTD, NetFlow Secure Event Logging). Updates (firewallEvent 5) have what has
 * come since the last one, the teardown (2) has all of it: what updates have counted is remembered, and not counted
 * again. A connection that isn't known counts by its teardown alone, as it must where the
 * firewall sends no updates.
 *
 * Known by exporter, domain and flowId, or where that is missing by its five-tuple (collect/counted.h).
 */
#ifndef FLOWIMPORT_COLLECT_NSEL_H
#define FLOWIMPORT_COLLECT_NSEL_H

#include "collect/counted.h"

/* Whether records of this template are of such events: they have one, and count by connection (initiatorOctets or
 * totals). Where they have octetDeltaCount (Palo Alto) each counts for itself. */
bool nsel_look(const struct field_specifier *fields, unsigned n);

enum nsel_verdict { NSEL_COUNT, NSEL_COUNTED_BEFORE, NSEL_CREATED, NSEL_DENIED };
/* What to do with a record. NSEL_COUNT: *bytes is it, or a copy with what was counted before taken off, good until the
 * next call; context->since_us is when the connection was last reported, where that is known. `now`: seconds. */
enum nsel_verdict nsel_record(struct counted *counted, const struct data_record_plan *plan,
                              struct data_record_context *context, const uint8_t **bytes, size_t len, uint32_t now);

#endif
