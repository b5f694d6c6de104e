/* Where a JSON object or array ends, from one piece of text to the next, and at which byte it goes wrong. Holds none of
 * the text. The reader of the values checks numbers, words and UTF-8. */
#ifndef FLOWIMPORT_FILES_JSON_WALK_H
#define FLOWIMPORT_FILES_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_WALK_DEPTH = 2048 }; /* of objects and arrays in each other; jansson reads no deeper ones either */

enum json_walk_state {
    WALK_VALUE,
    WALK_ITEM_OR_END,
    WALK_NAME_OR_END,
    WALK_NAME,
    WALK_COLON,
    WALK_COMMA_OR_END,
    WALK_SCALAR, /* a number or a word */
    WALK_STRING,
    WALK_ESCAPE, /* in a string */
};

struct json_walk { /* begins as json_walk_start() sets it */
    enum json_walk_state state;
    bool is_name; /* the string under way */
    bool lost;    /* gone wrong: only strings and braces count */
    unsigned depth, braces;
    uint64_t objects[JSON_WALK_DEPTH / 64]; /* by depth: an object, not an array */
};

enum json_walk_status { JSON_WALK_MORE, JSON_WALK_END, JSON_WALK_FAULT };

void json_walk_start(struct json_walk *walk);
/* Goes on with the next bytes, which begin with '{' or '[' where the walk does. JSON_WALK_MORE: all of them belong to
 * it. JSON_WALK_END: *used lies behind its last byte. JSON_WALK_FAULT: at *used stands what can't; json_walk_expected()
 * says what could. Going on there finds the end by braces outside of strings alone, and no further fault. */
enum json_walk_status json_walk(struct json_walk *walk, const char *text, size_t len, size_t *used);
const char *json_walk_expected(const struct json_walk *walk);
/* Whether an array is open that an object can be the next item of. */
bool json_walk_wants_item(const struct json_walk *walk);

#endif
