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

/* Makes room and reads on. 1, 0 at the end, -1. What is kept is the longest line, its '\r', and a chunk. */
static int more(struct lines *lines, struct error *error) {
    memmove(lines->data, lines->data + lines->at, lines->end - lines->at);
    lines->end -= lines->at;
    lines->at = 0;
    if (lines->size - lines->end < CHUNK) {
        lines->size *= 2;
        lines->data = mem_realloc(lines->data, lines->size, 1);
    }
    int n = contents_read(lines->contents, lines->data + lines->end, CHUNK, error);
    if (n > 0) lines->end += (size_t)n;
    return n > 0 ? 1 : n;
}

/* The line at `at` has no end in what is held, and is too long to be held: only its head is. */
static int line_cut(struct lines *lines, const char **text, size_t *len, struct error *error) {
    size_t whole = lines->end - lines->at;
    char last = lines->data[lines->end - 1], *newline = NULL;
    memmove(lines->data, lines->data + lines->at, ENTRY_HEAD_BYTES);
    lines->at = lines->end = ENTRY_HEAD_BYTES;
    while (!newline && !lines->ended) {
        int n = contents_read(lines->contents, lines->data + ENTRY_HEAD_BYTES, CHUNK, error);
        if (n < 0) return -1;
        lines->ended = n == 0;
        lines->end = ENTRY_HEAD_BYTES + (size_t)n;
        newline = memchr(lines->data + ENTRY_HEAD_BYTES, '\n', (size_t)n);
        size_t more = newline ? (size_t)(newline - lines->data) - ENTRY_HEAD_BYTES : (size_t)n;
        if (more > 0) last = lines->data[ENTRY_HEAD_BYTES + more - 1];
        whole += more;
    }
    lines->at = newline ? (size_t)(newline - lines->data) + 1 : lines->end;
    lines->position += (int64_t)whole + (newline != NULL);
    *text = lines->data;
    *len = whole - (last == '\r');
    return 1;
}

enum line_found { LINE_FAILED = -1, LINE_NONE, LINE_WHOLE, LINE_LONG };

/* Reads on until the line at `at` has its end, or more of it is held than a line has at most. *whole: its length with
 * its end. */
static enum line_found line_find(struct lines *lines, size_t *whole, struct error *error) {
    size_t seen = 0;
    char *newline;
    while (!(newline = memchr(lines->data + lines->at + seen, '\n', lines->end - lines->at - seen)) && !lines->ended) {
        seen = lines->end - lines->at;
        if (seen > LINE_MAX_BYTES + 1) return LINE_LONG;
        int status = more(lines, error);
        if (status < 0) return LINE_FAILED;
        if (status == 0) lines->ended = true;
    }
    *whole = newline ? (size_t)(newline - (lines->data + lines->at)) + 1 : lines->end - lines->at;
    return *whole > 0 ? LINE_WHOLE : LINE_NONE;
}

static void bytes_take(struct lines *lines, size_t n, const char **text) {
    *text = lines->data + lines->at;
    lines->at += n;
    lines->position += (int64_t)n;
}

/* Without its end of line. */
static void line_take(struct lines *lines, size_t whole, const char **text, size_t *len) {
    bytes_take(lines, whole, text);
    *len = whole - ((*text)[whole - 1] == '\n');
    if (*len > 0 && (*text)[*len - 1] == '\r') (*len)--;
}

int lines_next(struct lines *lines, const char **text, size_t *len, struct error *error) {
    size_t whole;
    enum line_found found = line_find(lines, &whole, error);
    if (found == LINE_LONG) return line_cut(lines, text, len, error);
    if (found == LINE_WHOLE) line_take(lines, whole, text, len);
    return (int)found;
}

int lines_piece(struct lines *lines, const char **text, size_t *len, bool *ends, struct error *error) {
    size_t whole;
    enum line_found found = line_find(lines, &whole, error);
    *ends = found == LINE_WHOLE;
    if (found == LINE_LONG) bytes_take(lines, *len = LINE_MAX_BYTES, text);
    if (found == LINE_WHOLE) line_take(lines, whole, text, len);
    return found == LINE_LONG ? 1 : (int)found;
}

int64_t lines_position(const struct lines *lines) { return lines->position; }

double lines_progress(const struct lines *lines) { return contents_progress(lines->contents); }
