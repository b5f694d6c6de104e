/* Tables as sources of entries: VERMONT's ipfixDbWriter's, and those that Argus' rasqlinsert makes. */
#include "tool/entries_table.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "files/source_table.h"
#include "files/vermont_row.h"
#include "tool/entries_line.h"
#include "tool/progress.h"
#include "tool/source.h"

enum { SHOW_EVERY = 1 << 14 }; /* rows between two looks at the progress */

/* A column that every table with flows has; of VERMONT's, one of these. */
static const char *const vermont_starts[] = {"firstSwitched",         "flowStartSeconds",     "flowStartMilliseconds",
                                             "flowStartMicroseconds", "flowStartNanoseconds", NULL};
static const char *const argus_starts[] = {"stime", NULL};

/* What Argus' flows can't be made without; of the times, an end or how long it took. */
static const char *const argus_needed[] = {"stime", "ltime", "proto", "saddr",  "sport", "daddr",
                                           "dport", "spkts", "dpkts", "sbytes", "dbytes"};

struct reading {
    struct store *source;
    struct source_table table;
    struct vermont_row *vermont; /* or: */
    struct foreign *argus;
    struct buffer line; /* of ra's, as which Argus' rows are read */
    struct source_place place;
    int64_t begin; /* what lies before it was read by an earlier run */
    bool moved;    /* and isn't what it was then */
    int code;
};

/* --- rows --- */

/* A cell of a line: what would be the end of one is no part of any value that counts. */
static void cell_add(struct buffer *line, const char *text, size_t len) {
    size_t start = line->len;
    buffer_add(line, text, len);
    for (char *c = line->data + start; c < line->data + line->len; c++)
        if (*c == ',' || *c == '\n' || *c == '\r') *c = '?';
}

/* The row is kept for --rejected as a line of ra's after a header: so it can be fixed and read again. */
static int argus_give(struct entries *entries, const char *const *values, const size_t *lengths) {
    struct reading *reading = entries->state;
    buffer_clear(&reading->line);
    for (unsigned i = 0; i < reading->table.n; i++) {
        if (i > 0) buffer_add_text(&reading->line, ",");
        if (values[i]) cell_add(&reading->line, values[i], lengths[i]);
    }
    return entries_line(entries, reading->argus, reading->place.position, reading->line.data, reading->line.len);
}

static int vermont_give(struct entries *entries, const char *const *values, const size_t *lengths) {
    struct reading *reading = entries->state;
    size_t len;
    const char *text = vermont_row_entry(reading->vermont, values, lengths, &len);
    return entries_give(entries, reading->place.position, text, len);
}

static int row_give(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct entries *entries = context;
    struct reading *reading = entries->state;
    bool keyed = reading->table.key[0];
    source_place_next(&reading->place, &reading->table, n, columns, lengths);
    entries->number = keyed ? reading->place.position : reading->place.rows;
    if (entries->lasting && reading->place.rows % SHOW_EVERY == 0 && reading->table.rows >= reading->place.rows)
        progress_show(entries->name, (double)reading->place.rows / (double)reading->table.rows, reading->place.rows,
                      "rows", false);
    if (!keyed && reading->place.rows <= source_position_rows(reading->begin)) {
        bool is_last = reading->place.rows == source_position_rows(reading->begin);
        reading->moved = is_last && reading->place.position != reading->begin;
        return reading->moved ? -1 : 0;
    }
    reading->code = (reading->vermont ? vermont_give : argus_give)(entries, columns + keyed, lengths + keyed);
    reading->begin = reading->place.position; /* for when it is asked again */
    return reading->code == EXIT_DONE ? 0 : -1;
}

static int moved_fail(const struct entries *entries, int64_t rows) {
    return command_fail(
        EXIT_FAILED,
        "%s: the first %" PRId64
        " rows differ from those read before: some were deleted, changed or inserted; --again reads all of them",
        entries->name, rows);
}

static int rows_read(struct entries *entries, int64_t begin) {
    struct reading *reading = entries->state;
    struct source_tries tries = {0};
    enum store_status status;
    struct error error;
    reading->begin = begin;
    reading->code = EXIT_DONE;
    do {
        struct buffer sql = BUFFER_INIT;
        if (reading->begin != begin) tries = (struct source_tries){0}; /* it has come further since */
        begin = reading->begin;
        reading->place = (struct source_place){.rows = 0};
        source_table_query(&reading->table, reading->begin, &sql);
        status = store_query(reading->source, sql.data, NULL, 0, row_give, entries, &error);
        buffer_release(&sql);
        if (reading->moved || reading->code != EXIT_DONE) break;
    } while (source_again(entries->call, "source", status, &tries, &error));
    if (entries->lasting && reading->place.rows > 0) progress_show(entries->name, 1, reading->place.rows, "rows", true);
    if (reading->argus) entries_passed_over(entries, reading->argus);
    if (reading->code != EXIT_DONE) return reading->code;
    if (reading->moved) return moved_fail(entries, source_position_rows(reading->begin));
    if (status != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    int64_t missed = reading->table.key[0] ? 0 : source_position_rows(reading->begin) - reading->place.rows;
    return missed > 0 ? moved_fail(entries, source_position_rows(reading->begin)) : EXIT_DONE;
}

static void table_close(struct entries *entries) {
    struct reading *reading = entries->state;
    vermont_row_free(reading->vermont);
    foreign_free(reading->argus);
    buffer_release(&reading->line);
    store_close(reading->source);
    free(reading);
}

static const struct entries_source keyed_source = {"row", "keys", NULL, rows_read, table_close, NULL};
static const struct entries_source numbered_source = {"row",     "rows",      NULL,
                                                      rows_read, table_close, source_position_rows};

/* --- a table --- */

/* Of the columns only those that count are asked for. */
static void columns_keep(struct source_table *table, bool vermont) {
    unsigned n = 0;
    for (unsigned i = 0; i < table->n; i++)
        if (vermont ? vermont_column_is_known(table->columns[i].name) : !table->columns[i].is_binary)
            table->columns[n++] = table->columns[i];
    table->n = n;
}

static const char **names_make(const struct source_table *table) {
    const char **names = mem_zalloc(table->n + 1, sizeof names[0]);
    for (unsigned i = 0; i < table->n; i++)
        names[i] = table->columns[i].name;
    return names;
}

/* VERMONT keeps exporters in a table of their own. A subquery leaves the rows in their order, which a join might not.
 */
static enum store_status exporters_add(struct reading *reading, struct error *error) {
    static const char *const columns[] = {"sourceID", NULL};
    struct buffer names = BUFFER_INIT;
    enum store_status status = source_tables_find(reading->source, columns, &names, error);
    bool found = false;
    for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1)
        found |= strcmp(names.data + at, "exporter") == 0;
    buffer_release(&names);
    if (!found) return status;
    source_table_add(&reading->table, "exporterIPv4Address",
                     "(SELECT e.srcIP FROM exporter e WHERE e.id = exporterID)");
    source_table_add(&reading->table, "observationDomainId",
                     "(SELECT e.sourceID FROM exporter e WHERE e.id = exporterID)");
    return STORE_OK;
}

static int vermont_open(struct reading *reading, struct error *error) {
    bool has_exporter = source_table_has(&reading->table, "exporterID");
    columns_keep(&reading->table, true);
    if (has_exporter && exporters_add(reading, error) != STORE_OK) return -1;
    const char **names = names_make(&reading->table);
    reading->vermont = vermont_row_new(names, reading->table.n, error);
    free(names);
    return reading->vermont ? 0 : -1;
}

/* Of ra's header the first name has to be one that it knows. */
static void start_first(struct source_table *table) {
    for (unsigned i = 1; i < table->n; i++) {
        if (strcmp(table->columns[i].name, "stime") != 0) continue;
        struct source_column first = table->columns[0];
        table->columns[0] = table->columns[i];
        table->columns[i] = first;
    }
}

static int argus_open(struct reading *reading, struct error *error) {
    for (size_t i = 0; i < sizeof argus_needed / sizeof argus_needed[0]; i++) {
        if (source_table_has(&reading->table, argus_needed[i])) continue;
        if (strcmp(argus_needed[i], "ltime") == 0 && source_table_has(&reading->table, "dur")) continue;
        return error_set(error,
                         "column %s not found: rasqlinsert -s stime ltime proto saddr sport dir daddr dport spkts "
                         "dpkts sbytes dbytes writes all required columns",
                         argus_needed[i]);
    }
    columns_keep(&reading->table, false);
    start_first(&reading->table);
    for (unsigned i = 0; i < reading->table.n; i++) {
        if (i > 0) buffer_add_text(&reading->line, ",");
        cell_add(&reading->line, reading->table.columns[i].name, strlen(reading->table.columns[i].name));
    }
    reading->argus = foreign_new(FOREIGN_ARGUS, 0);
    foreign_skip(reading->argus, reading->line.data, reading->line.len);
    return 0;
}

struct entries *entries_table_open(const struct command_call *call, const char *name, bool lasting) {
    bool vermont = call->options->format == FORMAT_VERMONT_DB;
    struct reading *reading = mem_zalloc(1, sizeof *reading);
    struct error error;
    if (source_open(call, call->options->from_url, &reading->source) != EXIT_DONE) {
        free(reading);
        return NULL;
    }
    bool is_open = source_table_find(&reading->table, reading->source, name, &error) == STORE_OK &&
                   (vermont ? vermont_open : argus_open)(reading, &error) == 0;
    const struct entries_source *source = reading->table.key[0] ? &keyed_source : &numbered_source;
    struct entries *entries = entries_new(call, name, source, reading, lasting);
    snprintf(entries->identity, sizeof entries->identity, "%s", reading->table.identity);
    if (is_open) return entries;
    command_fail(EXIT_FAILED, "%s: %s", name, error.text);
    entries_close(entries, EXIT_FAILED);
    return NULL;
}

/* --- all tables --- */

static int tables_list(const struct command_call *call, struct buffer *names) {
    struct store *source;
    struct error error;
    struct source_tries tries = {0};
    enum store_status status;
    int code = source_open(call, call->options->from_url, &source);
    if (code != EXIT_DONE) return code;
    do {
        buffer_clear(names);
        status = source_tables_find(source, call->options->format == FORMAT_VERMONT_DB ? vermont_starts : argus_starts,
                                    names, &error);
    } while (source_again(call, "source", status, &tries, &error));
    store_close(source);
    return status == STORE_OK ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

/* Pointers to the names that fit. */
static int names_pick(struct buffer *names, const char *pattern, char ***picked) {
    int n = 0;
    *picked = mem_zalloc(names->len + 1, sizeof **picked);
    for (size_t at = 0; at < names->len; at += strlen(names->data + at) + 1)
        if (!pattern || fnmatch(pattern, names->data + at, 0) == 0) (*picked)[n++] = names->data + at;
    return n;
}

int entries_tables_run(const struct command_call *call, command_fn *run) {
    const char *url = call->options->from_url, *pattern = call->options->from_table;
    struct buffer names = BUFFER_INIT;
    struct command_call with = *call;
    char **picked = NULL;
    if (call->n_operands > 0 || call->options->follow)
        return command_fail(EXIT_USAGE, "--from: a database can't be combined with FILE or --follow");
    int code = tables_list(call, &names);
    if (code == EXIT_DONE) {
        with.n_operands = names_pick(&names, pattern, &picked);
        with.operands = picked;
        if (with.n_operands == 0)
            code = command_fail(EXIT_FAILED, "%s: no table%s%s with a column %s", url, pattern ? " " : "",
                                pattern ? pattern : "",
                                call->options->format == FORMAT_VERMONT_DB
                                    ? "firstSwitched, flowStartSeconds or an equivalent, as in VERMONT's tables"
                                    : "stime, as in the tables of Argus' rasqlinsert");
    }
    if (code == EXIT_DONE) code = run(&with);
    free(picked);
    buffer_release(&names);
    return code;
}
