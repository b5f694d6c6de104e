/* Lines and objects of other tools: which format they are of, and their records. */
#include "files/foreign.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "files/foreign_impl.h"

static const struct foreign_tool *const tools[FOREIGN_FORMATS] = {
    [FOREIGN_ZEEK] = &zeek_tool,       [FOREIGN_ARGUS] = &argus_tool,   [FOREIGN_NFDUMP] = &nfdump_tool,
    [FOREIGN_VPC] = &vpc_tool,         [FOREIGN_PMACCT] = &pmacct_tool, [FOREIGN_SURICATA] = &suricata_tool,
    [FOREIGN_GOFLOW2] = &goflow2_tool, [FOREIGN_SILK] = &silk_tool,     [FOREIGN_GCP] = &gcp_tool,
    [FOREIGN_AZURE] = &azure_tool,     [FOREIGN_IANA] = &iana_tool};

/* --- records --- */

static void cell_set(struct foreign *foreign, int column, const struct cell *cell) {
    static const char no_date[] = "0000-00-00";
    if (column < 0 || cell->len == 0 || (cell->len >= 10 && memcmp(cell->text, no_date, 10) == 0)) return;
    for (unsigned i = 0; i < 2; i++)
        if (strlen(foreign->unset[i]) == cell->len && memcmp(foreign->unset[i], cell->text, cell->len) == 0) return;
    foreign->cells.at[column] = *cell;
}

static struct cell unquoted(const struct foreign *foreign) {
    struct cell record = foreign->record;
    if (!foreign->tool->frame || record.len < 2 || record.text[0] != '"') return record;
    return (struct cell){record.text + 1, record.len - 2};
}

static int line_read(struct foreign *foreign, struct error *error) {
    struct cell rest = unquoted(foreign), cell;
    unsigned n = 0;
    if (!foreign->has_header) return error_set(error, "no header line before it: %s", foreign->tool->hint);
    if (foreign->missing)
        return error_set(error, "column '%s': not in the header: %s%s", foreign->missing, foreign->tool->hint,
                         foreign->no_times ? "; --time says when all of them were" : "");
    memset(&foreign->cells, 0, sizeof foreign->cells);
    for (; foreign_cell_next(&rest, foreign->separator, &cell); n++)
        if (n < foreign->n_cells) cell_set(foreign, foreign->cell_columns[n], &cell);
    if (foreign->tool->ends_open && n == foreign->n_cells + 1 && cell.len == 0) n--;
    if (n != foreign->n_cells)
        return error_set(error, "the line has %u columns; expected %u, as in the header", n, foreign->n_cells);
    return foreign_assemble(foreign, error);
}

/* Whether the member that was read last, and ends where *members is, is a list that isn't empty. */
static bool is_list_of_some(const struct json_members *members, const struct cell *value) {
    if (value->len > 0 || value->text[0] != '[') return false;
    for (const char *at = value->text + 1; at < members->at - 1; at++)
        if (!isspace((unsigned char)*at)) return true;
    return false;
}

/* The first of a list of plain values, such as tags of VLANs. */
static void list_first(const struct json_members *members, struct cell *value) {
    const char *at = value->text + 1, *end = members->at - 1;
    while (at < end && isspace((unsigned char)*at))
        at++;
    for (value->text = at; at < end && isalnum((unsigned char)*at); at++)
        value->len++;
}

/* Of a role whose lack may count as 0: a list or an object is no lack of a value. */
static bool is_plain(enum column_role role) { return role < ROLE_KIND; }

static void member_take(struct foreign *foreign, const struct json_members *members, const struct cell *name,
                        struct cell value) {
    int column = foreign_column_find(foreign->tool, name);
    if (column < 0) return;
    enum column_role role = foreign->tool->columns[column].role;
    if (role == ROLE_INSIDE && is_list_of_some(members, &value)) value.len = 1;
    if (role == ROLE_NUMBER && value.len == 0 && value.text[0] == '[') list_first(members, &value);
    if (is_plain(role) && (is_list_of_some(members, &value) || (value.len == 0 && value.text[0] == '{')))
        value.len = (size_t)(members->at - value.text); /* which is refused, and named */
    cell_set(foreign, column, &value);
}

/* The members of an object, whose names have what `path` begins with before them, and of objects in it. What members
 * have returned last: 0 or -1. */
static int members_read(struct foreign *foreign, struct cell object, char path[PATH_MAX_BYTES], size_t path_len,
                        unsigned depth) {
    struct json_members members = {object.text, object.text + object.len};
    struct cell name, value;
    int more;
    while ((more = json_members_next(&members, &name, &value)) > 0) {
        if (path_len + name.len + 1 > PATH_MAX_BYTES) continue;
        if (path_len > 0) {
            memcpy(path + path_len, name.text, name.len);
            name = (struct cell){path, path_len + name.len};
        }
        if (!foreign->tool->nested || value.len > 0 || value.text[0] != '{') {
            member_take(foreign, &members, &name, value);
        } else if (depth < NESTED_MAX) {
            struct cell nested = {value.text, (size_t)(members.at - value.text)};
            memmove(path, name.text, name.len);
            path[name.len] = '.';
            if (members_read(foreign, nested, path, name.len + 1, depth + 1) != 0) return -1;
        }
    }
    return more;
}

static int object_read(struct foreign *foreign, struct error *error) {
    char path[PATH_MAX_BYTES];
    memset(&foreign->cells, 0, sizeof foreign->cells);
    if (members_read(foreign, foreign->record, path, 0, 1) != 0) return error_set(error, "not a JSON object");
    return foreign_assemble(foreign, error);
}

/* --- the interface --- */

/* Bytes of a byte order mark. */
static size_t mark_length(const char *text, size_t len) {
    static const char mark[] = "\xef\xbb\xbf";
    return len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
}

bool foreign_comment(struct foreign *foreign, const char *line, size_t len) {
    return foreign->tool->comment && foreign->tool->comment(foreign, line, len);
}

static int record_line(struct foreign *foreign, const char *line, size_t len, struct error *error) {
    size_t mark = mark_length(line, len);
    line += mark;
    len -= mark;
    const char *text = line;
    while (text < line + len && isspace((unsigned char)*text))
        text++;
    foreign->record = (struct cell){line, len};
    if (text == line + len) return FOREIGN_NONE;
    bool looked_at = !foreign->skipping || foreign->tool->kinds || foreign->first[ROLE_REPORTER] >= 0;
    if (*text == '{') return looked_at ? object_read(foreign, error) : FOREIGN_NONE;
    if (foreign_header_take(foreign, line, len) || foreign_comment(foreign, line, len)) return FOREIGN_NONE;
    if (foreign->tool->prose && !foreign->skipping) {
        memset(&foreign->cells, 0, sizeof foreign->cells);
        if (foreign->tool->prose(foreign, line, len)) return foreign_assemble(foreign, error);
    }
    if (len > FOREIGN_RECORD_MAX) return error_set(error, "the line is longer than %d bytes", FOREIGN_RECORD_MAX);
    return looked_at ? line_read(foreign, error) : FOREIGN_NONE;
}

int foreign_line(struct foreign *foreign, const char *line, size_t len, const char **text, size_t *text_len,
                 struct error *error) {
    int found = record_line(foreign, line, len, error);
    *text = foreign->entry.data;
    *text_len = foreign->entry.len;
    return found;
}

void foreign_skip(struct foreign *foreign, const char *line, size_t len) {
    foreign->skipping = true;
    (void)!record_line(foreign, line, len, NULL);
    foreign->skipping = false;
}

/* Whether a tool's output for people begins so: it is known, so that what to ask the tool for can be said. */
static bool is_report(const struct foreign_tool *tool, const char *line, size_t len) {
    return tool->report && len >= strlen(tool->report) && memcmp(line, tool->report, strlen(tool->report)) == 0;
}

/* The tool whose header the line is. */
static enum foreign_format header_find(const char *line, size_t len) {
    for (unsigned format = 0; format < FOREIGN_FORMATS; format++)
        if (tools[format] &&
            (foreign_header_separator(tools[format], line, len) || is_report(tools[format], line, len)))
            return (enum foreign_format)format;
    return FOREIGN_ENTRIES;
}

/* The format of objects of JSON that begin so. */
static enum foreign_format objects_find(const char *head, size_t len) {
    enum foreign_names names = foreign_names_look(head, len);
    if (names == NAMES_OF_ENTRIES) return FOREIGN_ENTRIES;
    for (unsigned format = 0; format < FOREIGN_FORMATS; format++)
        for (unsigned i = 0; tools[format] && i < MARKS_MAX && tools[format]->marks[i]; i++)
            if (memmem(head, len, tools[format]->marks[i], strlen(tools[format]->marks[i])))
                return (enum foreign_format)format;
    return names == NAMES_LIKE_IANA ? FOREIGN_IANA : FOREIGN_ENTRIES;
}

bool foreign_is_objects(const char *head, size_t len) {
    size_t mark = mark_length(head, len);
    for (head += mark, len -= mark; len > 0 && isspace((unsigned char)*head); head++)
        len--;
    return len > 0 && (*head == '{' || *head == '[');
}

enum foreign_format foreign_find(const char *head, size_t len) {
    static const char *const zeek[] = {"#separator ", "#fields\t"};
    size_t mark = mark_length(head, len);
    for (head += mark, len -= mark; len > 0 && isspace((unsigned char)*head); head++)
        len--;
    for (unsigned i = 0; i < 2; i++)
        if (len > strlen(zeek[i]) && memcmp(head, zeek[i], strlen(zeek[i])) == 0) return FOREIGN_ZEEK;
    if (len > 0 && (*head == '{' || *head == '[')) return objects_find(head, len);
    const char *end = memchr(head, '\n', len);
    struct yaf_line yaf;
    if (yaf_line_read(head, end ? (size_t)(end - head) : len, &yaf)) return FOREIGN_SILK;
    if (end) len = (size_t)(end - head);
    return header_find(head, len > 0 && head[len - 1] == '\r' ? len - 1 : len);
}

struct foreign *foreign_new(enum foreign_format format, int64_t time) {
    struct foreign *foreign = mem_zalloc(1, sizeof *foreign);
    foreign->tool = tools[format];
    foreign->time_us = time * 1000000;
    foreign->local.minute = INT64_MIN;
    foreign->kind = -1;
    memset(foreign->first, -1, sizeof foreign->first);
    for (int i = 0; foreign->tool->columns[i].names[0]; i++) {
        enum column_role role = foreign->tool->columns[i].role;
        if (role < ROLES && foreign->first[role] < 0) foreign->first[role] = (int8_t)i;
    }
    for (unsigned i = 0; i < 2 && foreign->tool->unset_texts[i]; i++)
        snprintf(foreign->unset[i], sizeof foreign->unset[i], "%s", foreign->tool->unset_texts[i]);
    if (foreign->tool->frame) buffer_add_text(&foreign->header, foreign->tool->frame);
    const char *names = foreign->tool->default_header;
    if (names) foreign_header_read(foreign, names, strlen(names), foreign->tool->separators[0]);
    return foreign;
}

void foreign_free(struct foreign *foreign) {
    if (!foreign) return;
    buffer_release(&foreign->header);
    buffer_release(&foreign->entry);
    both_ends_free(foreign->both_ends);
    free(foreign);
}

const char *foreign_record(const struct foreign *foreign, size_t *len) {
    *len = foreign->record.len;
    return foreign->record.text;
}

const char *foreign_header(const struct foreign *foreign) { return foreign->header.data ? foreign->header.data : ""; }
uint64_t foreign_passed_over(const struct foreign *foreign) { return foreign->passed_over; }
