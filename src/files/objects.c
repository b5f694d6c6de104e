/* Entries out of lines: what is between objects, objects, and what is neither. */
#include "files/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "files/json_walk.h"
#include "flow/entry.h"

enum under_way {
    NOTHING,
    OBJECT,
    LINE,  /* outside of lists, of anything: up to its end */
    STRAY, /* what can't stand between objects: up to the next one, or to the end of the line */
};

struct place {
    int64_t line, column;
};

struct objects {
    enum objects_lists lists;
    /* The piece: [at, len) is to be read. */
    const char *text;
    size_t at, len;
    int64_t from, behind;
    bool ends, over; /* over: behind the last line */
    /* The line. */
    struct place start; /* of the piece */
    bool fresh;         /* only spaces of it have been read */
    /* What is under way. */
    enum under_way open;
    struct json_walk walk;
    struct buffer record; /* its text, with line ends; of one that is too long the head */
    size_t whole;         /* its length */
    struct place begin, fault;
    bool leads; /* the first of its line */
    char why[112];
    struct place list; /* where the one that is open begins; line 0: none is */
};

struct objects *objects_new(enum objects_lists lists) {
    struct objects *objects = mem_zalloc(1, sizeof *objects);
    objects->lists = lists;
    objects->start = (struct place){1, 1};
    objects->fresh = true;
    return objects;
}

void objects_free(struct objects *objects) {
    if (!objects) return;
    buffer_release(&objects->record);
    free(objects);
}

void objects_feed(struct objects *objects, int64_t from, int64_t behind, const char *text, size_t len, bool ends) {
    objects->text = text;
    objects->at = 0;
    objects->len = len;
    objects->from = from;
    objects->behind = behind;
    objects->ends = ends;
}

void objects_end(struct objects *objects, int64_t position) {
    objects_feed(objects, position, position, "", 0, false);
    objects->over = true;
}

static struct place place_at(const struct objects *objects, size_t at) {
    return (struct place){objects->start.line, objects->start.column + (int64_t)at};
}

/* How many bytes from the first on are such. */
static size_t run(const char *bytes, const char *text, size_t len) {
    size_t n = 0;
    while (n < len && text[n] && strchr(bytes, text[n]))
        n++;
    return n;
}

static const char separators[] = " \t\r,\x1e", blanks[] = " \t\r";

/* Behind what was just read; with the line's end where nothing else follows. */
static int64_t position_now(const struct objects *objects) {
    size_t rest = objects->len - objects->at;
    bool all = objects->ends && run(separators, objects->text + objects->at, rest) == rest;
    return all ? objects->behind : objects->from + (int64_t)objects->at;
}

/* --- what is under way --- */

static void open_at(struct objects *objects, enum under_way kind) {
    objects->open = kind;
    objects->begin = place_at(objects, objects->at);
    objects->leads = objects->fresh;
    objects->why[0] = '\0';
    objects->whole = 0;
    buffer_clear(&objects->record);
}

static void record_add(struct objects *objects, const char *text, size_t len) {
    objects->whole += len;
    if (objects->whole <= ENTRY_BYTES_MAX) {
        buffer_add(&objects->record, text, len);
        return;
    }
    size_t held = objects->record.len;
    if (held < ENTRY_HEAD_BYTES)
        buffer_add(&objects->record, text, len < ENTRY_HEAD_BYTES - held ? len : ENTRY_HEAD_BYTES - held);
    else
        objects->record.len = ENTRY_HEAD_BYTES;
}

static void record_take(struct objects *objects, size_t n) {
    record_add(objects, objects->text + objects->at, n);
    objects->at += n;
    objects->fresh = false;
}

/* The first thing that is wrong with it. */
static void fault_set(struct objects *objects, struct place place, const char *why) {
    if (objects->why[0]) return;
    objects->fault = place;
    snprintf(objects->why, sizeof objects->why, "%s", why);
}

/* The line ends and the indentation behind them are no part of a value. */
static void record_join(struct buffer *record) {
    const char *at = memchr(record->data, '\n', record->len), *end = record->data + record->len;
    if (!at) return;
    char *to = record->data + (at - record->data);
    while (at < end) {
        at += run("\n\r\t ", at, (size_t)(end - at));
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((next ? next : end) - at);
        memmove(to, at, len);
        to += len;
        at += len;
    }
    record->len = (size_t)(to - record->data);
}

static enum objects_status close_at(struct objects *objects, int64_t position, struct object *object) {
    bool object_read = objects->open == OBJECT;
    objects->open = NOTHING;
    object->position = position;
    object->reason = REJECT_NOT_JSON;
    if (objects->whole > ENTRY_BYTES_MAX) {
        object->reason = REJECT_TOO_BIG;
        fault_set(objects, objects->begin, "");
        snprintf(objects->why, sizeof objects->why, "the %s has %zu bytes; an entry has at most %d",
                 object_read ? "object" : "line", objects->whole, ENTRY_BYTES_MAX);
    }
    if (!objects->why[0] && object_read) record_join(&objects->record);
    struct place place = objects->why[0] ? objects->fault : objects->begin;
    object->line = place.line;
    object->column = place.column;
    object->text = objects->record.data;
    object->len = objects->record.len;
    snprintf(object->why, sizeof object->why, "%s", objects->why);
    return objects->why[0] ? OBJECTS_FAULT : OBJECTS_ENTRY;
}

/* "expected ',' or '}', not 'x'; the object begins in line 3" */
static void walk_fault(struct objects *objects, const char *at, size_t offset) {
    char found[16], begin[48] = "", why[112];
    unsigned char c = (unsigned char)*at;
    if (c == '\n')
        snprintf(found, sizeof found, "a line end");
    else
        snprintf(found, sizeof found, c > ' ' && c < 0x7f ? "'%c'" : "byte 0x%02x", c);
    struct place place = place_at(objects, offset);
    if (place.line != objects->begin.line)
        snprintf(begin, sizeof begin, "; the object begins in line %lld", (long long)objects->begin.line);
    snprintf(why, sizeof why, "expected %s, not %s%s", json_walk_expected(&objects->walk), found, begin);
    fault_set(objects, place, why);
}

/* Whether its end was found. */
static bool object_walk(struct objects *objects) {
    while (objects->at < objects->len) {
        size_t used;
        const char *text = objects->text + objects->at;
        enum json_walk_status status = json_walk(&objects->walk, text, objects->len - objects->at, &used);
        if (status == JSON_WALK_FAULT) walk_fault(objects, text + used, objects->at + used);
        record_take(objects, used);
        if (status == JSON_WALK_END) return true;
    }
    return false;
}

/* The end of the line, in what is under way. */
static void object_line_end(struct objects *objects) {
    size_t used;
    if (json_walk(&objects->walk, "\n", 1, &used) == JSON_WALK_FAULT) {
        walk_fault(objects, "\n", objects->len);
        (void)json_walk(&objects->walk, "\n", 1, &used);
    }
    record_add(objects, "\n", 1);
}

/* --- between --- */

static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
enum { MARK = sizeof mark - 1 };

static void separators_skip(struct objects *objects) {
    bool first = objects->from == 0 && objects->at == 0;
    if (first && objects->len >= MARK && memcmp(objects->text, mark, MARK) == 0) objects->at = MARK;
    objects->at += run(separators, objects->text + objects->at, objects->len - objects->at);
}

/* An object without others in it, alone in its line: that is seen without a walk through it, for inside a string no
 * line ends. Outside of lists blanks are part of it, as they are of any line. */
static bool line_is_flat(const struct objects *objects) {
    const char *text = objects->text;
    size_t len = objects->len;
    bool alone = objects->list.line == 0;
    while (alone && len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    for (; alone && len > 0 && (text[0] == ' ' || text[0] == '\t'); len--)
        text++;
    return len > 1 && text[0] == '{' && text[len - 1] == '}' && !memchr(text + 1, '{', len - 2);
}

/* A list that ends with its line, or at least looks as if it did. */
static bool line_is_list(const struct objects *objects) {
    struct json_walk walk;
    size_t used, len = objects->len - objects->at;
    const char *text = objects->text + objects->at;
    if (!objects->ends || len > ENTRY_BYTES_MAX) return false;
    while (len > 0 && text[len - 1] && strchr(blanks, text[len - 1]))
        len--;
    json_walk_start(&walk);
    enum json_walk_status status = json_walk(&walk, text, len, &used);
    return status == JSON_WALK_END ? used == len : status == JSON_WALK_FAULT && text[len - 1] == ']';
}

static enum objects_status line_give(struct objects *objects, struct object *object, size_t from) {
    object->text = objects->text + from;
    object->len = objects->len - from;
    object->position = objects->behind;
    object->line = objects->start.line;
    object->column = objects->start.column + (int64_t)from;
    objects->at = objects->len;
    objects->fresh = false;
    return OBJECTS_ENTRY;
}

static void stray_open(struct objects *objects) {
    char why[64];
    unsigned char c = (unsigned char)objects->text[objects->at];
    snprintf(why, sizeof why,
             c > ' ' && c < 0x7f ? "expected an object, not '%c'" : "expected an object, not byte 0x%02x", c);
    open_at(objects, STRAY);
    fault_set(objects, objects->begin, why);
    record_take(objects, 1);
}

/* What comes next, behind other things or at the beginning of a line. Whether it is an entry already. */
static bool next_open(struct objects *objects, struct object *object) {
    separators_skip(objects);
    if (objects->at == objects->len) return false;
    char c = objects->text[objects->at];
    bool in_list = objects->list.line > 0;
    if (c == '{') {
        json_walk_start(&objects->walk);
        open_at(objects, OBJECT);
    } else if (c == '[' && !in_list && objects->fresh) {
        if (objects->lists == OBJECTS_LISTS_WHOLE && line_is_list(objects))
            return line_give(objects, object, objects->at) == OBJECTS_ENTRY;
        objects->list = place_at(objects, objects->at++);
        objects->fresh = false;
    } else if (c == ']' && in_list) {
        objects->list.line = 0;
        objects->at++;
        objects->fresh = false;
    } else if (!in_list && objects->fresh) {
        if (objects->start.column == 1) objects->at = 0; /* as it stands */
        open_at(objects, LINE);
    } else {
        stray_open(objects);
    }
    return false;
}

/* --- line by line --- */

/* A line that begins another object although one is open. */
static bool object_is_cut_off(struct objects *objects) {
    if (!objects->fresh || !objects->leads || objects->begin.line == objects->start.line) return false;
    size_t at = objects->at + run(blanks, objects->text + objects->at, objects->len - objects->at);
    if (at == objects->len || objects->text[at] != '{') return false;
    struct place place = place_at(objects, at);
    if (place.column > objects->begin.column || json_walk_wants_item(&objects->walk)) return false;
    char why[112];
    snprintf(why, sizeof why, "the object that begins in line %lld is cut off: another one begins",
             (long long)objects->begin.line);
    fault_set(objects, place, why);
    return true;
}

/* What is under way goes on. Whether it ends here, at *position. */
static bool open_read(struct objects *objects, int64_t *position) {
    *position = objects->from + (int64_t)objects->at;
    if (objects->open == OBJECT) {
        if (object_is_cut_off(objects)) return true;
        bool ended = object_walk(objects);
        *position = position_now(objects);
        return ended;
    }
    size_t rest = objects->len - objects->at, n = rest;
    if (objects->open == STRAY) {
        const char *next = memchr(objects->text + objects->at, '{', rest);
        if (next) n = (size_t)(next - objects->text) - objects->at;
    }
    record_take(objects, n);
    *position = position_now(objects);
    return n < rest || objects->ends;
}

static void line_end(struct objects *objects) {
    if (objects->open == OBJECT) object_line_end(objects);
    objects->start = (struct place){objects->start.line + 1, 1};
    objects->fresh = true;
    objects->len = objects->at = 0;
    objects->ends = false;
}

/* Behind the last line. */
static enum objects_status rest_close(struct objects *objects, struct object *object) {
    char why[112];
    struct place begin = objects->open ? objects->begin : objects->list;
    bool is_list = objects->open == NOTHING;
    if (begin.line == 0 || (is_list && objects->list.line == 0)) return OBJECTS_NONE;
    if (is_list) open_at(objects, STRAY);
    objects->list.line = 0;
    snprintf(why, sizeof why, "the %s that begins in line %lld is cut off: the file ends", is_list ? "list" : "object",
             (long long)begin.line);
    fault_set(objects, objects->start, why);
    return close_at(objects, objects->behind, object);
}

enum objects_status objects_next(struct objects *objects, struct object *object) {
    int64_t position;
    if (objects->over) return rest_close(objects, object);
    if (objects->open == NOTHING && objects->fresh && objects->ends && line_is_flat(objects))
        return line_give(objects, object, 0);
    while (objects->at < objects->len || (objects->open != NOTHING && objects->ends)) {
        if (objects->open == NOTHING && next_open(objects, object)) return OBJECTS_ENTRY;
        if (objects->open == NOTHING) continue;
        if (open_read(objects, &position)) return close_at(objects, position, object);
        if (objects->at == objects->len) break;
    }
    if (objects->ends)
        line_end(objects);
    else
        objects->start.column += (int64_t)objects->len;
    objects->len = objects->at = 0;
    return OBJECTS_NONE;
}
