/* Files as sources of entries: lines of any format, and captures. */
#include "tool/entries_file.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "files/capture_file.h"
#include "files/head.h"
#include "files/lines.h"
#include "config/capture_options.h"
#include "tool/captures.h"
#include "tool/entries_line.h"
#include "tool/entries_objects.h"
#include "tool/entries_tuples.h"
#include "tool/progress.h"

enum { SHOW_EVERY = 1 << 14 }; /* lines between two looks at the progress */

struct file {
    struct contents *contents;
    struct foreign *foreign; /* of other tools' records; NULL */
    int64_t begin;           /* of a capture: flows that are passed over */
};

/* The same contents at another time are other flows. */
static void identity_at_time(char identity[33], int64_t time) {
    uint64_t half;
    if (time == 0 || sscanf(identity + 16, "%16" SCNx64, &half) != 1) return;
    snprintf(identity + 16, 17, "%016" PRIx64, half ^ (uint64_t)time * UINT64_C(0x9e3779b97f4a7c15));
}

static int file_identify(struct entries *entries) {
    struct file *file = entries->state;
    struct error error;
    if (contents_identity(file->contents, entries->identity, &error) == 0) {
        if (file->foreign) identity_at_time(entries->identity, entries->call->options->time);
        return EXIT_DONE;
    }
    /* Frames end where they say; half a line or object would be refused, and the whole one be another file. */
    if (entries_file_capture(entries) && contents_is_cut(file->contents)) return EXIT_DONE;
    return command_fail(EXIT_FAILED, "%s", error.text);
}

static void file_close(struct entries *entries) {
    struct file *file = entries->state;
    foreign_free(file->foreign);
    contents_close(file->contents);
    free(file);
}

/* --- lines --- */

static void line_count(struct entries *entries, const struct lines *lines) {
    if (++entries->number % SHOW_EVERY == 0 && entries->lasting)
        progress_show(entries->name, lines_progress(lines), entries->number, "lines", false);
}

static void lines_end(struct entries *entries, struct lines *lines) {
    if (entries->lasting) progress_show(entries->name, lines_progress(lines), entries->number, "lines", true);
    lines_close(lines);
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
        line_count(entries, lines);
        if (lines_position(lines) <= begin && len > LINE_MAX_BYTES) continue; /* refused when it was read first */
        if (lines_position(lines) <= begin)
            foreign_skip(file->foreign, line, len);
        else
            code = entries_line(entries, file->foreign, lines_position(lines), line, len);
    }
    if (code == EXIT_DONE && more < 0) code = command_fail(EXIT_FAILED, "%s", error.text);
    lines_end(entries, lines);
    entries_passed_over(entries, file->foreign);
    return code;
}

/* Lines of JSON are no records by themselves. */
static int objects_read(struct entries *entries, int64_t begin) {
    struct file *file = entries->state;
    struct lines *lines = lines_new(file->contents);
    struct objects *objects = objects_new(file->foreign ? OBJECTS_OF_LISTS : OBJECTS_LISTS_WHOLE);
    struct error error;
    const char *text;
    size_t len;
    bool ends = true;
    int64_t from = 0;
    int more, code = EXIT_DONE;
    while (code == EXIT_DONE) {
        bool begins = ends;
        if ((more = lines_piece(lines, &text, &len, &ends, &error)) <= 0) break;
        if (begins) line_count(entries, lines);
        objects_feed(objects, from, lines_position(lines), text, len, ends);
        from = lines_position(lines);
        code = entries_objects(entries, objects, file->foreign, begin);
    }
    if (code == EXIT_DONE && more < 0) code = command_fail(EXIT_FAILED, "%s", error.text);
    if (code == EXIT_DONE) {
        objects_end(objects, lines_position(lines));
        code = entries_objects(entries, objects, file->foreign, begin);
    }
    lines_end(entries, lines);
    objects_free(objects);
    if (file->foreign) entries_passed_over(entries, file->foreign);
    return code;
}

static int tuples_read(struct entries *entries, int64_t begin) {
    struct file *file = entries->state;
    struct lines *lines = lines_new(file->contents);
    int code = entries_tuples(entries, file->foreign, lines, begin);
    lines_end(entries, lines);
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
    return captures_entries(entries->call, file->contents, seed, flow_give, entries, &entries->damaged);
}

static const struct entries_source lines_source = {"line", "bytes", file_identify, lines_read, file_close, NULL};
static const struct entries_source objects_source = {"line", "bytes", file_identify, objects_read, file_close, NULL};
static const struct entries_source tuples_source = {"tuple", "bytes", file_identify, tuples_read, file_close, NULL};
static const struct entries_source capture_source = {"flow",     "flows", file_identify, capture_entries_read,
                                                     file_close, NULL};

struct contents *entries_file_capture(struct entries *entries) {
    const struct file *file = entries->state;
    return entries->source == &capture_source ? file->contents : NULL;
}

/* --- which it is --- */

struct file_format {
    bool is_capture, has_objects;
    enum foreign_format foreign; /* of no capture */
};

/* By --format, or if that is auto, by the first bytes: 0, or -1 where they can't be read, or are of no known format. */
static int format_find(const struct command_call *call, struct contents *contents, struct file_format *format,
                       struct error *error) {
    char head[FOREIGN_HEAD];
    int found = call->options->format == FORMAT_PCAP;
    if (call->options->format == FORMAT_AUTO) found = capture_file_is(contents, error);
    *format = (struct file_format){.is_capture = found > 0, .foreign = FOREIGN_ENTRIES};
    if (found != 0) return found < 0 ? -1 : 0;
    int n = contents_peek(contents, head, sizeof head, error);
    if (n < 0) return -1;
    format->foreign = entries_line_format(call, head, (size_t)n);
    format->has_objects = foreign_is_objects(head, (size_t)n);
    bool known = call->options->format != FORMAT_AUTO || format->foreign != FOREIGN_ENTRIES;
    return known || head_has_entries(head, (size_t)n) ? 0
                                                      : head_refuse(contents_name(contents), head, (size_t)n, error);
}

static const struct entries_source *source_find(const struct file_format *format) {
    if (format->is_capture) return &capture_source;
    if (format->foreign == FOREIGN_AZURE) return &tuples_source;
    return format->foreign == FOREIGN_ENTRIES || format->has_objects ? &objects_source : &lines_source;
}

struct entries *entries_file_open(const struct command_call *call, const char *path, bool lasting) {
    struct error error;
    struct file_format format;
    struct contents *contents = contents_open(path, lasting, &error);
    if (!contents || format_find(call, contents, &format, &error) != 0) {
        command_fail(EXIT_FAILED, "%s", error.text);
        contents_close(contents);
        return NULL;
    }
    struct file *file = mem_zalloc(1, sizeof *file);
    file->contents = contents;
    if (format.foreign != FOREIGN_ENTRIES) file->foreign = foreign_new(format.foreign, call->options->time);
    struct entries *entries = entries_new(call, path, source_find(&format), file, lasting);
    if (format.is_capture) entries->way = capture_options_fingerprint(call->config);
    return entries;
}
