/* A value as the entry's JSON had it, before its element's type has had a say: what the two readers hand to coerce.c.
 */
#ifndef FLOWIMPORT_FLOW_VALUE_H
#define FLOWIMPORT_FLOW_VALUE_H

#include <stddef.h>
#include <stdint.h>

enum value_kind { VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_BOOLEAN, VALUE_COMPOUND };

struct value {
    enum value_kind kind;
    uint32_t len;  /* of text */
    uint16_t name; /* index into the decoder's names: which spelling the entry used */
    union {
        int64_t integer; /* also 0 or 1 of a boolean */
        double real;
        const char *text; /* borrowed from the entry or from jansson's tree; not terminated */
    };
};

#endif
