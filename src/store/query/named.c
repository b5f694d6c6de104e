/* Names of hosts, exporters and interfaces out of the book, of ports and protocols out of the system's tables. */
#include "store/query/named.h"

#include <stdio.h>

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

/* By its exporter in the same row. */
static void interface_find(const struct name_book *book, const struct named_row *row, unsigned which,
                           struct named *named) {
    uint32_t index = (uint32_t)be_number(row->values[which], dimension_key(row->dimensions[which], row->family).width);
    for (unsigned i = 0; i < row->n; i++) {
        unsigned family;
        if (row->dimensions[i]->role != ROLE_EXPORTER || !named_is_address(row, i, &family)) continue;
        const struct name_interface *found = name_book_interface(book, family, row->values[i], index);
        if (found) named_set(named, name_book_text(book, found->name), "file");
    }
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
    } else {
        named_set(named, dimension_name(dimension, value, 0), "system");
    }
}
