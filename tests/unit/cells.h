/* A data record and its template, cell by cell. */
#ifndef TESTS_UNIT_CELLS_H
#define TESTS_UNIT_CELLS_H

#include <string.h>

#include "collect/data_record.h"
#include "records.h"

enum { FIELDS = 30 };

/* A field and its value: a number, or text that is filled up with NULs. */
struct cell {
    uint16_t id, length;
    uint64_t number;
    const char *text;
    uint32_t enterprise;
};

struct made {
    struct field_specifier fields[FIELDS];
    unsigned n;
    uint8_t bytes[1024];
    size_t len;
};

static inline struct made make(const struct cell *cells) {
    struct made made = {.n = 0};
    for (const struct cell *cell = cells; cell->id; cell++) {
        size_t len = cell->length;
        made.fields[made.n++] = (struct field_specifier){cell->enterprise, cell->id, cell->length};
        if (len == FIELD_VARIABLE) made.bytes[made.len++] = (uint8_t)(len = strlen(cell->text));
        if (cell->text)
            memcpy(made.bytes + made.len, cell->text, strlen(cell->text));
        else
            bytes_put(made.bytes + made.len, (unsigned)len, cell->number);
        made.len += len;
    }
    return made;
}

#define N(id, length, number) {id, length, number, NULL, 0}
#define T(id, length, text) {id, length, 0, text, 0}
#define R(id, length, number) {id, length, number, NULL, ENTERPRISE_REVERSE}

#endif
