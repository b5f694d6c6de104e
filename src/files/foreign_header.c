/* Headers of other tools' lines: which of the columns are ours, and which are missing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "files/foreign_impl.h"
#include "flow/element.h"

enum {
    KNOWN_MIN = 3,              /* columns by which a line is known as a tool's header */
    ENTERPRISE_REVERSE = 29305, /* RFC 5103 */
};

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
    const char *end =
        separator == SEPARATOR_GAP ? memmem(rest->text, rest->len, "  ", 2) : memchr(rest->text, separator, rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    *cell = cell_trim((struct cell){rest->text, len});
    *rest = end ? (struct cell){end + 1, rest->len - len - 1} : (struct cell){NULL, 0};
    if (separator != SEPARATOR_GAP) return true;
    while (rest->len > 0 && rest->text[0] == ' ')
        *rest = (struct cell){rest->text + 1, rest->len - 1};
    if (rest->len == 0) rest->text = NULL;
    return true;
}

static bool name_is(const char *name, const struct cell *cell) {
    return strlen(name) == cell->len && memcmp(name, cell->text, cell->len) == 0;
}

/* But for the case of letters, and for '_'. */
static bool name_is_loosely(const char *name, const struct cell *cell) {
    const char *at = cell->text, *end = at + cell->len;
    for (;; name++, at++) {
        while (*name == '_')
            name++;
        while (at < end && *at == '_')
            at++;
        if (!*name || at == end) return !*name && at == end;
        if (tolower((unsigned char)*name) != tolower((unsigned char)*at)) return false;
    }
}

static bool name_is_of(const struct foreign_tool *tool, const char *name, const struct cell *cell) {
    if (name[0] == '=') return name_is(name + 1, cell);
    return (tool->loose ? name_is_loosely : name_is)(name, cell);
}

static int name_find(const struct foreign_tool *tool, const struct cell *name) {
    for (int i = 0; tool->columns[i].names[0]; i++)
        for (unsigned n = 0; n < NAMES_MAX && tool->columns[i].names[n]; n++)
            if (name_is_of(tool, tool->columns[i].names[n], name)) return i;
    return -1;
}

static bool is_of_words(const struct cell *name) {
    for (size_t i = 1; i < name->len; i++)
        if (name->text[i] == '_' || isupper((unsigned char)name->text[i])) return true;
    return false;
}

/* What stands before a name, up to '.' or ':', or is one of these. "iana@reverse:" is another element's. A name of one
 * word means too much to be found behind any other: "network.protocol". */
static int name_find_behind(const struct foreign_tool *tool, const struct cell *name) {
    static const char *const before[] = {"iana_", "ipfix_", "netflow_"};
    static const char reverse[] = "@reverse:";
    char text[PATH_MAX_BYTES + 8];
    const char *end = name->text + name->len, *at = name->text;
    while (at < end && *at != '.' && *at != ':')
        at++;
    struct cell rest = {at, 0};
    if (at < end) rest = (struct cell){at + 1, (size_t)(end - at) - 1};
    for (unsigned i = 0; rest.len == 0 && i < sizeof before / sizeof before[0]; i++)
        if (name->len > strlen(before[i]) && memcmp(name->text, before[i], strlen(before[i])) == 0)
            rest = (struct cell){name->text + strlen(before[i]), name->len - strlen(before[i])};
    if (!is_of_words(&rest) || rest.len > PATH_MAX_BYTES) return -1;
    if ((size_t)(rest.text - name->text) > strlen(reverse) &&
        memcmp(rest.text - strlen(reverse), reverse, strlen(reverse)) == 0) {
        memcpy(text, "reverse", 7);
        memcpy(text + 7, rest.text, rest.len);
        rest = (struct cell){text, rest.len + 7};
    }
    int column = name_find(tool, &rest);
    return column >= 0 || at == end ? column : name_find_behind(tool, &rest);
}

/* "en0:id8" is IANA's element 8; "en29305:id1" is the reverse of 1. */
static int name_find_number(const struct foreign_tool *tool, const struct cell *name) {
    char text[PATH_MAX_BYTES];
    struct cell enterprise = {name->text + 2, 0}, id;
    uint64_t pen, number;
    if (name->len < 7 || memcmp(name->text, "en", 2) != 0) return -1;
    const char *mark = memmem(name->text, name->len, ":id", 3);
    if (!mark) return -1;
    enterprise.len = (size_t)(mark - enterprise.text);
    id = (struct cell){mark + 3, name->len - (size_t)(mark + 3 - name->text)};
    if (value_number(&enterprise, &pen) != 0 || value_number(&id, &number) != 0 || number > UINT16_MAX) return -1;
    const struct element *element = element_by_id((unsigned)number);
    if (!element || (pen != 0 && pen != ENTERPRISE_REVERSE)) return -1;
    snprintf(text, sizeof text, "%s%s", pen ? "reverse" : "", element->name);
    return name_find(tool, &(struct cell){text, strlen(text)});
}

int foreign_column_find(const struct foreign_tool *tool, const struct cell *name) {
    int column = name_find(tool, name);
    if (column < 0 && tool->loose) column = name_find_behind(tool, name);
    return column >= 0 || !tool->loose ? column : name_find_number(tool, name);
}

/* Whether it is one of the tool's: it begins with a column that is known, or has those that every flow has. */
static bool is_header(const struct foreign_tool *tool, const char *line, size_t len, char separator) {
    static const uint32_t flow = 1U << ROLE_SOURCE | 1U << ROLE_DESTINATION | 1U << ROLE_PACKETS | 1U << ROLE_OCTETS;
    struct cell rest = {line, len}, cell;
    unsigned n = 0, known = 0;
    uint32_t roles = 0;
    bool first = false;
    for (; foreign_cell_next(&rest, separator, &cell); n++) {
        int column = foreign_column_find(tool, &cell);
        if (column < 0) continue;
        known++;
        if (n == 0) first = true;
        if (tool->columns[column].role < ROLES) roles |= 1U << tool->columns[column].role;
    }
    return known >= KNOWN_MIN && (first || (roles & flow) == flow);
}

char foreign_header_separator(const struct foreign_tool *tool, const char *line, size_t len) {
    for (const char *separator = tool->separators; *separator; separator++)
        if (is_header(tool, line, len, *separator)) return *separator;
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
    if (foreign->tool->ends_open && foreign->n_cells > 0 && name.len == 0) foreign->n_cells--;
    for (unsigned role = 0; role < ROLES && !foreign->missing; role++) {
        bool by_duration = role == ROLE_END && header_has(foreign, ROLE_DURATION);
        if (foreign->time_us && (role == ROLE_START || role == ROLE_END)) continue;
        if (!(foreign->tool->needed >> role & 1) || header_has(foreign, (enum column_role)role) || by_duration)
            continue;
        int column = foreign->first[role == ROLE_END && foreign->first[role] < 0 ? ROLE_DURATION : role];
        foreign->missing = foreign->tool->columns[column].names[0];
        foreign->no_times = role == ROLE_START;
    }
}

bool foreign_header_take(struct foreign *foreign, const char *line, size_t len) {
    if (!isalpha((unsigned char)line[0]) && line[0] != ' ') return false;
    char separator = foreign_header_separator(foreign->tool, line, len);
    if (!separator) return false;
    buffer_clear(&foreign->header);
    buffer_add(&foreign->header, line, len);
    buffer_add_text(&foreign->header, "\n");
    foreign_header_read(foreign, line, len, separator);
    return true;
}
