/* The table of information elements, and what follows from an element's type. */
#include "flow/element.h"

#include <stdlib.h>
#include <string.h>

const struct element element_table[ELEMENT_COUNT] = {
#define ELEMENT(id, type, name) {id, ELEMENT_##type, #name},
#include "flow/elements.def"
#undef ELEMENT
};

/* By type: its name in the registry, its bytes in a packed key, its MySQL column type as a key. */
static const struct {
    const char *name;
    uint8_t width;
    const char *sql;
} types[] = {
    [ELEMENT_OCTET_ARRAY] = {"octetArray", ELEMENT_TEXT_MAX, "BINARY(64)"},
    [ELEMENT_UNSIGNED8] = {"unsigned8", 1, "TINYINT UNSIGNED"},
    [ELEMENT_UNSIGNED16] = {"unsigned16", 2, "SMALLINT UNSIGNED"},
    [ELEMENT_UNSIGNED32] = {"unsigned32", 4, "INT UNSIGNED"},
    [ELEMENT_UNSIGNED64] = {"unsigned64", 8, "BIGINT UNSIGNED"},
    [ELEMENT_SIGNED8] = {"signed8", 1, "TINYINT"},
    [ELEMENT_SIGNED16] = {"signed16", 2, "SMALLINT"},
    [ELEMENT_SIGNED32] = {"signed32", 4, "INT"},
    [ELEMENT_SIGNED64] = {"signed64", 8, "BIGINT"},
    [ELEMENT_FLOAT32] = {"float32", 8, "DOUBLE"},
    [ELEMENT_FLOAT64] = {"float64", 8, "DOUBLE"},
    [ELEMENT_BOOLEAN] = {"boolean", 1, "TINYINT UNSIGNED"},
    [ELEMENT_MAC_ADDRESS] = {"macAddress", 6, "BINARY(6)"},
    [ELEMENT_STRING] = {"string", ELEMENT_TEXT_MAX, "VARBINARY(64)"},
    [ELEMENT_DATE_TIME_SECONDS] = {"dateTimeSeconds", 4, "INT UNSIGNED"},
    [ELEMENT_DATE_TIME_MILLISECONDS] = {"dateTimeMilliseconds", 8, "BIGINT UNSIGNED"},
    [ELEMENT_DATE_TIME_MICROSECONDS] = {"dateTimeMicroseconds", 8, "BIGINT UNSIGNED"},
    [ELEMENT_DATE_TIME_NANOSECONDS] = {"dateTimeNanoseconds", 8, "BIGINT UNSIGNED"},
    [ELEMENT_IPV4_ADDRESS] = {"ipv4Address", 4, "INT UNSIGNED"},
    [ELEMENT_IPV6_ADDRESS] = {"ipv6Address", 16, "BINARY(16)"},
    [ELEMENT_BASIC_LIST] = {"basicList", 0, NULL},
    [ELEMENT_SUB_TEMPLATE_LIST] = {"subTemplateList", 0, NULL},
    [ELEMENT_SUB_TEMPLATE_MULTI_LIST] = {"subTemplateMultiList", 0, NULL},
};

static int id_compare(const void *id, const void *element) {
    return *(const int *)id - ((const struct element *)element)->id;
}

const struct element *element_by_id(unsigned id) {
    int key = (int)id;
    if (id > UINT16_MAX) return NULL;
    return bsearch(&key, element_table, ELEMENT_COUNT, sizeof element_table[0], id_compare);
}

/* By walking: names are looked up when the configuration is read; the scanner keeps a hash table of its own. */
const struct element *element_by_name(const char *name, size_t name_len) {
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        const char *have = element_table[i].name;
        if (strlen(have) == name_len && memcmp(have, name, name_len) == 0) return &element_table[i];
    }
    return NULL;
}

unsigned element_width(const struct element *element) { return types[element->type].width; }

bool element_is_sum(const struct element *element) {
    return element->type >= ELEMENT_UNSIGNED8 && element->type <= ELEMENT_UNSIGNED64;
}

const char *element_sql_type(const struct element *element) { return types[element->type].sql; }

const char *element_type_name(unsigned type) {
    return type < sizeof types / sizeof types[0] ? types[type].name : "unknown";
}
