/* flowimport schema install|upgrade|check|print: the tables, made, compared, and as SQL. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"
#include "tool/commands.h"
#include "tool/document.h"
#include "store/grants.h"
#include "store/retention/retention.h"
#include "store/upgrade.h"
#include "tool/head_stores.h"
#include "tool/progress.h"

static enum store_status open_as(const struct command_call *call, bool read_only, struct error *error) {
    struct store_config config = call->pipeline->importer.store;
    struct store *store = NULL;
    config.read_only = read_only;
    enum store_status status = store_open(&store, &config, &call->pipeline->schema, error);
    store_close(store);
    return status;
}

static int install(const struct command_call *call) {
    struct error error;
    bool complete = open_as(call, true, &error) == STORE_OK;
    /* For writing in any case: tables of an older version may be there to be rewritten. */
    if (open_as(call, false, &error) != STORE_OK) return command_fail(EXIT_FAILED, "%s", error.text);
    printf(complete ? "all tables match the configuration\n" : "tables created\n");
    return EXIT_DONE;
}

static int check(const struct command_call *call) {
    struct error error;
    struct document document = {.depth = 0};
    bool is_complete = open_as(call, true, &error) == STORE_OK;
    if (call->options->json) {
        document_object(&document, NULL);
        document_bool(&document, "complete", is_complete);
        document_text(&document, "error", is_complete ? NULL : error.text);
        document_close(&document);
    } else if (is_complete) {
        printf("all tables match the configuration\n");
    }
    return is_complete ? EXIT_DONE : command_fail(EXIT_FAILED, "%s", error.text);
}

/* The days of a roll-up are filled from the last to the first. */
static void day_show(void *context, const char *name, uint32_t day, unsigned left) {
    unsigned *days = context;
    char date[CLOCK_TEXT];
    if (*days == 0) *days = left + 1;
    progress_show(name, 1 - (double)left / *days, *days - left, "days", left == 0);
    if (left == 0) printf("%s: filled from %.10s on: %u days\n", name, clock_show(day, date), *days);
    fflush(stdout);
    if (left == 0) *days = 0;
}

static int upgrade(const struct command_call *call) {
    struct store_config config = call->pipeline->importer.store;
    struct upgrade_result result;
    struct store *store;
    struct error error;
    unsigned days = 0;
    config.upgrade = true;
    if (store_open(&store, &config, &call->pipeline->schema, &error) != STORE_OK)
        return command_fail(EXIT_FAILED, "%s", error.text);
    enum store_status status =
        upgrade_run(store, &call->pipeline->schema, clock_now(&clock_system), day_show, &days, &result, &error);
    store_close(store);
    if (status != STORE_OK)
        return command_fail(EXIT_FAILED, "%s; what is filled stays, and the next run continues", error.text);
    if (result.filled + result.dropped == 0) printf("all roll-ups match the configuration\n");
    if (result.filled > 0) printf("%u roll-up%s filled\n", result.filled, result.filled > 1 ? "s" : "");
    if (result.dropped > 0) printf("%u roll-up%s dropped\n", result.dropped, result.dropped > 1 ? "s" : "");
    return EXIT_DONE;
}

/* The database that a store's URL names. */
static void database_name(const char *store, char *name, size_t size) {
    struct url url;
    snprintf(name, size, "flows");
    if (url_parse(&url, store, NULL) != 0) return;
    if (url.path && url.path[0] && url.path[1]) snprintf(name, size, "%s", url.path + 1);
    url_release(&url);
}

static int print(const struct command_call *call, const char *part) {
    const char *store = call->config->store.url;
    bool is_mysql = strncmp(store, "mysql:", 6) == 0 || strncmp(store, "mariadb:", 8) == 0;
    struct buffer out = BUFFER_INIT;
    char database[65];
    int code = EXIT_DONE;
    database_name(store, database, sizeof database);
    if (call->options->stores && strcmp(part, "head") != 0)
        return command_fail(EXIT_USAGE, "--stores is of schema print head");
    if (strcmp(part, "tables") == 0) {
        schema_print(&call->pipeline->schema, is_mysql ? DIALECT_MYSQL : DIALECT_SQLITE, &out);
    } else if (!is_mysql) {
        return command_fail(EXIT_USAGE, "schema print %s: SQLite has no accounts, no events and no heads", part);
    } else if (strcmp(part, "retention") == 0) {
        buffer_add_text(&out, retention_sql);
    } else if (strcmp(part, "grants") == 0) {
        grants_print(&call->pipeline->schema, database, &out);
    } else if (strcmp(part, "head") == 0) {
        code = head_stores_print(call, database, &out);
    } else {
        return command_usage(call);
    }
    fwrite(out.data, 1, out.len, stdout);
    buffer_release(&out);
    return code;
}

int command_schema(const struct command_call *call) {
    const char *verb = call->n_operands > 0 ? call->operands[0] : "";
    if (strcmp(verb, "print") == 0 && call->n_operands <= 2)
        return print(call, call->n_operands == 2 ? call->operands[1] : "tables");
    if (strcmp(verb, "install") == 0 && call->n_operands == 1) return install(call);
    if (strcmp(verb, "upgrade") == 0 && call->n_operands == 1) return upgrade(call);
    if (strcmp(verb, "check") == 0 && call->n_operands == 1) return check(call);
    return command_usage(call);
}
