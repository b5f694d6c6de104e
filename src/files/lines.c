/* Lines, cut out of a file's contents. */
#include "files/lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CHUNK = 1 << 18 };

struct lines {
    struct contents *contents;
    bool owned;
    char *data; /* unpacked bytes; [at, end) not yet returned */
    size_t at, end, size;
    int64_t position; /* of data[at] in the unpacked contents */
    bool ended;
};

struct lines *lines_new(struct contents *contents) {
    struct lines *lines = mem_zalloc(1, sizeof *lines);
    lines->contents = contents;
    lines->size = 2 * CHUNK;
    lines->data = mem_alloc(lines->size);
    return lines;
}

struct lines *lines_open(const char *path, struct error *error) {
    struct contents *contents = contents_open(path, true, error);
    if (!contents) return NULL;
    struct lines *lines = lines_new(contents);
    lines->owned = true;
    return lines;
}

void lines_close(struct lines *lines) {
    if (!lines) return;
    if (lines->owned) contents_close(lines->contents);
    free(lines->data);
    free(lines);
}

int lines_identity(struct lines *lines, char identity[33], struct error *error) {
    return contents_identity(lines->contents, identity, error);
}

int lines_rewind(struct lines *lines, struct error *error) {
    lines->at = lines->end = 0;
    lines->ended = false;
    lines->position = 0;
    return contents_rewind(lines->contents, error);
}

static int line_too_long(const struct lines *lines, struct error *error) {
    return error_set(error, "%s: at byte %" PRId64 ": a line of more than %d bytes", contents_name(lines->contents),
                     lines->position, LINE_MAX_BYTES);
}

/* Makes room and reads on. 1, 0 at the end, -1. What is kept is the longest line, its '\r', and a chunk. */
static int more(struct lines *lines, struct error *error) {
    memmove(lines->data, lines->data + lines->at, lines->end - lines->at);
    lines->end -= lines->at;
    lines->at = 0;
    if (lines->end > LINE_MAX_BYTES + 1) return line_too_long(lines, error);
    if (lines->size - lines->end < CHUNK) {
        lines->size *= 2;
        lines->data = mem_realloc(lines->data, lines->size, 1);
    }
    int n = contents_read(lines->contents, lines->data + lines->end, CHUNK, error);
    if (n > 0) lines->end += (size_t)n;
    return n > 0 ? 1 : n;
}

int lines_next(struct lines *lines, const char **text, size_t *len, struct error *error) {
    size_t seen = 0;
    char *newline;
    while (!(newline = memchr(lines->data + lines->at + seen, '\n', lines->end - lines->at - seen)) && !lines->ended) {
        seen = lines->end - lines->at;
        int status = more(lines, error);
        if (status < 0) return -1;
        if (status == 0) lines->ended = true;
    }
    if (lines->at == lines->end) return 0;
    size_t whole = newline ? (size_t)(newline - (lines->data + lines->at)) + 1 : lines->end - lines->at;
    *text = lines->data + lines->at;
    *len = newline ? whole - 1 : whole;
    if (*len > 0 && (*text)[*len - 1] == '\r') (*len)--;
    if (*len > LINE_MAX_BYTES) return line_too_long(lines, error);
    lines->at += whole;
    lines->position += (int64_t)whole;
    return 1;
}

int64_t lines_position(const struct lines *lines) { return lines->position; }

double lines_progress(const struct lines *lines) { return contents_progress(lines->contents); }
