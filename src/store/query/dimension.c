/* Dimensions out of the layout, and their values as text. */
#include "store/query/dimension.h"

#include <stdio.h>
#include <string.h>

#include "flow/names.h"
#include "flow/record.h"
#include "store/key.h"

const char *const dimension_form_names[] = {
    [DIMENSION_ADDRESS] = "address",     [DIMENSION_PORT] = "port",       [DIMENSION_PROTOCOL] = "protocol",
    [DIMENSION_CLASS] = "class",         [DIMENSION_FAMILY] = "family",   [DIMENSION_NUMBER] = "number",
    [DIMENSION_TEXT] = "text",           [DIMENSION_PREFIX] = "prefix",   [DIMENSION_NAME] = "name",
    [DIMENSION_DIRECTION] = "direction", [DIMENSION_SERVICE] = "service",
};
const char *const dimension_direction_names[] = {
    [DIRECTION_IN] = "in", [DIRECTION_OUT] = "out", [DIRECTION_INTERNAL] = "internal", [DIRECTION_TRANSIT] = "transit"};

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

/* The sizes of networks that are usual: of IPv4, and of IPv6 beside it; at one end, or at either. */
static const struct {
    const char *name, *title;
    enum side side;
    uint8_t bits[FLOW_FAMILIES];
} prefixes[DIMENSIONS_PREFIXES] = {
    {"src/24", "Source /24, IPv6 /64", SIDE_SOURCE, {24, 64}},
    {"dst/24", "Destination /24, IPv6 /64", SIDE_DESTINATION, {24, 64}},
    {"src/16", "Source /16, IPv6 /48", SIDE_SOURCE, {16, 48}},
    {"dst/16", "Destination /16, IPv6 /48", SIDE_DESTINATION, {16, 48}},
    {"net/24", "Network /24, IPv6 /64", SIDES, {24, 64}},
    {"net/16", "Network /16, IPv6 /48", SIDES, {16, 48}},
};

/* Keys with shorter names. */
static const struct {
    const char *element, *name, *title;
    enum dimension_role role;
} roles[] = {
    {"exporterIPv4Address", "exporter", "Exporter", ROLE_EXPORTER},
    {"exporterIPv6Address", "exporter6", "Exporter (IPv6)", ROLE_EXPORTER},
    {"ingressInterface", "in", "Input interface", ROLE_INTERFACE},
    {"egressInterface", "out", "Output interface", ROLE_INTERFACE},
    {"applicationId", "application", "Application", ROLE_APPLICATION},
    {"ingressVRFID", "in_vrf", "Input VRF", ROLE_VRF},
    {"egressVRFID", "out_vrf", "Output VRF", ROLE_VRF},
    {"bgpSourceAsNumber", "src_as", "Source AS", ROLE_AS},
    {"bgpDestinationAsNumber", "dst_as", "Destination AS", ROLE_AS},
};

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
    struct dimension *dimension = &dimensions->list[dimensions->n++];
    *dimension = (struct dimension){.name = element->name,
                                    .title = element->name,
                                    .form = form_of(element),
                                    .can_filter = !is_real,
                                    .in_flows = true,
                                    .field = {field, field}};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i].element, element->name) != 0) continue;
        dimension->name = roles[i].name;
        dimension->title = roles[i].title;
        dimension->role = roles[i].role;
    }
}

/* Worked out of addresses; by the index tables, too, where it is about one end. `side`: SIDES is either. */
static struct dimension *derived_add(struct dimensions *dimensions, const struct flow_layout *layout, unsigned side,
                                     enum dimension_form form) {
    struct dimension *dimension = &dimensions->list[dimensions->n++];
    unsigned first = side == SIDES ? TUPLE_SOURCE : side, last = side == SIDES ? TUPLE_DESTINATION : side;
    *dimension = (struct dimension){.form = form,
                                    .is_either = side == SIDES && form != DIMENSION_DIRECTION,
                                    .can_filter = true,
                                    .in_flows = flow_layout_has_key(layout, first) && flow_layout_has_key(layout, last),
                                    .in_index = side != SIDES,
                                    .side = side == SIDES ? SIDE_SOURCE : (enum side)side,
                                    .field = {&layout->fields[first], &layout->fields[last]},
                                    .book = dimensions->book};
    return dimension;
}

static void names_add(struct dimensions *dimensions, const struct flow_layout *layout, unsigned subject) {
    static const struct {
        unsigned side;
        const char *name, *title;
    } ends[] = {{SIDES, "", ""}, {SIDE_SOURCE, "src_", "Source "}, {SIDE_DESTINATION, "dst_", "Destination "}};
    const char *word = name_book_subject(dimensions->book, subject);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].side == SIDES &&
            !(flow_layout_has_key(layout, TUPLE_SOURCE) && flow_layout_has_key(layout, TUPLE_DESTINATION)))
            continue;
        struct dimension *dimension = derived_add(dimensions, layout, ends[i].side, DIMENSION_NAME);
        dimension->subject = subject;
        snprintf(dimension->own_name, sizeof dimension->own_name, "%s%s", ends[i].name, word);
        snprintf(dimension->own_title, sizeof dimension->own_title, "%s%s", ends[i].title, word);
        if (ends[i].side == SIDES) dimension->own_title[0] = (char)(word[0] - 'a' + 'A');
        dimension->name = dimension->own_name;
        dimension->title = dimension->own_title;
    }
}

static void derived_dimensions_add(struct dimensions *dimensions, const struct flow_layout *layout) {
    const struct name_book *book = dimensions->book;
    bool has_both = flow_layout_has_key(layout, TUPLE_SOURCE) && flow_layout_has_key(layout, TUPLE_DESTINATION);
    for (unsigned i = 0; i < DIMENSIONS_PREFIXES; i++) {
        if (prefixes[i].side == SIDES && !has_both) continue;
        struct dimension *dimension = derived_add(dimensions, layout, prefixes[i].side, DIMENSION_PREFIX);
        dimension->name = prefixes[i].name;
        dimension->title = prefixes[i].title;
        memcpy(dimension->bits, prefixes[i].bits, sizeof dimension->bits);
    }
    if (name_book_has_local(book) && has_both) {
        struct dimension *dimension = derived_add(dimensions, layout, SIDES, DIMENSION_DIRECTION);
        dimension->name = "direction";
        dimension->title = "Direction";
    }
    for (unsigned subject = NAME_NETWORK; subject < name_book_subjects(book); subject++)
        if (subject != NAME_LOCAL && name_book_counts(book).prefixes > 0) names_add(dimensions, layout, subject);
}

static void service_add(struct dimensions *dimensions, const struct flow_layout *layout) {
    for (unsigned field = TUPLE_SOURCE_PORT; field <= TUPLE_PROTOCOL; field++)
        if (!flow_layout_has_key(layout, field)) return;
    dimensions->list[dimensions->n++] =
        (struct dimension){.name = "service",
                           .title = "Service",
                           .form = DIMENSION_SERVICE,
                           .can_filter = true,
                           .in_flows = true,
                           .field = {&layout->fields[TUPLE_SOURCE_PORT], &layout->fields[TUPLE_DESTINATION_PORT]}};
}

void dimensions_init(struct dimensions *dimensions, const struct flow_layout *layout, const struct name_book *book) {
    dimensions->n = 0;
    dimensions->book = book;
    dimensions->layout = layout;
    for (unsigned i = 0; i < DIMENSIONS_FIXED; i++) {
        const enum flow_tuple *field = fixed[i].field;
        bool is_family = fixed[i].form == DIMENSION_FAMILY;
        bool in_flows = is_family ? layout->has_addresses
                                  : flow_layout_has_key(layout, field[0]) && flow_layout_has_key(layout, field[1]);
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
    service_add(dimensions, layout);
    derived_dimensions_add(dimensions, layout);
}

static bool name_is(const char *name, const char *text, size_t len) {
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

const struct dimension *dimension_find(const struct dimensions *dimensions, const char *name, size_t len) {
    for (unsigned i = 0; i < dimensions->n; i++) {
        const struct dimension *dimension = &dimensions->list[i];
        if (name_is(dimension->name, name, len)) return dimension;
        if (dimension->is_either || dimension_is_derived(dimension) || !dimension->field[0]) continue;
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
    if (dimension->form == DIMENSION_NAME || dimension->form == DIMENSION_DIRECTION) return false;
    return field && field->element[FLOW_IPV4] != field->element[FLOW_IPV6];
}

bool dimension_is_derived(const struct dimension *dimension) {
    return dimension->form == DIMENSION_CLASS || dimension->form == DIMENSION_FAMILY ||
           dimension->form >= DIMENSION_PREFIX;
}

bool dimension_is_number(const struct dimension *dimension) {
    return dimension->form == DIMENSION_PORT || dimension->form == DIMENSION_SERVICE ||
           dimension->form == DIMENSION_PROTOCOL || dimension->form == DIMENSION_NUMBER;
}

struct key_column dimension_key(const struct dimension *dimension, enum flow_family family) {
    bool is_word = dimension->form == DIMENSION_CLASS || dimension->form == DIMENSION_FAMILY ||
                   dimension->form == DIMENSION_DIRECTION;
    if (dimension->form == DIMENSION_NAME) return (struct key_column){.type = ELEMENT_UNSIGNED32, .width = 4};
    if (is_word) return (struct key_column){.type = ELEMENT_UNSIGNED8, .width = 1};
    const struct flow_field *field = dimension->field[0];
    return (struct key_column){.type = field->element[family]->type, .width = field->width[family]};
}

bool dimension_is_end(const struct dimension *dimension, enum flow_family family) {
    return dimension->form == DIMENSION_ADDRESS && dimension->in_index && family == FLOW_IPV4;
}

bool dimension_is_no_address(const struct dimension *dimension, enum flow_family family, const uint8_t *packed) {
    return dimension_is_end(dimension, family) && be32(packed) == (uint32_t)SCHEMA_NO_ADDRESS;
}

void dimension_text(const struct dimension *dimension, enum flow_family family, const uint8_t *packed,
                    struct buffer *out) {
    switch (dimension->form) {
    case DIMENSION_CLASS: buffer_add_text(out, proto_class_names[*packed % PROTO_CLASSES]); return;
    case DIMENSION_FAMILY: buffer_add_text(out, *packed == FLOW_IPV6 ? "6" : "4"); return;
    case DIMENSION_DIRECTION: buffer_add_text(out, dimension_direction_names[*packed % DIRECTIONS]); return;
    case DIMENSION_NAME: buffer_add_text(out, name_book_text(dimension->book, be32(packed))); return;
    default: {
        const struct key_column key = dimension_key(dimension, family);
        key_text(&key, packed, out);
        if (dimension->form == DIMENSION_PREFIX) buffer_printf(out, "/%u", dimension->bits[family]);
    }
    }
}

const char *dimension_name(const struct dimension *dimension, const uint8_t *packed, uint8_t protocol) {
    switch (dimension->form) {
    case DIMENSION_PROTOCOL: return protocol_name(*packed);
    case DIMENSION_SERVICE:
    case DIMENSION_PORT: return service_name(be16(packed), protocol);
    default: return NULL;
    }
}
