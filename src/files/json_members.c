/* The members of a JSON object, without a tree: what a record of a log needs, and nothing of what is nested in it. */
#include <string.h>

#include "files/foreign_impl.h"

static const char *space_skip(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Behind the closing quote of a string that begins at `at`, behind its opening one; NULL where it has none. */
static const char *string_end(const char *at, const char *end) {
    for (; at < end; at++) {
        if (*at == '"') return at + 1;
        if (*at == '\\') at++;
    }
    return NULL;
}

/* Behind an array or object that begins at `at`; NULL where it isn't closed. */
static const char *nested_end(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        char c = *at++;
        if (c == '"') {
            at = string_end(at, end);
            if (!at) return NULL;
        }
        if (c == '{' || c == '[') depth++;
        if ((c == '}' || c == ']') && --depth == 0) return at;
    }
    return NULL;
}

/* Behind a value; NULL where there is none. */
static const char *value_end(const char *at, const char *end, struct cell *value) {
    const char *from = at;
    *value = (struct cell){"", 0};
    if (at == end) return NULL;
    if (*at == '{' || *at == '[') {
        *value = (struct cell){at, 0};
        return nested_end(at, end);
    }
    if (*at == '"') {
        const char *behind = string_end(at + 1, end);
        if (behind) *value = (struct cell){at + 1, (size_t)(behind - at) - 2};
        return behind;
    }
    while (at < end && !strchr(",}] \t\r\n", *at))
        at++;
    if (at - from == 4 && memcmp(from, "null", 4) == 0) return at;
    *value = (struct cell){from, (size_t)(at - from)};
    return at > from ? at : NULL;
}

int json_members_next(struct json_members *members, struct cell *name, struct cell *value) {
    const char *end = members->end, *at = space_skip(members->at, end);
    if (at == end || (*at != '{' && *at != ',' && *at != '}')) return -1;
    bool first = *at == '{';
    if (*at == '}') return space_skip(at + 1, end) == end ? 0 : -1;
    at = space_skip(at + 1, end);
    if (first && at < end && *at == '}') return space_skip(at + 1, end) == end ? 0 : -1;
    if (at == end || *at != '"') return -1;
    const char *behind = string_end(at + 1, end);
    if (!behind) return -1;
    *name = (struct cell){at + 1, (size_t)(behind - at) - 2};
    at = space_skip(behind, end);
    if (at == end || *at != ':') return -1;
    members->at = value_end(space_skip(at + 1, end), end, value);
    return members->at ? 1 : -1;
}
