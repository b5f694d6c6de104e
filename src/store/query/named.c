/* Names of hosts, exporters and what is theirs out of the book, of ports and protocols out of the system's tables. */
#include "store/query/named.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

void named_set(struct named *named, const char *text, const char *source) {
    snprintf(named->text, sizeof named->text, "%s", text ? text : "");
    named->source = named->text[0] ? source : "";
}

bool named_is_address(const struct named_row *row, unsigned which, unsigned *family) {
    const struct dimension *dimension = row->dimensions[which];
    bool v6 = dimension_key(dimension, row->family).type == ELEMENT_IPV6_ADDRESS;
    *family = v6 ? FLOW_IPV6 : FLOW_IPV4;
    return dimension->form == DIMENSION_ADDRESS;
}

/* The exporter in the same row; NULL: it is not among its values. */
static const uint8_t *exporter_of(const struct named_row *row, unsigned *family) {
    for (unsigned i = 0; i < row->n; i++)
        if (row->dimensions[i]->role == ROLE_EXPORTER && named_is_address(row, i, family)) return row->values[i];
    return NULL;
}

static uint32_t number_of(const struct named_row *row, unsigned which) {
    return (uint32_t)be_number(row->values[which], dimension_key(row->dimensions[which], row->family).width);
}

/* By its exporter. */
static void interface_find(const struct name_book *book, const struct named_row *row, unsigned which,
                           struct named *named) {
    unsigned family;
    const uint8_t *exporter = exporter_of(row, &family);
    const struct name_interface *found =
        exporter ? name_book_interface(book, family, exporter, number_of(row, which)) : NULL;
    if (found) named_set(named, name_book_text(book, found->name), name_source_names[found->name_source]);
}

/* By its exporter, or where all exporters agree. */
static void thing_find(const struct name_book *book, const struct named_row *row, unsigned which, enum name_kind kind,
                       struct named *named) {
    char id[NAMES_ID_MAX + 1] = "";
    unsigned family = FLOW_IPV4;
    const uint8_t *exporter = exporter_of(row, &family);
    if (kind == NAMED_VRF)
        name_id_number(number_of(row, which), id);
    else
        memcpy(id, row->values[which], strnlen((const char *)row->values[which], NAMES_ID_MAX));
    const struct name_thing *found = name_book_thing(book, kind, family, exporter, id);
    if (found) named_set(named, name_book_text(book, found->name), name_source_names[found->source]);
}

void named_find(const struct name_book *book, const struct named_row *row, unsigned which, struct named *named) {
    const struct dimension *dimension = row->dimensions[which];
    const uint8_t *value = row->values[which];
    unsigned family;
    named_set(named, NULL, "");
    if (dimension_is_no_address(dimension, row->family, value)) {
        named_set(named, "no address", "system");
    } else if (named_is_address(row, which, &family)) {
        uint32_t name = dimension->role == ROLE_EXPORTER ? name_book_exporter(book, family, value) : 0;
        if (name == 0) name = name_book_find(book, NAME_HOST, family, value);
        named_set(named, name_book_text(book, name), "file");
    } else if (dimension->role == ROLE_INTERFACE) {
        interface_find(book, row, which, named);
    } else if (dimension->role == ROLE_APPLICATION) {
        thing_find(book, row, which, NAMED_APPLICATION, named);
    } else if (dimension->role == ROLE_VRF) {
        thing_find(book, row, which, NAMED_VRF, named);
    } else {
        named_set(named, dimension_name(dimension, value, 0), "system");
    }
}
