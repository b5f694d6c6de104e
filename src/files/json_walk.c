/* The walk through a JSON value: an automaton with a stack of one bit a level. */
#include "files/json_walk.h"

#include <ctype.h>
#include <string.h>

void json_walk_start(struct json_walk *walk) {
    walk->state = WALK_VALUE;
    walk->is_name = walk->lost = false;
    walk->depth = walk->braces = 0;
}

static bool in_object(const struct json_walk *walk) {
    unsigned top = walk->depth - 1;
    return walk->depth > 0 && walk->objects[top / 64] >> top % 64 & 1;
}

static bool level_open(struct json_walk *walk, bool object) {
    if (walk->depth == JSON_WALK_DEPTH) return false;
    uint64_t bit = UINT64_C(1) << walk->depth % 64, *word = &walk->objects[walk->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    walk->depth++;
    walk->braces += object;
    walk->state = object ? WALK_NAME_OR_END : WALK_ITEM_OR_END;
    return true;
}

static bool level_close(struct json_walk *walk, bool object) {
    if (walk->depth == 0 || in_object(walk) != object) return false;
    walk->depth--;
    walk->braces -= object;
    walk->state = WALK_COMMA_OR_END;
    return true;
}

static bool string_open(struct json_walk *walk, bool is_name) {
    walk->is_name = is_name;
    walk->state = WALK_STRING;
    return true;
}

static bool value_open(struct json_walk *walk, char c) {
    if (c == '{' || c == '[') return level_open(walk, c == '{');
    if (c == '"') return string_open(walk, false);
    walk->state = WALK_SCALAR;
    return isalnum((unsigned char)c) || c == '-';
}

/* Behind the bytes of the string from `at` on: its end, or a byte that can't be in it. */
static size_t string_walk(struct json_walk *walk, const char *text, size_t at, size_t len) {
    while (at < len && text[at] != '"' && text[at] != '\\' && (unsigned char)text[at] >= 0x20)
        at++;
    if (at == len || (unsigned char)text[at] < 0x20) return at;
    if (text[at] == '\\')
        walk->state = WALK_ESCAPE;
    else
        walk->state = walk->is_name ? WALK_COLON : WALK_COMMA_OR_END;
    return at + 1;
}

/* A byte between tokens. Whether it can stand there. */
static bool byte_take(struct json_walk *walk, char c) {
    switch (walk->state) {
    case WALK_ITEM_OR_END: return c == ']' ? level_close(walk, false) : value_open(walk, c);
    case WALK_VALUE: return value_open(walk, c);
    case WALK_NAME_OR_END:
        if (c == '}') return level_close(walk, true);
        return c == '"' && string_open(walk, true);
    case WALK_NAME: return c == '"' && string_open(walk, true);
    case WALK_COLON: walk->state = WALK_VALUE; return c == ':';
    case WALK_COMMA_OR_END:
        if (c == '}' || c == ']') return level_close(walk, c == '}');
        if (c == ',') walk->state = in_object(walk) ? WALK_NAME : WALK_VALUE;
        return c == ',';
    case WALK_SCALAR:
    case WALK_STRING:
    case WALK_ESCAPE: break;
    }
    return false;
}

/* The end of what has gone wrong. */
static enum json_walk_status lost_walk(struct json_walk *walk, const char *text, size_t len, size_t *used) {
    for (size_t at = 0; at < len; at++) {
        char c = text[at];
        if (walk->state == WALK_ESCAPE)
            walk->state = c == '\n' ? WALK_VALUE : WALK_STRING;
        else if (walk->state == WALK_STRING)
            walk->state = c == '\\' ? WALK_ESCAPE : c == '"' || c == '\n' ? WALK_VALUE : WALK_STRING;
        else if (c == '"')
            walk->state = WALK_STRING;
        else if (c == '{')
            walk->braces++;
        else if (c == '}' && --walk->braces == 0) {
            *used = at + 1;
            return JSON_WALK_END;
        }
    }
    *used = len;
    return JSON_WALK_MORE;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool is_of_scalar(char c) { return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '+'; }

enum json_walk_status json_walk(struct json_walk *walk, const char *text, size_t len, size_t *used) {
    if (walk->lost) return lost_walk(walk, text, len, used);
    size_t at = 0;
    while (at < len) {
        char c = text[at];
        enum json_walk_state state = walk->state;
        bool good = true;
        if (state == WALK_STRING) {
            size_t behind = string_walk(walk, text, at, len);
            good = behind > at;
            at = good ? behind - 1 : at;
        } else if (state == WALK_ESCAPE) {
            good = (unsigned char)c >= 0x20;
            walk->state = WALK_STRING;
        } else if (state == WALK_SCALAR && is_of_scalar(c)) {
            /* goes on */
        } else {
            if (state == WALK_SCALAR) walk->state = state = WALK_COMMA_OR_END;
            good = is_space(c) || byte_take(walk, c);
        }
        if (!good) {
            walk->state = state; /* that could have been told from */
            walk->lost = true;
            *used = at;
            return JSON_WALK_FAULT;
        }
        at++;
        if (walk->depth == 0) {
            *used = at;
            return JSON_WALK_END;
        }
    }
    *used = len;
    return JSON_WALK_MORE;
}

const char *json_walk_expected(const struct json_walk *walk) {
    switch (walk->state) {
    case WALK_VALUE: return "a value";
    case WALK_ITEM_OR_END: return "a value or ']'";
    case WALK_NAME_OR_END: return "a name or '}'";
    case WALK_NAME: return "a name";
    case WALK_COLON: return "':'";
    case WALK_COMMA_OR_END: return in_object(walk) ? "',' or '}'" : "',' or ']'";
    case WALK_SCALAR: break;
    case WALK_STRING:
    case WALK_ESCAPE: return "the end of a string";
    }
    return "a value";
}

bool json_walk_wants_item(const struct json_walk *walk) {
    bool value = walk->state == WALK_VALUE || walk->state == WALK_ITEM_OR_END;
    return !walk->lost && value && !in_object(walk);
}
