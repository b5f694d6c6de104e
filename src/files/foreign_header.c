/* Headers of other tools' lines: which of the columns are ours, and which are missing. */
#include <ctype.h>
#include <string.h>

#include "files/foreign_impl.h"

enum { KNOWN_MIN = 3 }; /* columns by which a line is known as a tool's header */

static struct cell cell_trim(struct cell cell) {
    while (cell.len > 0 && cell.text[0] == ' ') {
        cell.text++;
        cell.len--;
    }
    while (cell.len > 0 && cell.text[cell.len - 1] == ' ')
        cell.len--;
    return cell;
}

bool foreign_cell_next(struct cell *rest, char separator, struct cell *cell) {
    if (!rest->text) return false;
    const char *end = memchr(rest->text, separator, rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    *cell = cell_trim((struct cell){rest->text, len});
    *rest = end ? (struct cell){end + 1, rest->len - len - 1} : (struct cell){NULL, 0};
    return true;
}

int foreign_column_find(const struct foreign_tool *tool, const struct cell *name) {
    for (int i = 0; tool->columns[i].names[0]; i++)
        for (unsigned n = 0; n < NAMES_MAX && tool->columns[i].names[n]; n++)
            if (strlen(tool->columns[i].names[n]) == name->len &&
                memcmp(tool->columns[i].names[n], name->text, name->len) == 0)
                return i;
    return -1;
}

static unsigned known_columns(const struct foreign_tool *tool, const char *line, size_t len, char separator) {
    struct cell rest = {line, len}, cell;
    unsigned known = 0;
    while (foreign_cell_next(&rest, separator, &cell))
        known += foreign_column_find(tool, &cell) >= 0;
    return known;
}

char foreign_header_separator(const struct foreign_tool *tool, const char *line, size_t len) {
    for (const char *separator = tool->separators; *separator; separator++) {
        struct cell rest = {line, len}, cell;
        if (foreign_cell_next(&rest, *separator, &cell) && foreign_column_find(tool, &cell) >= 0 &&
            known_columns(tool, line, len, *separator) >= KNOWN_MIN)
            return *separator;
    }
    return 0;
}

static bool header_has(const struct foreign *foreign, enum column_role role) {
    for (unsigned i = 0; i < foreign->n_cells; i++)
        if (foreign->cell_columns[i] >= 0 && foreign->tool->columns[foreign->cell_columns[i]].role == role) return true;
    return false;
}

void foreign_header_read(struct foreign *foreign, const char *names, size_t len, char separator) {
    struct cell rest = {names, len}, name;
    foreign->has_header = true;
    foreign->summary = false;
    foreign->separator = separator;
    foreign->missing = NULL;
    for (foreign->n_cells = 0; foreign->n_cells < CELLS_MAX && foreign_cell_next(&rest, separator, &name);
         foreign->n_cells++)
        foreign->cell_columns[foreign->n_cells] = (int8_t)foreign_column_find(foreign->tool, &name);
    for (unsigned role = 0; role < ROLES && !foreign->missing; role++) {
        bool by_duration = role == ROLE_END && header_has(foreign, ROLE_DURATION);
        if (!(foreign->tool->needed >> role & 1) || header_has(foreign, (enum column_role)role) || by_duration)
            continue;
        int column = foreign->first[role == ROLE_END && foreign->first[role] < 0 ? ROLE_DURATION : role];
        foreign->missing = foreign->tool->columns[column].names[0];
    }
}

bool foreign_header_take(struct foreign *foreign, const char *line, size_t len) {
    if (!isalpha((unsigned char)line[0])) return false;
    char separator = foreign_header_separator(foreign->tool, line, len);
    if (!separator) return false;
    buffer_clear(&foreign->header);
    buffer_add(&foreign->header, line, len);
    buffer_add_text(&foreign->header, "\n");
    foreign_header_read(foreign, line, len, separator);
    return true;
}
