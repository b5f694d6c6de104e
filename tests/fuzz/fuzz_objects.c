/* Any bytes as a file of JSON: no byte beyond its lines; entries without line ends; positions that go up; nothing that
 * depends on where the reading began; and an object that jansson reads alone in a file is read, as the same, where no
 * other line begins like one and there is no NUL. The first byte says how long pieces of lines are. */
#include "files/objects.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    unsigned entries, faults;
    int64_t position;
    json_t *last; /* the only entry, as jansson reads it; NULL */
};

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_objects: %s\n", what);
    abort();
}

static void objects_see(struct objects *objects, struct seen *seen, int64_t end) {
    struct object object;
    for (enum objects_status status; (status = objects_next(objects, &object)) != OBJECTS_NONE;) {
        require(object.position >= seen->position && object.position <= end, "a position that goes back or too far");
        require(object.line > 0 && object.column > 0, "a place that is none");
        seen->position = object.position;
        if (status == OBJECTS_FAULT) {
            require(object.why[0] && !strchr(object.why, '\n') && object.reason < REJECT_REASONS,
                    "a fault without why");
            seen->faults++;
            continue;
        }
        require(object.len > 0 && object.len <= ENTRY_BYTES_MAX, "an entry of no or too many bytes");
        require(!memchr(object.text, '\n', object.len), "an entry of several lines");
        seen->entries++;
        json_decref(seen->last);
        seen->last = seen->entries > 1 ? NULL : json_loadb(object.text, object.len, JSON_ALLOW_NUL, NULL);
    }
}

static struct seen file_read(const char *text, size_t size, size_t piece) {
    struct objects *objects = objects_new(OBJECTS_LISTS_WHOLE);
    struct seen seen = {0};
    size_t at = 0;
    while (at < size) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t len = newline ? (size_t)(newline - text) - at : size - at;
        bool ends = len <= piece;
        size_t taken = ends ? len : piece;
        char *bytes = malloc(taken + 1); /* so that a byte too many is found */
        memcpy(bytes, text + at, taken);
        size_t behind = at + taken + (ends && newline);
        objects_feed(objects, (int64_t)at, (int64_t)behind, bytes, taken, ends);
        objects_see(objects, &seen, (int64_t)behind);
        free(bytes);
        at = behind;
    }
    objects_end(objects, (int64_t)size);
    objects_see(objects, &seen, (int64_t)size);
    objects_free(objects);
    return seen;
}

/* A line behind the first that begins with a brace: it may be taken for another object. */
static bool brace_leads(const char *text, size_t size) {
    const char *end = text + size;
    while ((text = memchr(text, '\n', (size_t)(end - text)))) {
        while (text < end && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n'))
            text++;
        if (text < end && *text == '{') return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const char *text = (const char *)data + 1;
    size--;
    struct seen whole = file_read(text, size, size), pieces = file_read(text, size, 1 + data[0] % 64);
    json_t *tree = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
    /* jansson ends at a NUL behind a number, whatever follows; in JSON there is none (RFC 8259, section 7). */
    if (json_is_object(tree) && text[0] == '{' && !brace_leads(text, size) && !memchr(text, '\0', size)) {
        const struct seen *ways[] = {&whole, &pieces};
        for (unsigned i = 0; i < 2; i++)
            require(ways[i]->entries == 1 && ways[i]->faults == 0 && json_equal(tree, ways[i]->last),
                    "an object that jansson reads otherwise");
    }
    json_decref(tree);
    json_decref(whole.last);
    json_decref(pieces.last);
    return 0;
}
