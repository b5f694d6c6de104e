/* Lines of other tools as entries. */
#include "tool/entries_line.h"

#include <inttypes.h>

#include "flow/entry.h"

/* For --rejected. */
static void record_note(struct entries *entries, const struct foreign *foreign) {
    entries->record = foreign_record(foreign, &entries->record_len);
    entries->header = foreign_header(foreign);
}

int entries_line_refuse(struct entries *entries, int64_t position, const char *line, size_t len, const char *header) {
    char why[160];
    snprintf(why, sizeof why, "%s: the line has %zu bytes; an entry has at most %d", reject_texts[REJECT_TOO_BIG].token,
             len, ENTRY_BYTES_MAX);
    entries->record = line;
    entries->record_len = entry_held(len);
    entries->header = header;
    return entries_refuse(entries, position, REJECT_TOO_BIG, why);
}

static int record_refuse(struct entries *entries, const struct foreign *foreign, int64_t position, const char *why) {
    record_note(entries, foreign);
    return entries_refuse(entries, position, REJECT_WRONG_TYPE, why);
}

int entries_line(struct entries *entries, struct foreign *foreign, int64_t position, const char *line, size_t len) {
    struct error error;
    const char *text;
    size_t text_len;
    if (len == 0) return EXIT_DONE;
    if (len > ENTRY_BYTES_MAX) return entries_line_refuse(entries, position, line, len, foreign_header(foreign));
    int found = foreign_line(foreign, line, len, &text, &text_len, &error);
    if (found == FOREIGN_NONE) return EXIT_DONE;
    if (found < 0) return record_refuse(entries, foreign, position, error.text);
    record_note(entries, foreign);
    return entries_give(entries, position, text, text_len);
}

void entries_passed_over(const struct entries *entries, const struct foreign *foreign) {
    if (foreign_passed_over(foreign) > 0)
        fprintf(stderr, "%s: %" PRIu64 " records skipped: not IP flows, or counted elsewhere\n", entries->name,
                foreign_passed_over(foreign));
}

enum foreign_format entries_line_format(const struct command_call *call, const char *head, size_t len) {
    int format = call->options->format;
    return format == FORMAT_AUTO ? foreign_find(head, len) : (enum foreign_format)(format - FORMAT_JSON);
}
