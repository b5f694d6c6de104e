/* What all sources of entries share: handing them on, telling of what is none, and keeping it. */
#include "tool/entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entries *entries_new(const struct command_call *call, const char *name, const struct entries_source *source,
                            void *state, bool lasting) {
    struct entries *entries = mem_zalloc(1, sizeof *entries);
    *entries = (struct entries){.source = source, .state = state, .call = call, .name = name, .lasting = lasting};
    return entries;
}

int entries_close(struct entries *entries, int code) {
    if (!entries) return EXIT_FAILED;
    if (entries->kept && fclose(entries->kept) != 0)
        code = command_fail(EXIT_FAILED, "%s: %s", entries->call->options->rejected, strerror(errno));
    if (code == EXIT_DONE && entries->refused > 0) {
        fprintf(stderr, "%s: %" PRIu64 " entries were rejected\n", entries->name, entries->refused);
        code = EXIT_REJECTED;
    }
    if (code == EXIT_DONE && entries->damaged > 0) code = EXIT_REJECTED;
    if (entries->source->close) entries->source->close(entries);
    free(entries->kept_header);
    free(entries);
    return code;
}

struct entries *entries_continue(struct entries *fresh, struct entries *entries, uint64_t refused) {
    if (!fresh) return NULL;
    fresh->known = entries->refused > entries->known ? entries->refused : entries->known;
    fresh->refused = refused;
    fresh->kept = entries->kept;
    fresh->kept_header = entries->kept_header;
    memcpy(fresh->identity, entries->identity, sizeof fresh->identity);
    entries->kept = NULL;
    entries->kept_header = NULL;
    entries_close(entries, EXIT_FAILED);
    return fresh;
}

int entries_identify(struct entries *entries) {
    return entries->identity[0] || !entries->source->identify ? EXIT_DONE : entries->source->identify(entries);
}

int64_t entries_count(const struct entries *entries, int64_t position) {
    return entries->source->count ? entries->source->count(position) : position;
}

int entries_read(struct entries *entries, int64_t begin, const struct entries_handler *handler) {
    entries->handler = handler;
    return entries->source->read(entries, begin);
}

int entries_give(struct entries *entries, int64_t position, const char *text, size_t len) {
    if (!entries->record) {
        entries->record = text;
        entries->record_len = len;
    }
    int code = entries->handler->each(entries->handler->context, position, text, len);
    entries->record = NULL;
    return code;
}

/* Appended, behind the header that it needs. */
static int record_keep(struct entries *entries) {
    const char *path = entries->call->options->rejected;
    if (!path || !entries->record) return EXIT_DONE;
    if (!entries->kept) entries->kept = fopen(path, "ae");
    if (!entries->kept) return command_fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (entries->header && (!entries->kept_header || strcmp(entries->header, entries->kept_header) != 0)) {
        fputs(entries->header, entries->kept);
        free(entries->kept_header);
        entries->kept_header = mem_strdup(entries->header);
    }
    fwrite(entries->record, 1, entries->record_len, entries->kept);
    fputc('\n', entries->kept);
    return ferror(entries->kept) ? command_fail(EXIT_FAILED, "%s: %s", path, strerror(errno)) : EXIT_DONE;
}

int entries_reject(struct entries *entries, const char *why) {
    char column[24] = "";
    if (++entries->refused <= entries->known) return EXIT_DONE;
    if (entries->column > 1) snprintf(column, sizeof column, ":%" PRId64, entries->column);
    if (entries->report || entries->refused <= REPORTED_MAX)
        fprintf(entries->report ? entries->report : stderr, "%s:%" PRId64 "%s: %s\n", entries->name, entries->number,
                column, why);
    if (!entries->report && entries->refused == REPORTED_MAX)
        fprintf(stderr, "%s: more rejected entries are counted, not shown\n", entries->name);
    return record_keep(entries);
}

int entries_refuse(struct entries *entries, int64_t position, enum reject_reason reason, const char *why) {
    const struct entries_handler *handler = entries->handler;
    int code = entries_reject(entries, why);
    entries->record = NULL;
    if (code != EXIT_DONE || !handler->refused) return code;
    return handler->refused(handler->context, position, reason);
}
