/* The IPFIX information elements: one table of the IANA registry's facts (RFC 7012, registry of 2013 to 2024).
 *
 * The element's abstract data type (RFC 7012, section 3.1) decides how a value is read, how many bytes it has in a
 * key, and its SQL column type. */
#ifndef FLOWIMPORT_FLOW_ELEMENT_H
#define FLOWIMPORT_FLOW_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum element_type { /* the numbers of the registry "IPFIX Information Element Data Types" (RFC 5610) */
                    ELEMENT_OCTET_ARRAY = 0,
                    ELEMENT_UNSIGNED8 = 1,
                    ELEMENT_UNSIGNED16 = 2,
                    ELEMENT_UNSIGNED32 = 3,
                    ELEMENT_UNSIGNED64 = 4,
                    ELEMENT_SIGNED8 = 5,
                    ELEMENT_SIGNED16 = 6,
                    ELEMENT_SIGNED32 = 7,
                    ELEMENT_SIGNED64 = 8,
                    ELEMENT_FLOAT32 = 9,
                    ELEMENT_FLOAT64 = 10,
                    ELEMENT_BOOLEAN = 11,
                    ELEMENT_MAC_ADDRESS = 12,
                    ELEMENT_STRING = 13,
                    ELEMENT_DATE_TIME_SECONDS = 14,
                    ELEMENT_DATE_TIME_MILLISECONDS = 15,
                    ELEMENT_DATE_TIME_MICROSECONDS = 16,
                    ELEMENT_DATE_TIME_NANOSECONDS = 17,
                    ELEMENT_IPV4_ADDRESS = 18,
                    ELEMENT_IPV6_ADDRESS = 19,
                    ELEMENT_BASIC_LIST = 20,
                    ELEMENT_SUB_TEMPLATE_LIST = 21,
                    ELEMENT_SUB_TEMPLATE_MULTI_LIST = 22,
};

enum {
    ELEMENT_COUNT = 445,
    ELEMENT_TEXT_MAX = 64, /* bytes of a string or octetArray that is used as a flow key */
};

/* The numbers of the elements, under the registry's names: IE_octetDeltaCount is 1. */
enum element_id {
#define ELEMENT(id, type, name) IE_##name = id,
#include "flow/elements.def"
#undef ELEMENT
    /* NetFlow v9's, which the table leaves out */
    IE_samplingInterval = 34,
    IE_samplingAlgorithm = 35,
    IE_samplerId = 48,
    IE_samplerRandomInterval = 50,
};

struct element {
    uint16_t id;
    uint8_t type; /* enum element_type */
    const char *name;
};

extern const struct element element_table[ELEMENT_COUNT]; /* by ascending id */

const struct element *element_by_id(unsigned id);                         /* NULL: not in the table */
const struct element *element_by_name(const char *name, size_t name_len); /* exact case; NULL: not in the table */

/* Bytes of a value in a packed key: 1 to 16, ELEMENT_TEXT_MAX for text, 0 for the list types, which can't be keys. */
unsigned element_width(const struct element *element);
/* Whether values of it can be added up (unsigned integers that aren't identifiers of anything are the caller's
 * business). */
bool element_is_sum(const struct element *element);
/* "INT UNSIGNED", "BINARY(16)", ...: the column type in MySQL. NULL for the list types. SQLite's is derived from it by
 * the schema. */
const char *element_sql_type(const struct element *element);
/* "unsigned16", "ipv4Address", ...: the registry's name of the type. */
const char *element_type_name(unsigned type);

#endif
