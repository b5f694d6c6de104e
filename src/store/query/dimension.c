/* Dimensions out of the layout, and their values as text. */
#include "store/query/dimension.h"

#include <string.h>

#include "flow/names.h"
#include "flow/record.h"
#include "store/key.h"

const char *const dimension_form_names[] = {
    [DIMENSION_ADDRESS] = "address", [DIMENSION_PORT] = "port",     [DIMENSION_PROTOCOL] = "protocol",
    [DIMENSION_CLASS] = "class",     [DIMENSION_FAMILY] = "family", [DIMENSION_NUMBER] = "number",
    [DIMENSION_TEXT] = "text",
};

/* The index tables have addresses, ports and classes whatever the configured keys are. */
static const struct {
    const char *name, *title;
    enum dimension_form form;
    enum flow_tuple field[SIDES];
    bool is_column; /* of the index tables: their columns by end or by class */
} fixed[DIMENSIONS_FIXED] = {
    {"src", "Source address", DIMENSION_ADDRESS, {TUPLE_SOURCE, TUPLE_SOURCE}, true},
    {"dst", "Destination address", DIMENSION_ADDRESS, {TUPLE_DESTINATION, TUPLE_DESTINATION}, true},
    {"host", "Host", DIMENSION_ADDRESS, {TUPLE_SOURCE, TUPLE_DESTINATION}, true},
    {"sport", "Source port", DIMENSION_PORT, {TUPLE_SOURCE_PORT, TUPLE_SOURCE_PORT}, true},
    {"dport", "Destination port", DIMENSION_PORT, {TUPLE_DESTINATION_PORT, TUPLE_DESTINATION_PORT}, true},
    {"port", "Port", DIMENSION_PORT, {TUPLE_SOURCE_PORT, TUPLE_DESTINATION_PORT}, true},
    {"proto", "Protocol", DIMENSION_PROTOCOL, {TUPLE_PROTOCOL, TUPLE_PROTOCOL}, false},
    {"class", "Protocol class", DIMENSION_CLASS, {TUPLE_PROTOCOL, TUPLE_PROTOCOL}, true},
    {"family", "Address family", DIMENSION_FAMILY, {TUPLE_SOURCE, TUPLE_SOURCE}, false},
};

static bool is_key(const struct flow_layout *layout, unsigned field) {
    for (unsigned i = 0; i < layout->n_keys; i++)
        if (layout->keys[i] == field) return true;
    return false;
}

static enum dimension_form form_of(const struct element *element) {
    switch (element->type) {
    case ELEMENT_IPV4_ADDRESS:
    case ELEMENT_IPV6_ADDRESS: return DIMENSION_ADDRESS;
    case ELEMENT_OCTET_ARRAY:
    case ELEMENT_STRING:
    case ELEMENT_MAC_ADDRESS: return DIMENSION_TEXT;
    default: return DIMENSION_NUMBER;
    }
}

static void key_dimension_add(struct dimensions *dimensions, const struct flow_field *field) {
    const struct element *element = field->element[FLOW_IPV4];
    bool is_real = element->type == ELEMENT_FLOAT32 || element->type == ELEMENT_FLOAT64;
    dimensions->list[dimensions->n++] = (struct dimension){.name = element->name,
                                                           .title = element->name,
                                                           .form = form_of(element),
                                                           .can_filter = !is_real,
                                                           .in_flows = true,
                                                           .field = {field, field}};
}

void dimensions_init(struct dimensions *dimensions, const struct flow_layout *layout) {
    dimensions->n = 0;
    for (unsigned i = 0; i < DIMENSIONS_FIXED; i++) {
        const enum flow_tuple *field = fixed[i].field;
        bool is_family = fixed[i].form == DIMENSION_FAMILY;
        bool in_flows = is_family ? layout->has_addresses : is_key(layout, field[0]) && is_key(layout, field[1]);
        if (!in_flows && !fixed[i].is_column) continue;
        struct dimension *dimension = &dimensions->list[dimensions->n++];
        *dimension = (struct dimension){.name = fixed[i].name,
                                        .title = fixed[i].title,
                                        .form = fixed[i].form,
                                        .is_either = field[0] != field[1],
                                        .can_filter = true,
                                        .in_flows = in_flows,
                                        .in_index = fixed[i].is_column && fixed[i].form != DIMENSION_CLASS,
                                        .side = field[0] == TUPLE_DESTINATION || field[0] == TUPLE_DESTINATION_PORT
                                                    ? SIDE_DESTINATION
                                                    : SIDE_SOURCE};
        for (unsigned side = 0; side < SIDES && !is_family; side++)
            dimension->field[side] = &layout->fields[field[side]];
    }
    for (unsigned i = 0; i < layout->n_keys; i++)
        if (layout->keys[i] >= FLOW_TUPLE_FIELDS) key_dimension_add(dimensions, &layout->fields[layout->keys[i]]);
}

static bool name_is(const char *name, const char *text, size_t len) {
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

const struct dimension *dimension_find(const struct dimensions *dimensions, const char *name, size_t len) {
    for (unsigned i = 0; i < dimensions->n; i++) {
        const struct dimension *dimension = &dimensions->list[i];
        if (name_is(dimension->name, name, len)) return dimension;
        if (dimension->is_either || dimension->form == DIMENSION_CLASS || !dimension->field[0]) continue;
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            if (name_is(dimension->field[0]->element[family]->name, name, len)) return dimension;
    }
    return NULL;
}

void dimensions_show(const struct dimensions *dimensions, struct buffer *out) {
    for (unsigned i = 0; i < dimensions->n; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", dimensions->list[i].name);
}

bool dimension_is_by_family(const struct dimension *dimension) {
    const struct flow_field *field = dimension->field[0];
    return field && field->element[FLOW_IPV4] != field->element[FLOW_IPV6];
}

bool dimension_is_number(const struct dimension *dimension) {
    return dimension->form == DIMENSION_PORT || dimension->form == DIMENSION_PROTOCOL ||
           dimension->form == DIMENSION_NUMBER;
}

struct key_column dimension_key(const struct dimension *dimension, enum flow_family family) {
    bool is_word = dimension->form == DIMENSION_CLASS || dimension->form == DIMENSION_FAMILY;
    if (is_word) return (struct key_column){.type = ELEMENT_UNSIGNED8, .width = 1};
    const struct flow_field *field = dimension->field[0];
    return (struct key_column){.type = field->element[family]->type, .width = field->width[family]};
}

void dimension_text(const struct dimension *dimension, enum flow_family family, const uint8_t *packed,
                    struct buffer *out) {
    switch (dimension->form) {
    case DIMENSION_CLASS: buffer_add_text(out, proto_class_names[*packed % PROTO_CLASSES]); return;
    case DIMENSION_FAMILY: buffer_add_text(out, *packed == FLOW_IPV6 ? "6" : "4"); return;
    default: {
        const struct key_column key = dimension_key(dimension, family);
        key_text(&key, packed, out);
    }
    }
}

const char *dimension_name(const struct dimension *dimension, const uint8_t *packed, uint8_t protocol) {
    switch (dimension->form) {
    case DIMENSION_PROTOCOL: return protocol_name(*packed);
    case DIMENSION_PORT: return service_name(be16(packed), protocol);
    default: return NULL;
    }
}
