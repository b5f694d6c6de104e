/* One line of a file of names, taken apart. No I/O. */
#ifndef FLOWIMPORT_NAMES_LINE_H
#define FLOWIMPORT_NAMES_LINE_H

#include <stddef.h>

#include "names/book.h"
#include "flow/address.h"

enum { LINE_WORDS_MAX = NAMES_TAGS_MAX + 8 };
enum line_kind { LINE_EMPTY, LINE_ADDRESS, LINE_EXPORTER, LINE_INTERFACE, LINE_APPLICATION, LINE_VRF };

struct line {
    enum line_kind kind;
    struct address address;
    uint32_t index;   /* of an interface */
    uint64_t speed;   /* likewise */
    uint32_t counted; /* likewise, as in struct name_interface */
    uint64_t in, out;
    char id[NAMES_ID_MAX + 1]; /* behind the exporter: the index, too, as text */
    uint8_t source;            /* enum name_source */
    unsigned n_words;
    struct line_word {
        const char *name, *value;
        size_t len; /* of the value */
    } words[LINE_WORDS_MAX];
};

/* Takes the text apart in its place; it is NUL-terminated behind `len`, and what the line points at is in it. 0, or -1
 * with the error set, which says nothing of where the line is. */
int line_parse(struct line *line, char *text, size_t len, struct error *error) __attribute__((warn_unused_result));

#endif
