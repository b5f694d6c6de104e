/* Files as sources of entries: lines of any format, and captures. */
#include "tool/entries_file.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "files/capture_file.h"
#include "files/lines.h"
#include "config/capture_options.h"
#include "tool/captures.h"
#include "tool/chunks.h"

enum { SHOW_EVERY = 1 << 14 }; /* lines between two looks at the progress */

struct file {
    struct contents *contents;
    struct foreign *foreign; /* NULL of a capture */
    int64_t begin;           /* of a capture: flows that are passed over */
};

static int file_identify(struct entries *entries) {
    struct file *file = entries->state;
    struct error error;
    if (contents_identity(file->contents, entries->identity, &error) == 0) return EXIT_DONE;
    return command_fail(EXIT_FAILED, "%s", error.text);
}

static void file_close(struct entries *entries) {
    struct file *file = entries->state;
    foreign_free(file->foreign);
    contents_close(file->contents);
    free(file);
}

/* --- lines --- */

/* For --rejected. */
static void record_note(struct entries *entries, const struct foreign *foreign) {
    entries->record = foreign_record(foreign, &entries->record_len);
    entries->header = foreign_header(foreign);
}

static int record_refuse(struct entries *entries, const struct foreign *foreign, int64_t position, const char *why) {
    record_note(entries, foreign);
    return entries_refuse(entries, position, why);
}

int entries_line(struct entries *entries, struct foreign *foreign, int64_t position, const char *line, size_t len) {
    struct error error;
    const char *text;
    size_t text_len;
    if (len == 0) return EXIT_DONE;
    int found = foreign_line(foreign, line, len, &text, &text_len, &error);
    if (found == FOREIGN_NONE) return EXIT_DONE;
    if (found < 0) return record_refuse(entries, foreign, position, error.text);
    record_note(entries, foreign);
    return entries_give(entries, position, text, text_len);
}

void entries_passed_over(const struct entries *entries, const struct foreign *foreign) {
    if (foreign_passed_over(foreign) > 0)
        fprintf(stderr, "%s: %" PRIu64 " records passed over: no flows of IP\n", entries->name,
                foreign_passed_over(foreign));
}

/* All lines are read, as those before `begin` may be headers, and have numbers. */
static int lines_read(struct entries *entries, int64_t begin) {
    struct file *file = entries->state;
    struct lines *lines = lines_new(file->contents);
    struct error error;
    const char *line;
    size_t len;
    int more, code = EXIT_DONE;
    while (code == EXIT_DONE && (more = lines_next(lines, &line, &len, &error)) > 0) {
        if (++entries->number % SHOW_EVERY == 0 && entries->lasting)
            progress_show(entries->name, lines_progress(lines), entries->number, "lines", false);
        if (lines_position(lines) <= begin)
            foreign_skip(file->foreign, line, len);
        else
            code = entries_line(entries, file->foreign, lines_position(lines), line, len);
    }
    if (entries->lasting) progress_show(entries->name, lines_progress(lines), entries->number, "lines", true);
    if (code == EXIT_DONE && more < 0) code = command_fail(EXIT_FAILED, "%s", error.text);
    if (code == EXIT_DONE && foreign_end(file->foreign, &error) != 0)
        code = record_refuse(entries, file->foreign, lines_position(lines), error.text);
    lines_close(lines);
    entries_passed_over(entries, file->foreign);
    return code;
}

/* --- captures --- */

static int flow_give(void *context, const char *text, size_t len) {
    struct entries *entries = context;
    struct file *file = entries->state;
    if (++entries->number <= file->begin) return EXIT_DONE;
    return entries_give(entries, entries->number, text, len);
}

static int capture_entries_read(struct entries *entries, int64_t begin) {
    struct file *file = entries->state;
    uint64_t seed = 0;
    file->begin = begin;
    sscanf(entries->identity, "%16" SCNx64, &seed);
    return captures_entries(entries->call, file->contents, seed, flow_give, entries);
}

static const struct entries_source lines_source = {"line", "bytes", file_identify, lines_read, file_close, NULL};
static const struct entries_source capture_source = {"flow",     "flows", file_identify, capture_entries_read,
                                                     file_close, NULL};

struct contents *entries_file_capture(struct entries *entries) {
    const struct file *file = entries->state;
    return entries->source == &capture_source ? file->contents : NULL;
}

/* --- which it is --- */

enum foreign_format entries_line_format(const struct command_call *call, const char *head, size_t len) {
    int format = call->options->format;
    return format == FORMAT_AUTO ? foreign_find(head, len) : (enum foreign_format)(format - FORMAT_JSON);
}

/* By --format, or if that is auto, by the first bytes: 0, or -1 where they can't be read. */
static int format_find(const struct command_call *call, struct contents *contents, bool *is_capture,
                       enum foreign_format *format, struct error *error) {
    char head[FOREIGN_HEAD];
    int found = 0, n = 0;
    if (call->options->format == FORMAT_AUTO) {
        found = capture_file_is(contents, error);
        n = contents_peek(contents, head, sizeof head, error);
    }
    *is_capture = call->options->format == FORMAT_PCAP || found > 0;
    if (found < 0 || n < 0) return -1;
    if (!*is_capture) *format = entries_line_format(call, head, (size_t)n);
    return 0;
}

struct entries *entries_file_open(const struct command_call *call, const char *path, bool lasting) {
    struct error error;
    bool is_capture;
    enum foreign_format format;
    struct contents *contents = contents_open(path, lasting, &error);
    if (!contents || format_find(call, contents, &is_capture, &format, &error) != 0) {
        command_fail(EXIT_FAILED, "%s", error.text);
        contents_close(contents);
        return NULL;
    }
    struct file *file = mem_zalloc(1, sizeof *file);
    file->contents = contents;
    if (!is_capture) file->foreign = foreign_new(format);
    struct entries *entries = entries_new(call, path, is_capture ? &capture_source : &lines_source, file, lasting);
    if (is_capture) entries->way = capture_options_fingerprint(call->config);
    return entries;
}
