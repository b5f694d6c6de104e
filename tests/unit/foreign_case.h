/* What the tests of other tools' lines share: all lines of a text read. */
#ifndef FLOWIMPORT_TESTS_FOREIGN_CASE_H
#define FLOWIMPORT_TESTS_FOREIGN_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "files/foreign.h"
#include "files/objects.h"
#include "flow/names.h"

static void record_read(struct foreign *foreign, const char *record, size_t record_len, struct buffer *out) {
    struct error error;
    const char *text;
    size_t len;
    int found = record_len ? foreign_line(foreign, record, record_len, &text, &len, &error) : FOREIGN_NONE;
    if (found == FOREIGN_ENTRY) buffer_printf(out, "%.*s\n", (int)len, text);
    if (found < 0) buffer_printf(out, "! %s\n", error.text);
}

static void objects_read(struct foreign *foreign, struct objects *objects, struct buffer *out) {
    struct object object;
    enum objects_status status;
    while ((status = objects_next(objects, &object)) != OBJECTS_NONE)
        if (status == OBJECTS_ENTRY)
            record_read(foreign, object.text, object.len, out);
        else if (!foreign_comment(foreign, object.text, object.len))
            buffer_printf(out, "! %s\n", object.why);
}

/* Each record's entry, or "! " and the error, a line each. */
static char *read_all(struct foreign *foreign, const char *lines) {
    struct buffer out = BUFFER_INIT;
    struct objects *objects = foreign_is_objects(lines, strlen(lines)) ? objects_new(OBJECTS_OF_LISTS) : NULL;
    int64_t position = 0;
    buffer_add_text(&out, "");
    while (*lines) {
        size_t line = strcspn(lines, "\n"), behind = line + (lines[line] == '\n');
        if (objects) {
            objects_feed(objects, position, position + (int64_t)behind, lines, line, true);
            objects_read(foreign, objects, &out);
        } else {
            record_read(foreign, lines, line, &out);
        }
        position += (int64_t)behind;
        lines += behind;
    }
    if (objects) objects_end(objects, position);
    if (objects) objects_read(foreign, objects, &out);
    objects_free(objects);
    return out.data;
}

static void expect(enum foreign_format format, const char *lines, const char *wanted) {
    struct foreign *foreign = foreign_new(format, 0);
    char *got = read_all(foreign, lines);
    assert_string_equal(got, wanted);
    free(got);
    foreign_free(foreign);
}

/* Of a group of tests: times are those of UTC. */
static int utc_setup(void **state) {
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    names_init();
    return 0;
}

#endif
