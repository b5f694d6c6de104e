/* Prefixes with what is said of each, as ranges with what is known of every address. */
#ifndef FLOWIMPORT_NAMES_BUILD_H
#define FLOWIMPORT_NAMES_BUILD_H

#include "flow/address.h"
#include "names/book_impl.h"

enum { BUILD_LOCAL = UINT32_MAX }; /* the file of own networks, behind all others */

struct build_value {
    uint32_t subject, value;
};

struct build_prefix {
    address_number first, last;
    uint8_t family, bits;
    uint32_t file, line; /* where it stands */
    uint32_t values;     /* where its values begin */
    uint32_t n_values;
};

struct build {
    struct build_prefix *prefixes;
    uint32_t n, size;
    struct build_value *values;
    uint32_t n_values, values_size;
};

/* A prefix whose values come behind it. */
void build_prefix(struct build *build, const struct address *address, uint32_t file, uint32_t line);
void build_value(struct build *build, uint32_t subject, uint32_t value);
/* Sorts the prefixes. The first of them that is there twice, as its second line; NULL: none is. `first`: the other. */
const struct build_prefix *build_sort(struct build *build, const struct build_prefix **first);
/* Fills the book's ranges and records; its subjects are known by now. */
void build_finish(struct build *build, struct name_book *book);
/* Its address and length. */
void build_address(const struct build_prefix *prefix, struct address *address);
void build_release(struct build *build);

#endif
