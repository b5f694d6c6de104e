/* Files of names, line by line, into a book. */
#include "names/book.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "names/book_impl.h"
#include "names/build.h"
#include "names/line.h"

enum { FILES_MAX = 64 };

struct reading {
    struct name_book *book;
    struct build build;
    uint32_t exporters_size, interfaces_size, things_size;
    uint32_t n_files;
    char *paths[FILES_MAX];
    uint32_t line;  /* of the last file, the one being read */
    uint64_t bytes; /* of all files */
    struct error *error;
};

/* "FILE:LINE: " before what is wrong. Returns -1. */
static int line_fail(const struct reading *reading, const char *text) {
    return error_set(reading->error, "%s:%u: %s", reading->paths[reading->n_files - 1], reading->line, text);
}

static int limit_fail(const struct reading *reading, const char *what, unsigned most) {
    char text[64];
    snprintf(text, sizeof text, "more than %u %s", most, what);
    return line_fail(reading, text);
}

static int repeated_fail(const struct reading *reading, const char *what, uint32_t file, uint32_t line,
                         uint32_t first_file, uint32_t first_line) {
    return error_set(reading->error, "%s:%u: %s is repeated; it is first in %s:%u", reading->paths[file], line, what,
                     reading->paths[first_file], first_line);
}

/* Lines
 * ----------------------------------------------------------------------------------------------------------------- */

/* -1: there are too many. */
static int subject_of(struct name_book *book, const struct line *line, const char *name) {
    bool is_host = line->address.bits == address_width(line->address.family);
    if (strcmp(name, "name") == 0) return is_host ? NAME_HOST : NAME_NETWORK;
    for (unsigned i = NAME_TAGS; i < book->n_subjects; i++)
        if (strcmp(book->subjects[i], name) == 0) return (int)i;
    if (book->n_subjects == SUBJECTS_MAX) return -1;
    book->subjects[book->n_subjects] = mem_strdup(name);
    return (int)book->n_subjects++;
}

static int address_take(struct reading *reading, const struct line *line) {
    struct name_book *book = reading->book;
    if (book->n_prefixes == NAMES_PREFIXES_MAX) return limit_fail(reading, "networks and hosts", NAMES_PREFIXES_MAX);
    book->n_prefixes++;
    build_prefix(&reading->build, &line->address, reading->n_files - 1, reading->line);
    for (unsigned i = 0; i < line->n_words; i++) {
        int subject = subject_of(book, line, line->words[i].name);
        if (subject < 0) return limit_fail(reading, "different tags", NAMES_TAGS_MAX);
        build_value(&reading->build, (uint32_t)subject,
                    texts_add(&book->texts, line->words[i].value, line->words[i].len));
    }
    return 0;
}

/* The value of a line's word; 0: it has none. */
static uint32_t word_take(struct name_book *book, const struct line *line, const char *name) {
    for (unsigned i = 0; i < line->n_words; i++)
        if (strcmp(line->words[i].name, name) == 0)
            return texts_add(&book->texts, line->words[i].value, line->words[i].len);
    return 0;
}

static struct book_place place_of(const struct reading *reading) {
    return (struct book_place){reading->n_files - 1, reading->line};
}

static int exporter_take(struct reading *reading, const struct line *line) {
    struct name_book *book = reading->book;
    if (book->n_exporters == NAMES_EXPORTERS_MAX) return limit_fail(reading, "exporters", NAMES_EXPORTERS_MAX);
    book->exporters = mem_grow(book->exporters, book->n_exporters, &reading->exporters_size, sizeof book->exporters[0]);
    struct book_exporter *exporter = &book->exporters[book->n_exporters++];
    *exporter = (struct book_exporter){
        .family = line->address.family, .name = word_take(book, line, "name"), .place = place_of(reading)};
    memcpy(exporter->address, line->address.bytes, sizeof exporter->address);
    return 0;
}

static int interface_take(struct reading *reading, const struct line *line) {
    struct name_book *book = reading->book;
    if (book->n_interfaces == NAMES_INTERFACES_MAX) return limit_fail(reading, "interfaces", NAMES_INTERFACES_MAX);
    book->interfaces =
        mem_grow(book->interfaces, book->n_interfaces, &reading->interfaces_size, sizeof book->interfaces[0]);
    struct book_interface *interface = &book->interfaces[book->n_interfaces++];
    *interface = (struct book_interface){.known = {.family = line->address.family,
                                                   .index = line->index,
                                                   .name = word_take(book, line, "name"),
                                                   .description = word_take(book, line, "description"),
                                                   .name_source = line->source,
                                                   .description_source = line->source,
                                                   .speed_source = line->source,
                                                   .speed = line->speed,
                                                   .counted = line->counted,
                                                   .in = line->in,
                                                   .out = line->out},
                                         .source = line->source,
                                         .place = place_of(reading)};
    memcpy(interface->known.exporter, line->address.bytes, sizeof interface->known.exporter);
    return 0;
}

static int thing_take(struct reading *reading, const struct line *line) {
    struct name_book *book = reading->book;
    if (book->n_things == NAMES_THINGS_MAX) return limit_fail(reading, "applications and VRFs", NAMES_THINGS_MAX);
    book->things = mem_grow(book->things, book->n_things, &reading->things_size, sizeof book->things[0]);
    struct book_thing *thing = &book->things[book->n_things++];
    *thing = (struct book_thing){.known = {.kind = line->kind == LINE_VRF ? NAMED_VRF : NAMED_APPLICATION,
                                           .family = line->address.family,
                                           .source = line->source,
                                           .name = word_take(book, line, "name"),
                                           .description = word_take(book, line, "description")},
                                 .place = place_of(reading)};
    memcpy(thing->known.exporter, line->address.bytes, sizeof thing->known.exporter);
    memcpy(thing->known.id, line->id, sizeof thing->known.id);
    return 0;
}

static int line_take(struct reading *reading, char *text, size_t len) {
    struct line line;
    struct error error;
    if (len > 0 && text[len - 1] == '\r') text[--len] = '\0';
    if (line_parse(&line, text, len, &error) != 0) return line_fail(reading, error.text);
    switch (line.kind) {
    case LINE_ADDRESS: return address_take(reading, &line);
    case LINE_EXPORTER: return exporter_take(reading, &line);
    case LINE_INTERFACE: return interface_take(reading, &line);
    case LINE_APPLICATION:
    case LINE_VRF: return thing_take(reading, &line);
    case LINE_EMPTY: break;
    }
    return 0;
}

/* Files
 * ----------------------------------------------------------------------------------------------------------------- */

static int lines_take(struct reading *reading, FILE *file) {
    static const char mark[] = "\xef\xbb\xbf"; /* some editors write it first */
    char text[NAMES_LINE_MAX + 1];
    int c = 0;
    for (reading->line = 1; c != EOF; reading->line++) {
        size_t len = 0;
        while ((c = getc_unlocked(file)) != EOF && c != '\n') {
            if (len == NAMES_LINE_MAX) return limit_fail(reading, "bytes in a line", NAMES_LINE_MAX);
            text[len++] = (char)c;
        }
        text[len] = '\0';
        reading->bytes += len + 1;
        if (reading->bytes > NAMES_BYTES_MAX) return limit_fail(reading, "bytes in all files", NAMES_BYTES_MAX);
        bool is_marked = reading->line == 1 && strncmp(text, mark, 3) == 0;
        if (line_take(reading, is_marked ? text + 3 : text, is_marked ? len - 3 : len) != 0) return -1;
    }
    return ferror(file) ? error_set(reading->error, "%s: %s", reading->paths[reading->n_files - 1], strerror(errno))
                        : 0;
}

static int file_read(struct reading *reading, const char *path, size_t len) {
    if (reading->n_files == FILES_MAX) return error_set(reading->error, "more than %d files", FILES_MAX);
    char *name = reading->paths[reading->n_files++] = mem_strndup(path, len);
    FILE *file = fopen(name, "re");
    if (!file) return error_set(reading->error, "%s: %s", name, strerror(errno));
    int failed = lines_take(reading, file);
    fclose(file);
    return failed;
}

/* "a, b": each without the blanks around it. */
static int files_read(struct reading *reading, const char *files) {
    int failed = 0;
    for (const char *at = files; at && *at && !failed;) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ","), end = len;
        while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '\t'))
            end--;
        if (end > 0) failed = file_read(reading, at, end);
        at += len;
    }
    return failed;
}

static int local_read(struct reading *reading, const char *local) {
    static const char separators[] = ", \t\n";
    char *copy = mem_strdup(local ? local : ""), *state = NULL;
    struct address address;
    unsigned n = 0;
    int failed = 0;
    for (char *item = strtok_r(copy, separators, &state); item && !failed; item = strtok_r(NULL, separators, &state)) {
        failed = address_parse(&address, item, reading->error);
        if (!failed && n++ == NAMES_LOCAL_MAX)
            failed = error_set(reading->error, "more than %d networks", NAMES_LOCAL_MAX);
        if (failed) continue;
        build_prefix(&reading->build, &address, BUILD_LOCAL, n);
        build_value(&reading->build, NAME_LOCAL, 1);
        reading->book->has_local = true;
    }
    free(copy);
    return failed;
}

/* The whole
 * ----------------------------------------------------------------------------------------------------------------- */

static int prefixes_check(struct reading *reading) {
    const struct build_prefix *first, *again = build_sort(&reading->build, &first);
    if (!again) return 0;
    char text[INET6_ADDRSTRLEN], shown[INET6_ADDRSTRLEN + 4];
    struct address address;
    build_address(again, &address);
    inet_ntop(address.family == FLOW_IPV4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
    snprintf(shown, sizeof shown, "%s/%u", text, address.bits);
    return repeated_fail(reading, shown, again->file, again->line, first->file, first->line);
}

/* Sorts a list whose elements begin with their place, and refuses the later of two that are of the same thing. */
static int list_check(struct reading *reading, void *list, unsigned n, size_t width,
                      int (*compare)(const void *, const void *), const char *what) {
    if (n > 0) qsort(list, n, width, compare);
    for (unsigned i = 1; i < n; i++) {
        const struct book_place *a = (const void *)((const char *)list + (i - 1) * width),
                                *b = (const void *)((const char *)a + width);
        if (compare(a, b) != 0) continue;
        bool turned = a->file != b->file ? a->file > b->file : a->line > b->line;
        return repeated_fail(reading, what, turned ? a->file : b->file, turned ? a->line : b->line,
                             turned ? b->file : a->file, turned ? b->line : a->line);
    }
    return 0;
}

static int lists_check(struct reading *reading) {
    struct name_book *book = reading->book;
    if (list_check(reading, book->exporters, book->n_exporters, sizeof book->exporters[0], book_exporter_compare,
                   "the exporter") != 0)
        return -1;
    if (list_check(reading, book->interfaces, book->n_interfaces, sizeof book->interfaces[0], book_interface_order,
                   "the interface") != 0)
        return -1;
    return list_check(reading, book->things, book->n_things, sizeof book->things[0], book_thing_order,
                      "the application or VRF");
}

static struct name_book *book_end(struct reading *reading, int failed, const char *local) {
    struct name_book *book = reading->book;
    if (!failed) failed = local_read(reading, local);
    if (!failed && (prefixes_check(reading) != 0 || lists_check(reading) != 0)) failed = -1;
    if (!failed) {
        build_finish(&reading->build, book);
        book_settle(book);
    }
    build_release(&reading->build);
    for (uint32_t i = 0; i < reading->n_files; i++)
        free(reading->paths[i]);
    if (!failed) return book;
    name_book_drop(book);
    return NULL;
}

static struct name_book *book_begin(void) {
    struct name_book *book = mem_zalloc(1, sizeof *book);
    atomic_init(&book->users, 1);
    texts_init(&book->texts);
    book->n_subjects = NAME_TAGS;
    return book;
}

struct name_book *name_book_read(const char *files, const char *local, struct error *error) {
    struct reading reading = {.book = book_begin(), .error = error};
    return book_end(&reading, files_read(&reading, files), local);
}

struct name_book *name_book_parse(const char *text, size_t len, const char *path, const char *local,
                                  struct error *error) {
    struct reading reading = {.book = book_begin(), .error = error, .n_files = 1};
    reading.paths[0] = mem_strdup(path);
    FILE *file = len > 0 ? fmemopen((void *)(uintptr_t)text, len, "r") : NULL;
    int failed = file ? lines_take(&reading, file) : 0;
    if (file) fclose(file);
    return book_end(&reading, failed, local);
}

/* What devices say
 * ----------------------------------------------------------------------------------------------------------------- */

/* All that is the files' but what is added to. */
static struct name_book *book_over(struct name_book *files, struct reading *reading) {
    struct name_book *book = mem_alloc(sizeof *book);
    memcpy(book, files, sizeof *book);
    atomic_init(&book->users, 1);
    book->base = name_book_hold(files);
    texts_copy(&book->texts, &files->texts);
    reading->interfaces_size = book->n_interfaces;
    reading->things_size = book->n_things;
    book->interfaces = mem_zalloc(book->n_interfaces + 1, sizeof book->interfaces[0]);
    book->things = mem_zalloc(book->n_things + 1, sizeof book->things[0]);
    if (book->n_interfaces > 0)
        memcpy(book->interfaces, files->interfaces, book->n_interfaces * sizeof book->interfaces[0]);
    if (book->n_things > 0) memcpy(book->things, files->things, book->n_things * sizeof book->things[0]);
    return book;
}

/* Whether the line is one that a device's words make. */
static bool learned_take(struct reading *reading, char *text, size_t len) {
    struct line line;
    struct error error;
    reading->error = &error;
    if (line_parse(&line, text, len, &error) != 0) return false;
    if (line.kind == LINE_EMPTY) return true;
    if (line.source == NAMED_BY_FILE) return false;
    if (line.kind == LINE_INTERFACE) return interface_take(reading, &line) == 0;
    return (line.kind == LINE_APPLICATION || line.kind == LINE_VRF) && thing_take(reading, &line) == 0;
}

struct name_book *name_book_learn(struct name_book *files, const char *path, unsigned *ignored) {
    struct reading reading = {.n_files = 1};
    struct name_book *book = reading.book = book_over(files, &reading);
    reading.paths[0] = mem_strdup(path);
    FILE *file = fopen(path, "re");
    char text[NAMES_LINE_MAX + 1];
    *ignored = 0;
    for (int c = 0; file && c != EOF && reading.bytes < NAMES_BYTES_MAX; reading.line++) {
        size_t len = 0, all = 0;
        while ((c = getc_unlocked(file)) != EOF && c != '\n' && ++all)
            if (len < NAMES_LINE_MAX) text[len++] = (char)c;
        text[len] = '\0';
        reading.bytes += all + 1;
        *ignored += all > len || !learned_take(&reading, text, len);
    }
    if (file) fclose(file);
    free(reading.paths[0]);
    if (book->n_interfaces > 0)
        qsort(book->interfaces, book->n_interfaces, sizeof book->interfaces[0], book_interface_order);
    if (book->n_things > 0) qsort(book->things, book->n_things, sizeof book->things[0], book_thing_order);
    book_settle(book);
    return book;
}
