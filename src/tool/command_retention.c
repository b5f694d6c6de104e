/* flowimport retention install|status|run|split|remove: dropping what has expired. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/commands.h"
#include "tool/document.h"
#include "tool/units.h"
#include "store/retention/retention.h"
#include "store/retention/split.h"

static int failed(const struct error *error) { return command_fail(EXIT_FAILED, "%s", error->text); }

static const struct retention_rules *configured(const struct command_call *call) {
    return &call->pipeline->importer.retention;
}

static int64_t run_time(const struct command_call *call) {
    return call->options->at ? call->options->at : clock_now(&clock_system);
}

static void rules_print(const char *title, const struct retention_rules *rules) {
    struct buffer text = BUFFER_INIT;
    retention_rules_show(rules, &text);
    printf("%-10s %s\n", title, text.data);
    buffer_release(&text);
}

static void problem_print(void *context, const char *text, const char *remedy) {
    ++*(unsigned *)context;
    printf("problem    %s\n           fix: %s\n", text, remedy);
}

/* Prints what is wrong, or that nothing is. */
static int problems_print(const struct command_call *call, struct store *store) {
    unsigned n = 0;
    struct error error;
    if (retention_check(store, &call->pipeline->schema, configured(call), run_time(call), problem_print, &n, &error) !=
        STORE_OK)
        return failed(&error);
    if (n == 0) printf("%-10s ok\n", "state");
    return n > 0 ? EXIT_FAILED : EXIT_DONE;
}

static void rules_write(struct document *document, const char *name, const struct retention_rules *rules) {
    char size[16];
    document_object(document, name);
    document_object(document, "keep");
    for (unsigned i = 0; i < rules->n; i++) {
        snprintf(size, sizeof size, "%" PRIu32, rules->sizes[i]);
        document_number(document, size, (uint64_t)rules->keep[i]);
    }
    document_close(document);
    document_number(document, "max_size", rules->max_size);
    document_close(document);
}

struct problems {
    struct document *document;
    unsigned n;
};

static void problem_write(void *context, const char *text, const char *remedy) {
    struct problems *problems = context;
    problems->n++;
    document_object(problems->document, NULL);
    document_text(problems->document, "problem", text);
    document_text(problems->document, "remedy", remedy);
    document_close(problems->document);
}

static int status_write(const struct command_call *call, struct store *store, const struct retention_rules *installed,
                        bool is_off) {
    struct document document = {.depth = 0};
    struct problems problems = {.document = &document};
    struct error error;
    enum store_status outcome = STORE_OK;
    document_object(&document, NULL);
    document_text(&document, "store", store_name(store));
    rules_write(&document, "configured", configured(call));
    rules_write(&document, "installed", installed);
    document_array(&document, "problems");
    if (!is_off)
        outcome = retention_check(store, &call->pipeline->schema, configured(call), run_time(call), problem_write,
                                  &problems, &error);
    document_close(&document);
    document_close(&document);
    if (outcome != STORE_OK) return failed(&error);
    return problems.n > 0 ? EXIT_FAILED : EXIT_DONE;
}

static int status(const struct command_call *call, struct store *store) {
    struct retention_rules installed;
    struct error error;
    if (retention_rules_read(store, &installed, &error) != STORE_OK) return failed(&error);
    bool is_off = retention_is_off(configured(call)) && retention_is_off(&installed);
    if (call->options->json) return status_write(call, store, &installed, is_off);
    printf("%-10s %s\n", "store", store_name(store));
    rules_print("configured", configured(call));
    rules_print("installed", &installed);
    return is_off ? EXIT_DONE : problems_print(call, store);
}

static int install(const struct command_call *call, struct store *store) {
    bool rules_changed, changed;
    struct error error;
    if (retention_is_off(configured(call)))
        return command_fail(EXIT_USAGE,
                            "retention install: requires --keep SIZE=TIME or --max-size SIZE, or the same in "
                            "[retention] of the configuration file");
    if (retention_install(store, call->options->definer, &changed, &error) != STORE_OK ||
        retention_rules_write(store, configured(call), &rules_changed, &error) != STORE_OK)
        return failed(&error);
    printf("%-10s %s\n", "event", changed ? "created; it runs every hour" : "already installed");
    rules_print(rules_changed ? "installed" : "unchanged", configured(call));
    return problems_print(call, store);
}

static int remove_all(const struct command_call *call, struct store *store) {
    static const struct retention_rules none;
    bool rules_changed, changed;
    struct error error;
    (void)call;
    if (retention_remove(store, &changed, &error) != STORE_OK ||
        retention_rules_write(store, &none, &rules_changed, &error) != STORE_OK)
        return failed(&error);
    printf("%s\n", changed || rules_changed ? "removed; everything is kept from now on" : "nothing to remove");
    return EXIT_DONE;
}

/* The run
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int preview(const struct command_call *call, struct store *store) {
    struct retention_rules rules = *configured(call);
    struct retention_plan plan;
    struct error error;
    char first[CLOCK_TEXT], last[CLOCK_TEXT], bytes[24];
    uint64_t total = 0;
    enum store_status outcome = STORE_OK;
    if (retention_is_off(&rules)) outcome = retention_rules_read(store, &rules, &error);
    if (outcome == STORE_OK)
        outcome = retention_plan(store, &call->pipeline->schema, &rules, run_time(call), &plan, &error);
    if (outcome != STORE_OK) return failed(&error);
    if (plan.size > 0)
        printf("the tables take about %s; max_size is %" PRIu64 " bytes\n",
               units_count(plan.size, "B", bytes, sizeof bytes), rules.max_size);
    for (unsigned i = 0; i < plan.n; i++) {
        const struct retention_drop *drop = &plan.drops[i];
        if (i == 0)
            printf("%-24s %-10s %-10s %10s %14s %12s\n", "table", "first day", "last day", "buckets", "rows", "about");
        printf("%-24s %-.10s %-.10s %10" PRIu64 " %14" PRIu64 " %12s\n", drop->table->name,
               clock_show(drop->first, first), clock_show((int64_t)drop->cutoff - 1, last), drop->buckets, drop->rows,
               units_count(drop->bytes, "B", bytes, sizeof bytes));
        total += drop->bytes;
    }
    if (plan.n == 0)
        printf("nothing has expired\n");
    else
        printf("would be dropped: about %s in %u tables\n", units_count(total, "B", bytes, sizeof bytes), plan.n);
    return EXIT_DONE;
}

struct outcome {
    unsigned lines, drops, errors;
};

static int number_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)n, (void)lengths;
    *(int64_t *)context = strtoll(columns[0], NULL, 10);
    return 1;
}

/* object, what, rows, error */
static int log_print(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct outcome *outcome = context;
    (void)n, (void)lengths;
    outcome->lines++;
    if (columns[3]) {
        outcome->errors++;
        fprintf(stderr, "flowimport: %s: %s\n", columns[0], columns[3]);
    } else if (strcmp(columns[1], "drop") == 0) {
        outcome->drops++;
        printf("%s: %s rows dropped\n", columns[0], columns[2]);
    }
    return 0;
}

static int run(const struct command_call *call, struct store *store) {
    int64_t at = run_time(call);
    int64_t before = 0; /* the last line of an earlier run at the same time */
    struct store_param params[] = {store_integer(at), store_integer(0)};
    struct retention_run_state slices = {.at = at};
    struct outcome outcome = {0};
    struct error error;
    bool more = true;
    if (call->options->dry_run) return preview(call, store);
    enum store_status state =
        store_query(store, "SELECT COALESCE(MAX(number), 0) FROM flowimport_retention_log WHERE run_at = ?", params, 1,
                    number_read, &before, &error);
    if (state == STORE_OK && store_dialect(store) == DIALECT_MYSQL)
        state = retention_run(store, at, &error);
    else
        while (more && state == STORE_OK)
            state = retention_slice(store, &call->pipeline->schema, configured(call), &slices, RETENTION_SLICE_ROWS,
                                    &more, &error);
    params[1] = store_integer(before);
    if (state == STORE_OK)
        state = store_query(store,
                            "SELECT object, what, n_rows, error FROM flowimport_retention_log WHERE run_at = ? "
                            "AND number > ? ORDER BY number",
                            params, 2, log_print, &outcome, &error);
    if (state != STORE_OK) return failed(&error);
    if (outcome.lines == 0) /* each run begins with one; the procedure has found the lock taken */
        return command_fail(EXIT_FAILED,
                            "%s: retention is running already, by its event or another command; nothing was done",
                            store_name(store));
    if (outcome.drops == 0 && outcome.errors == 0) printf("nothing has expired\n");
    return outcome.errors > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* Days out of common partitions
 * ---------------------------------------------------------------------------------------------------------------------
 */

struct splits {
    bool dry_run;
    unsigned days, tables, left;
    const char *table; /* of the last step */
};

static void split_print(void *context, const struct split_step *step) {
    struct splits *splits = context;
    bool full = step->split == 0;
    printf("%s: partition %s: %" PRIu64 " rows of %u days: ", step->table, step->partition, step->rows, step->days);
    if (full)
        printf("the table has %u partitions, and no room for more\n", step->partitions);
    else if (splits->dry_run)
        printf("would be split\n");
    else
        printf("%u days split off\n", step->split);
    fflush(stdout); /* the next step may take long */
    splits->tables += !splits->table || strcmp(splits->table, step->table) != 0;
    splits->table = step->table;
    splits->days += splits->dry_run && !full ? step->days : step->split;
    splits->left += full ? step->days : 0;
}

static int split(const struct command_call *call, struct store *store) {
    struct splits splits = {.dry_run = call->options->dry_run};
    struct error error;
    if (retention_split(store, &call->pipeline->schema, splits.dry_run, split_print, &splits, &error) != STORE_OK)
        return failed(&error);
    if (splits.tables == 0)
        printf("nothing to split: no days share a partition\n");
    else
        printf("%s: %u days in %u tables\n", splits.dry_run ? "would be split off" : "split off", splits.days,
               splits.tables);
    if (splits.left == 0) return EXIT_DONE;
    return command_fail(EXIT_FAILED,
                        "%u days stay in common partitions: a server allows 8192 partitions a table; larger "
                        "bucket sizes, or a shorter --keep, require fewer",
                        splits.left);
}

static const struct {
    const char *name;
    int (*run)(const struct command_call *call, struct store *store);
    bool writes, mysql_only;
} verbs[] = {
    {"status", status, false, false}, {"install", install, true, true},   {"run", run, true, false},
    {"split", split, true, true},     {"remove", remove_all, true, true},
};

int command_retention(const struct command_call *call) {
    struct store_config config = call->pipeline->importer.store;
    struct store *store;
    struct error error;
    size_t i = 0;
    while (i < sizeof verbs / sizeof verbs[0] &&
           (call->n_operands != 1 || strcmp(call->operands[0], verbs[i].name) != 0))
        i++;
    if (i == sizeof verbs / sizeof verbs[0]) return command_usage(call);
    if (verbs[i].mysql_only && strncmp(config.url, "sqlite:", 7) == 0)
        return command_fail(EXIT_USAGE,
                            "retention %s: SQLite has neither events nor partitions; flowimportd drops expired rows "
                            "according to [retention] in its configuration",
                            verbs[i].name);
    config.read_only = !verbs[i].writes || call->options->dry_run;
    if (store_open(&store, &config, &call->pipeline->schema, &error) != STORE_OK) return failed(&error);
    int code = EXIT_FAILED;
    if (store_is_head(store))
        command_fail(code, "%s: the store is a reading head; run flowimport retention on each of its stores",
                     store_name(store));
    else
        code = verbs[i].run(call, store);
    store_close(store);
    return code;
}
