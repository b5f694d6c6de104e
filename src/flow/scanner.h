/* The fast reader: a flat JSON object of plain values, read in place. */
#ifndef FLOWIMPORT_FLOW_SCANNER_H
#define FLOWIMPORT_FLOW_SCANNER_H

#include "flow/slots.h"

/* Fills the slots from an object whose members are element names with plain non-negative integers (below 2^63) or
 * strings of printable ASCII without escapes, each slot at most once. true: jansson would find exactly these values.
 * false: anything else, and the slots hold nothing of use. `unknown` is raised by the names that are no element. */
bool scanner_read(struct slots *slots, const char *text, size_t len, uint64_t *unknown);

#endif
