/* The full key and the sums, laid out from the configured element names. */
#include "flow/layout.h"

#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "flow/coerce.h"

static const uint16_t tuple_ids[FLOW_TUPLE_FIELDS][FLOW_FAMILIES] = {
    [TUPLE_SOURCE] = {IE_sourceIPv4Address, IE_sourceIPv6Address},
    [TUPLE_DESTINATION] = {IE_destinationIPv4Address, IE_destinationIPv6Address},
    [TUPLE_SOURCE_PORT] = {IE_sourceTransportPort, IE_sourceTransportPort},
    [TUPLE_DESTINATION_PORT] = {IE_destinationTransportPort, IE_destinationTransportPort},
    [TUPLE_PROTOCOL] = {IE_protocolIdentifier, IE_protocolIdentifier},
};

static unsigned field_add(struct flow_layout *layout, const struct element *ipv4, const struct element *ipv6) {
    struct flow_field *field = &layout->fields[layout->n_fields];
    const struct element *elements[FLOW_FAMILIES] = {ipv4, ipv6};
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        field->element[family] = elements[family];
        field->offset[family] = (uint16_t)layout->key_bytes[family];
        field->width[family] = (uint8_t)element_width(elements[family]);
        field->plain[family] = coerce_is_plain(elements[family]);
        layout->key_bytes[family] += field->width[family];
    }
    return layout->n_fields++;
}

static int key_add(struct flow_layout *layout, const char *name, size_t len, struct error *error) {
    const struct element *element = element_by_name(name, len);
    if (!element) return error_set(error, "aggr_values: '%.*s' is not an IPFIX information element", (int)len, name);
    if (element_width(element) == 0)
        return error_set(error, "aggr_values: '%s' is a %s and can't be a flow key", element->name,
                         element_type_name(element->type));
    if (layout->n_keys == FLOW_KEYS_MAX)
        return error_set(error, "aggr_values: '%s' is one too many: at most %d keys", element->name, FLOW_KEYS_MAX);
    unsigned field = 0;
    while (field < layout->n_fields && layout->fields[field].element[FLOW_IPV4] != element &&
           layout->fields[field].element[FLOW_IPV6] != element)
        field++;
    for (unsigned i = 0; i < layout->n_keys; i++)
        if (layout->keys[i] == field) return error_set(error, "aggr_values: '%s' is repeated", element->name);
    if (field == layout->n_fields) {
        unsigned width = element_width(element);
        if (layout->key_bytes[FLOW_IPV6] + width > FLOW_KEY_BYTES)
            return error_set(error, "aggr_values: '%s' makes the key longer than %d bytes", element->name,
                             FLOW_KEY_BYTES);
        field_add(layout, element, element);
    }
    if (field == TUPLE_SOURCE || field == TUPLE_DESTINATION) layout->has_addresses = true;
    layout->keys[layout->n_keys++] = (uint8_t)field;
    return 0;
}

static int sum_add(struct flow_layout *layout, const char *name, size_t len, struct error *error) {
    const struct element *element = element_by_name(name, len);
    if (!element) return error_set(error, "aggr_sums: '%.*s' is not an IPFIX information element", (int)len, name);
    if (!element_is_sum(element))
        return error_set(error, "aggr_sums: '%s' is a %s; a sum must be an unsigned integer", element->name,
                         element_type_name(element->type));
    if (layout->n_sums == FLOW_SUMS_MAX)
        return error_set(error, "aggr_sums: '%s' is one too many: at most %d sums", element->name, FLOW_SUMS_MAX);
    if (flow_layout_sum(layout, element->id) >= 0)
        return error_set(error, "aggr_sums: '%s' is repeated", element->name);
    /* Of the full key: the five-tuple is kept whether or not it is configured. */
    for (unsigned i = 0; i < layout->n_fields; i++)
        if (layout->fields[i].element[FLOW_IPV4] == element)
            return error_set(error, "aggr_sums: '%s' is already a flow key", element->name);
    layout->sums[layout->n_sums++] = element;
    return 0;
}

/* Calls `add` for each name of a list separated by commas or spaces. */
static int list_each(struct flow_layout *layout, const char *list,
                     int (*add)(struct flow_layout *, const char *, size_t, struct error *), struct error *error) {
    static const char separators[] = ", \t";
    for (list += strspn(list, separators); *list; list += strspn(list, separators)) {
        size_t len = strcspn(list, separators);
        if (add(layout, list, len, error) != 0) return -1;
        list += len;
    }
    return 0;
}

int flow_layout_init(struct flow_layout *layout, const char *keys, const char *sums, struct error *error) {
    memset(layout, 0, sizeof *layout);
    for (unsigned i = 0; i < FLOW_TUPLE_FIELDS; i++)
        field_add(layout, element_by_id(tuple_ids[i][FLOW_IPV4]), element_by_id(tuple_ids[i][FLOW_IPV6]));
    if (list_each(layout, keys, key_add, error) != 0 || list_each(layout, sums, sum_add, error) != 0) return -1;
    if (layout->n_keys == 0) return error_set(error, "aggr_values: requires a flow key");
    if (layout->n_sums == 0) return error_set(error, "aggr_sums: requires a sum");
    return 0;
}

bool flow_layout_has_key(const struct flow_layout *layout, unsigned field) {
    for (unsigned i = 0; i < layout->n_keys; i++)
        if (layout->keys[i] == field) return true;
    return false;
}

int flow_layout_sum(const struct flow_layout *layout, unsigned element_id) {
    for (unsigned i = 0; i < layout->n_sums; i++)
        if (layout->sums[i]->id == element_id) return (int)i;
    return -1;
}

/* Exchanges the packed values of two fields of equal width. */
static void fields_swap(const struct flow_field *a, const struct flow_field *b, enum flow_family family, uint8_t *key) {
    uint8_t kept[16];
    uint8_t *left = key + a->offset[family], *right = key + b->offset[family];
    memcpy(kept, left, a->width[family]);
    memcpy(left, right, a->width[family]);
    memcpy(right, kept, a->width[family]);
}

int flow_icmp_answer(unsigned type, enum flow_family family) {
    static const struct {
        uint8_t ask, answer, family;
    } pairs[] = {{8, 0, FLOW_IPV4},     {13, 14, FLOW_IPV4},   {15, 16, FLOW_IPV4},   {10, 9, FLOW_IPV4},
                 {17, 18, FLOW_IPV4},   {128, 129, FLOW_IPV6}, {133, 134, FLOW_IPV6}, {135, 136, FLOW_IPV6},
                 {130, 131, FLOW_IPV6}, {139, 140, FLOW_IPV6}, {144, 145, FLOW_IPV6}};
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].family != family) continue;
        if (type == pairs[i].ask) return pairs[i].answer;
        if (type == pairs[i].answer) return pairs[i].ask;
    }
    return -1;
}

/* ICMP's answer in place of what it answers; false: there is none. Of a port of 0 nobody knows whether it is a type. */
static bool icmp_turn(const struct flow_layout *layout, enum flow_family family, uint8_t *key) {
    const struct flow_field *fields = layout->fields;
    unsigned protocol = key[fields[TUPLE_PROTOCOL].offset[family]];
    if (protocol != (family == FLOW_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) return false;
    const uint8_t *source = key + fields[TUPLE_SOURCE_PORT].offset[family];
    uint8_t *destination = key + fields[TUPLE_DESTINATION_PORT].offset[family];
    int answer = flow_icmp_answer(destination[0], family);
    if (be16(source) != 0 || destination[0] == 0 || destination[1] != 0 || answer < 0) return false;
    destination[0] = (uint8_t)answer;
    return true;
}

void flow_layout_turn(const struct flow_layout *layout, enum flow_family family, uint8_t *key) {
    const struct flow_field *fields = layout->fields;
    fields_swap(&fields[TUPLE_SOURCE], &fields[TUPLE_DESTINATION], family, key);
    if (!icmp_turn(layout, family, key))
        fields_swap(&fields[TUPLE_SOURCE_PORT], &fields[TUPLE_DESTINATION_PORT], family, key);
}

bool flow_layout_unmap(const struct flow_layout *layout, uint8_t *key) {
    static const uint8_t unspecified[16];
    const struct flow_field *ends = &layout->fields[TUPLE_SOURCE]; /* and the destination behind it */
    unsigned mapped = 0;
    for (unsigned end = 0; end < 2; end++) {
        const uint8_t *address = key + ends[end].offset[FLOW_IPV6];
        bool is_mapped = coerce_is_mapped(address);
        if (!is_mapped && memcmp(address, unspecified, sizeof unspecified) != 0) return false;
        mapped += is_mapped;
    }
    if (mapped == 0) return false;
    /* Each field moves forward, over what has already been moved. */
    for (unsigned i = 0; i < layout->n_fields; i++) {
        const struct flow_field *field = &layout->fields[i];
        unsigned width = field->width[FLOW_IPV4];
        memmove(key + field->offset[FLOW_IPV4], key + field->offset[FLOW_IPV6] + field->width[FLOW_IPV6] - width,
                width);
    }
    return true;
}
