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
#include "flow/names.h"

/* Each line's entry, or "! " and the error, a line each. */
static char *read_all(struct foreign *foreign, const char *lines) {
    struct buffer out = BUFFER_INIT;
    struct error error;
    const char *text;
    size_t len;
    buffer_add_text(&out, "");
    while (*lines) {
        size_t line = strcspn(lines, "\n");
        int found = line ? foreign_line(foreign, lines, line, &text, &len, &error) : FOREIGN_NONE;
        if (found == FOREIGN_ENTRY) buffer_printf(&out, "%.*s\n", (int)len, text);
        if (found < 0) buffer_printf(&out, "! %s\n", error.text);
        lines += line + (lines[line] == '\n');
    }
    if (foreign_end(foreign, &error) != 0) buffer_printf(&out, "! %s\n", error.text);
    return out.data;
}

static void expect(enum foreign_format format, const char *lines, const char *wanted) {
    struct foreign *foreign = foreign_new(format);
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
