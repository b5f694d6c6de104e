/* Decision trees: half of the ranges to each side of every comparison. */
#include "store/query/name_sql.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { LISTED = 4 }; /* so many ranges are written side by side, which an index may help to find */

const char name_fits_accepted[] = "networks and tags whose addresses are at most 4096 ranges; choose a tag with fewer "
                                  "and larger networks";

struct tree {
    struct name_range *ranges;
    unsigned n;
    enum flow_family family;
    const char *column;
    struct buffer *sql;
};

static struct tree tree_new(const struct dimension *dimension, const uint32_t *wanted, unsigned n_wanted,
                            enum flow_family family, const char *column, struct buffer *sql) {
    struct tree tree = {.family = family, .column = column, .sql = sql};
    unsigned subject = dimension->form == DIMENSION_DIRECTION ? (unsigned)NAME_LOCAL : dimension->subject;
    tree.ranges = mem_zalloc(NAME_RANGES_MAX, sizeof tree.ranges[0]);
    tree.n = name_book_ranges(dimension->book, subject, wanted, n_wanted, family, tree.ranges, NAME_RANGES_MAX);
    return tree;
}

/* Numbers of our own, of 4 or 16 bytes: nothing in them could be taken for SQL. */
static void address_write(const struct tree *tree, const uint8_t *address) {
    if (tree->family == FLOW_IPV4) {
        buffer_printf(tree->sql, "%" PRIu32, be32(address));
        return;
    }
    buffer_add_text(tree->sql, "X'");
    for (unsigned i = 0; i < 16; i++)
        buffer_printf(tree->sql, "%02X", address[i]);
    buffer_add_text(tree->sql, "'");
}

static void node_write(const struct tree *tree, unsigned first, unsigned n) {
    if (n == 1) {
        buffer_printf(tree->sql, "%" PRIu32, tree->ranges[first].value);
        return;
    }
    unsigned half = n / 2;
    buffer_printf(tree->sql, "CASE WHEN %s<", tree->column);
    address_write(tree, tree->ranges[first + half].first);
    buffer_add_text(tree->sql, " THEN ");
    node_write(tree, first, half);
    buffer_add_text(tree->sql, " ELSE ");
    node_write(tree, first + half, n - half);
    buffer_add_text(tree->sql, " END");
}

void name_value_write(const struct dimension *dimension, enum flow_family family, const char *column,
                      struct buffer *sql) {
    struct tree tree = tree_new(dimension, NULL, 0, family, column, sql);
    /* More would have been refused. */
    node_write(&tree, 0, tree.n <= NAME_RANGES_MAX ? tree.n : NAME_RANGES_MAX);
    free(tree.ranges);
}

void name_direction_write(const struct dimension *dimension, enum flow_family family, const char *source,
                          const char *destination, struct buffer *sql) {
    static const struct {
        const char *before;
        int out, in;
    } ends[] = {{"", DIRECTION_INTERNAL, DIRECTION_OUT}, {" ELSE ", DIRECTION_IN, DIRECTION_TRANSIT}};
    buffer_add_text(sql, "CASE WHEN ");
    name_value_write(dimension, family, source, sql);
    buffer_add_text(sql, "=1 THEN ");
    for (unsigned i = 0; i < 2; i++) {
        buffer_printf(sql, "%sCASE WHEN ", ends[i].before);
        name_value_write(dimension, family, destination, sql);
        buffer_printf(sql, "=1 THEN %d ELSE %d END", ends[i].out, ends[i].in);
    }
    buffer_add_text(sql, " END");
}

static unsigned wanted_fill(const struct filter *filter, const struct filter_term *term,
                            uint32_t wanted[FILTER_VALUES_MAX]) {
    for (unsigned i = 0; i < term->n; i++)
        wanted[i] = be32(filter->values[term->first + i].low);
    return term->n;
}

/* "column>=1 AND column<2 OR column>=7": of the ranges with 1. */
static void list_write(const struct tree *tree) {
    const char *separator = "";
    for (unsigned i = 0; i < tree->n; i++) {
        if (!tree->ranges[i].value) continue;
        buffer_printf(tree->sql, "%s%s>=", separator, tree->column);
        address_write(tree, tree->ranges[i].first);
        if (i + 1 < tree->n) {
            buffer_printf(tree->sql, " AND %s<", tree->column);
            address_write(tree, tree->ranges[i + 1].first);
        }
        separator = " OR ";
    }
    if (!*separator) buffer_add_text(tree->sql, "1 = 0");
}

void name_condition_write(const struct filter *filter, const struct filter_term *term, enum flow_family family,
                          const char *column, struct buffer *sql) {
    uint32_t wanted[FILTER_VALUES_MAX];
    unsigned n = wanted_fill(filter, term, wanted);
    struct tree tree = tree_new(term->dimension, wanted, n, family, column, sql);
    if (tree.n <= 2 * LISTED + 1) {
        list_write(&tree);
    } else {
        node_write(&tree, 0, tree.n <= NAME_RANGES_MAX ? tree.n : NAME_RANGES_MAX);
        buffer_add_text(sql, "=1");
    }
    free(tree.ranges);
}

static bool fits(const struct dimension *dimension, const uint32_t *wanted, unsigned n_wanted) {
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        struct tree tree = tree_new(dimension, wanted, n_wanted, (enum flow_family)family, "", NULL);
        free(tree.ranges);
        if (tree.n > NAME_RANGES_MAX) return false;
    }
    return true;
}

bool name_value_fits(const struct dimension *dimension) {
    return dimension->form != DIMENSION_NAME || fits(dimension, NULL, 0);
}

bool name_condition_fits(const struct filter *filter, const struct filter_term *term) {
    uint32_t wanted[FILTER_VALUES_MAX];
    if (term->dimension->form != DIMENSION_NAME) return true;
    return fits(term->dimension, wanted, wanted_fill(filter, term, wanted));
}
