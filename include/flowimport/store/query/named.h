/* What the values of an answer are called, and who says so. */
#ifndef FLOWIMPORT_STORE_QUERY_NAMED_H
#define FLOWIMPORT_STORE_QUERY_NAMED_H

#include "store/query/dimension.h"

struct named {
    char text[256];     /* "": nothing is known */
    const char *source; /* "file", "options", "sflow" (of names/book.h), "system" (services and protocols), others from
                           elsewhere; "" */
};

/* Values of a row: what one is called may depend on another, as an interface on its exporter. */
struct named_row {
    enum flow_family family;
    unsigned n;
    const struct dimension *const *dimensions;
    const uint8_t *const *values; /* packed */
};
void named_find(const struct name_book *book, const struct named_row *row, unsigned which, struct named *named);
/* NULL is nothing. */
void named_set(struct named *named, const char *text, const char *source);
/* Whether the row's value is an address, and of which family. */
bool named_is_address(const struct named_row *row, unsigned which, unsigned *family);

#endif
