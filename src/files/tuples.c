/* Azure's flow tuples, found in JSON by the name of their lists alone. */
#include "files/tuples.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct tuples {
    const char *text; /* what was fed, from */
    size_t at, len;   /* here on */
    int64_t from;
    bool quoted, escaped;   /* in a string, and behind its backslash */
    bool named;             /* behind the name of a list of tuples */
    bool listed;            /* in such a list */
    char string[TUPLE_MAX]; /* the one under way, or the last */
    size_t string_len;
};

struct tuples *tuples_new(void) { return mem_zalloc(1, sizeof(struct tuples)); }

void tuples_free(struct tuples *tuples) { free(tuples); }

void tuples_feed(struct tuples *tuples, int64_t from, const char *text, size_t len) {
    tuples->text = text;
    tuples->at = 0;
    tuples->len = len;
    tuples->from = from;
}

static void string_add(struct tuples *tuples, char c) {
    if (tuples->string_len < TUPLE_MAX) tuples->string[tuples->string_len++] = c;
}

/* A byte of a string. Whether it ends it. */
static bool string_take(struct tuples *tuples, char c) {
    string_add(tuples, c);
    bool ends = c == '"' && !tuples->escaped;
    tuples->escaped = c == '\\' && !tuples->escaped;
    tuples->quoted = !ends;
    return ends;
}

/* A byte between strings. */
static void other_take(struct tuples *tuples, char c) {
    if (isspace((unsigned char)c) || c == ':') return;
    if (c == '"') {
        tuples->string_len = 0;
        tuples->quoted = true;
        string_add(tuples, c);
    } else if (c == '[') {
        tuples->listed = tuples->named;
    } else if (c != ',') {
        tuples->listed = false;
    }
    tuples->named = false;
}

bool tuples_next(struct tuples *tuples, struct tuple *tuple) {
    static const char name[] = "\"flowTuples\"";
    while (tuples->at < tuples->len) {
        char c = tuples->text[tuples->at++];
        if (!tuples->quoted) {
            other_take(tuples, c);
        } else if (string_take(tuples, c)) {
            if (tuples->listed) {
                *tuple = (struct tuple){tuples->string, tuples->string_len, tuples->from + (int64_t)tuples->at};
                return true;
            }
            tuples->named = tuples->string_len == strlen(name) && memcmp(tuples->string, name, strlen(name)) == 0;
        }
    }
    return false;
}
