/* Flows that one router reports twice in NetFlow v5 or v7, which have no direction: where they come in and where they
 * go out. One in DOUBLES_ONE_IN flows is remembered, by its exporter and five-tuple, until another takes its place. It
 * is reported again if the times overlap, and the interfaces are the same, or those that only two places can have
 * (collect/duplicate.h). What an active timeout cuts off goes on later, or has the same start and a later end; what
 * comes in by several links differs in them. Flows without times are not looked at.
 *
 * Memory: DOUBLES_FLOWS times 24 bytes, once the first flow comes. */
#ifndef FLOWIMPORT_COLLECT_DOUBLES_H
#define FLOWIMPORT_COLLECT_DOUBLES_H

#include "collect/duplicate.h"

struct doubles; /* opaque */

enum { DOUBLES_ONE_IN = 16, DOUBLES_FLOWS = 2048 };

struct doubles *doubles_new(uint64_t seed);
void doubles_free(struct doubles *doubles); /* NULL does nothing */
size_t doubles_bytes(void);
/* Whether a record of at least 39 bytes, as NetFlow v5 and v7 have them, is the second of a flow. `exporter`: a hash.
 * *same: by the same interfaces, so that nobody else can tell. */
bool doubles_found(struct doubles *doubles, uint64_t exporter, const uint8_t *record, bool *same);

#endif
