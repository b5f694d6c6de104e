/* Numbers as a person reads them. */
#ifndef FLOWIMPORT_TOOL_UNITS_H
#define FLOWIMPORT_TOOL_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "flow/sum.h"

/* "512", "1.50 k", "83.1 M", "2.00 T" (1000s). For octets give unit "B": "83.1 MB". Three digits that count. */
const char *units_count(sum_wide number, const char *unit, char *text, size_t size);
/* "45 s", "3 min", "2 h 05 min", "3 d 4 h". */
const char *units_age(int64_t seconds, char *text, size_t size);

#endif
