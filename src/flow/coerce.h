/* What a JSON value means for an information element: the one set of rules behind both readers, and what is refused. */
#ifndef FLOWIMPORT_FLOW_COERCE_H
#define FLOWIMPORT_FLOW_COERCE_H

#include <stdbool.h>

#include "flow/element.h"
#include "flow/reject.h"
#include "flow/value.h"

enum { COERCE_OK = -1 }; /* else: enum reject_reason */

/* A whole number in [0, max]: an integer, a string of decimal digits, or a real with no fraction. */
int coerce_unsigned(const struct value *value, uint64_t max, uint64_t *number);
/* Seconds since the epoch, cut down from a number of 1/`per_second` seconds; or a date of RFC 3339, in any field. */
int coerce_time(const struct value *value, uint64_t per_second, uint32_t *seconds);
/* A value of a sum: at most INT64_MAX, and at most what the element's type holds. */
int coerce_sum(const struct value *value, const struct element *element, uint64_t *number);
/* A value of a flow key, packed big-endian into element_width() bytes. */
int coerce_key(const struct value *value, const struct element *element, uint8_t *packed);
/* Whether coerce_key() packs every integer that has room in the element's width as it is: an unsigned number whose bits
 * all count, or an IPv4 address. */
bool coerce_is_plain(const struct element *element);
/* Whether an IPv6 address stands for an IPv4 one: ::ffff:0:0/96. */
bool coerce_is_mapped(const uint8_t address[16]);
/* The value in words, cut to `size`, for the reject's report. */
void coerce_show(const struct value *value, char *text, size_t size);

#endif
