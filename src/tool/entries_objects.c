/* JSON of any layout as entries, our own or another tool's. */
#include "tool/entries_objects.h"

#include "tool/entries_line.h"

static int fault_refuse(struct entries *entries, const struct object *object) {
    char why[160];
    snprintf(why, sizeof why, "%s: %s", reject_texts[object->reason].token, object->why);
    entries->record = object->text;
    entries->record_len = object->len;
    return entries_refuse(entries, object->position, object->reason, why);
}

static int object_give(struct entries *entries, struct foreign *foreign, const struct object *object) {
    if (foreign) return entries_line(entries, foreign, object->position, object->text, object->len);
    return entries_give(entries, object->position, object->text, object->len);
}

int entries_objects(struct entries *entries, struct objects *objects, struct foreign *foreign, int64_t begin) {
    int64_t line = entries->number;
    struct object object;
    enum objects_status status;
    int code = EXIT_DONE;
    while (code == EXIT_DONE && (status = objects_next(objects, &object)) != OBJECTS_NONE) {
        if (status == OBJECTS_FAULT && foreign && foreign_comment(foreign, object.text, object.len)) continue;
        if (status == OBJECTS_ENTRY && foreign && object.position <= begin)
            foreign_skip(foreign, object.text, object.len);
        if (object.position <= begin) continue;
        entries->number = object.line;
        entries->column = object.column;
        if (status == OBJECTS_FAULT)
            code = fault_refuse(entries, &object);
        else
            code = object_give(entries, foreign, &object);
    }
    if (code == EXIT_DONE) entries->number = line; /* else it stays with the one at fault */
    return code;
}
