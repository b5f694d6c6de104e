/* Flow tuples of Azure's flow logs as entries. */
#include "tool/entries_tuples.h"

#include "files/tuples.h"
#include "tool/entries_line.h"

int entries_tuples(struct entries *entries, struct foreign *foreign, struct lines *lines, int64_t begin) {
    struct tuples *tuples = tuples_new();
    struct tuple tuple;
    struct error error;
    const char *text;
    size_t len;
    bool ends;
    int64_t from = 0;
    int more, code = EXIT_DONE;
    while (code == EXIT_DONE && (more = lines_piece(lines, &text, &len, &ends, &error)) > 0) {
        tuples_feed(tuples, from, text, len);
        from = lines_position(lines);
        while (code == EXIT_DONE && tuples_next(tuples, &tuple)) {
            entries->number++;
            if (tuple.position > begin) code = entries_line(entries, foreign, tuple.position, tuple.text, tuple.len);
        }
    }
    if (code == EXIT_DONE && more < 0) code = command_fail(EXIT_FAILED, "%s", error.text);
    tuples_free(tuples);
    return code;
}
