/* Which flows are meant: terms that must all hold, as people and URLs write them.
 *
 *   host=192.0.2.7,10.0.0.0/8 !port=53,8000-8080 proto=tcp
 *   (site=Berlin proto=udp or direction=in) !(port=53 or port=123)
 *
 * Of terms on both sides of "or" it is enough that those on one side hold; brackets put together, and '!' before one
 * denies what is in it.
 *
 * A term is the name of a dimension, '=', and values separated by commas, of which any holds; '!' before it: none
 * holds. Terms are separated by blanks. host and port hold where they do at either end of the flow. Addresses may be
 * prefixes, numbers ranges. A value in double quotes may hold blanks and commas, and a quote written twice. A host,
 * exporter or interface may also be called by the name that a book has for it, which may be that of several; "" is what
 * has no network, or not the tag.
 *
 * A term may be a bound, too (store/query/bound.h): outside of brackets, and without an "or" beside it. */
#ifndef FLOWIMPORT_STORE_QUERY_FILTER_H
#define FLOWIMPORT_STORE_QUERY_FILTER_H

#include "store/query/bound.h"
#include "store/query/dimension.h"

enum {
    FILTER_TERMS_MAX = 32,
    FILTER_VALUES_MAX = 64, /* of a term */
    FILTER_BOUNDS_MAX = 8,
    FILTER_DEPTH_MAX = 16,                   /* brackets in one another */
    FILTER_STEPS_MAX = 4 * FILTER_TERMS_MAX, /* a term, what joins it, its and another's bracket denied */
    FILTER_ALL_MAX = 256,                    /* of all terms: 40 KB */
};

struct filter_value {
    uint8_t families;                                      /* in whose flows it can be: 1 << enum flow_family */
    uint8_t low[ELEMENT_TEXT_MAX], high[ELEMENT_TEXT_MAX]; /* packed as in a key, both inclusive */
    const struct dimension *exporter;                      /* of an interface by its name: whose; NULL: anybody's */
    uint8_t exporter_address[16];
};

struct filter_term {
    const struct dimension *dimension;
    bool is_not;
    unsigned first, n; /* of the filter's values */
};

/* Filters with "or" or a denied bracket are read step by step: a term onto a stack; the two uppermost joined; the
 * uppermost denied. */
enum filter_act { FILTER_TERM, FILTER_AND, FILTER_OR, FILTER_NOT };
struct filter_step {
    uint8_t act, term;
};

struct filter {
    unsigned n_terms, n_values;
    bool is_nested; /* else all terms must hold */
    unsigned n_steps;
    struct filter_step steps[FILTER_STEPS_MAX];
    struct filter_term terms[FILTER_TERMS_MAX];
    struct filter_value *values;
    unsigned n_bounds; /* all must hold, of what is listed */
    struct bound bounds[FILTER_BOUNDS_MAX];
};

struct filter_fault {
    char term[128];      /* as it was given, cut */
    char accepted[1536]; /* what would be taken in its place */
};

/* Reads the text; none, or nothing but blanks, is every flow. The dimensions are borrowed. 0, or -1 with the fault
 * filled and nothing to release. */
int filter_parse(struct filter *filter, const struct dimensions *dimensions, const char *text,
                 struct filter_fault *fault) __attribute__((warn_unused_result));
void filter_release(struct filter *filter);

#endif
