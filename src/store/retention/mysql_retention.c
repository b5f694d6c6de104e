/* The procedures and the event inside MySQL or MariaDB: made, removed and run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/retention/retention.h"

static const char event_name[] = "flowimport_retention";
static const char default_definer[] = "'flowimport_retention'@'localhost'";

/* --- statements of the file --- */

/* The next statement, without its delimiter, or NULL. Lines of comment before it and DELIMITER are passed over. */
static char *statement_next(const char **at, char delimiter[8]) {
    struct buffer sql = BUFFER_INIT;
    while (**at) {
        const char *line = *at;
        size_t len = strcspn(line, "\n"), end = strlen(delimiter);
        *at += len + (line[len] == '\n');
        if (sscanf(line, "DELIMITER %7s", delimiter) == 1) continue;
        if (sql.len == 0 && (len == 0 || strncmp(line, "--", 2) == 0)) continue;
        bool last = len >= end && strncmp(line + len - end, delimiter, end) == 0;
        buffer_add(&sql, line, last ? len - end : len);
        if (last) return sql.data;
        buffer_add_text(&sql, "\n");
    }
    buffer_release(&sql);
    return NULL;
}

/* "user@host" as SQL has it; the host is what stands behind the last '@'. */
static void definer_quote(const char *definer, struct buffer *out) {
    const char *host = strrchr(definer, '@');
    size_t len = host ? (size_t)(host - definer) : strlen(definer);
    const char *parts[] = {definer, host ? host + 1 : "%"};
    size_t lengths[] = {len, strlen(parts[1])};
    for (unsigned i = 0; i < 2; i++) {
        buffer_add_text(out, i ? "@'" : "'");
        for (size_t j = 0; j < lengths[i]; j++)
            buffer_printf(out, parts[i][j] == '\'' ? "''" : "%c", parts[i][j]);
        buffer_add_text(out, "'");
    }
}

static void definer_replace(const char *sql, const char *quoted, struct buffer *out) {
    const char *at;
    for (; (at = strstr(sql, default_definer)); sql = at + strlen(default_definer)) {
        buffer_add(out, sql, (size_t)(at - sql));
        buffer_add_text(out, quoted);
    }
    buffer_add_text(out, sql);
}

/* --- what is there --- */

struct found { /* a routine or the event; NULL where it isn't there or can't be seen */
    char *body, *definer, *status;
};

static void found_release(struct found *found) {
    free(found->body);
    free(found->definer);
    free(found->status);
}

static int found_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct found *found = context;
    (void)n, (void)lengths;
    found->body = mem_strdup(columns[0] ? columns[0] : "");
    found->definer = mem_strdup(columns[1] ? columns[1] : "");
    found->status = mem_strdup(columns[2] ? columns[2] : "");
    return 1;
}

static enum store_status routine_find(struct store *store, const char *name, struct found *found, struct error *error) {
    const struct store_param param = store_text(name);
    *found = (struct found){0};
    return store_query(store,
                       "SELECT routine_definition, definer, '' FROM information_schema.routines "
                       "WHERE routine_schema = DATABASE() AND routine_name = ?",
                       &param, 1, found_read, found, error);
}

static enum store_status event_find(struct store *store, struct found *found, struct error *error) {
    const struct store_param param = store_text(event_name);
    *found = (struct found){0};
    return store_query(store,
                       "SELECT event_definition, definer, status FROM information_schema.events "
                       "WHERE event_schema = DATABASE() AND event_name = ?",
                       &param, 1, found_read, found, error);
}

/* --- making and removing --- */

static enum store_status run_named(struct store *store, const char *words, const char *name, struct error *error) {
    char sql[160];
    snprintf(sql, sizeof sql, "%s %s", words, name);
    return store_query(store, sql, NULL, 0, NULL, NULL, error);
}

/* CREATE ... PROCEDURE name ... BEGIN ... END: where there is none with this body and this definer. */
static enum store_status routine_make(struct store *store, const char *sql, const char *definer, bool *changed,
                                      struct error *error) {
    const char *begin = strstr(sql, "\nBEGIN");
    const char *word = strstr(sql, "PROCEDURE ");
    char name[65];
    struct found found;
    if (!begin || !word || sscanf(word, "PROCEDURE %64s", name) != 1) abort(); /* the file is ours */
    enum store_status status = routine_find(store, name, &found, error);
    bool same = found.body && strcmp(found.body, begin + 1) == 0 && strcmp(found.definer, definer) == 0;
    if (status == STORE_OK && found.body && !same) status = run_named(store, "DROP PROCEDURE", name, error);
    if (status == STORE_OK && !same) status = store_query(store, sql, NULL, 0, NULL, NULL, error);
    *changed |= !same;
    found_release(&found);
    return status;
}

static int value_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    (void)lengths;
    *(bool *)context = n > 1 && columns[1] && strcmp(columns[1], "ON") == 0;
    return 1;
}

bool retention_on_galera(struct store *store) {
    bool is_on = false;
    struct error ignored;
    return store_query(store, "SHOW VARIABLES LIKE 'wsrep_on'", NULL, 0, value_read, &is_on, &ignored) == STORE_OK &&
           is_on;
}

static enum store_status event_make(struct store *store, const char *sql, const char *definer, const char *quoted,
                                    bool *changed, struct error *error) {
    const char *body = strstr(sql, "DO CALL");
    struct found found;
    if (!body) abort(); /* the file is ours */
    enum store_status status = event_find(store, &found, error);
    bool same = found.body && strcmp(found.body, body + strlen("DO ")) == 0 && strcmp(found.definer, definer) == 0;
    bool enabled = found.status && strcmp(found.status, "DISABLED") != 0; /* a replica's stays as it is */
    if (enabled && strcmp(found.status, "ENABLED") != 0)
        enabled = !retention_on_galera(store); /* this node runs it from now on */
    if (status == STORE_OK && found.body && !same) status = run_named(store, "DROP EVENT", event_name, error);
    if (status == STORE_OK && !same) status = store_query(store, sql, NULL, 0, NULL, NULL, error);
    if (status == STORE_OK && same && !enabled) {
        char enable[256];
        snprintf(enable, sizeof enable, "ALTER DEFINER = %s EVENT %s ENABLE", quoted, event_name);
        status = store_query(store, enable, NULL, 0, NULL, NULL, error);
    }
    *changed |= !same || !enabled;
    found_release(&found);
    return status;
}

static int text_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct buffer *out = context;
    (void)n, (void)lengths;
    buffer_add_text(out, columns[0] ? columns[0] : "");
    return 1;
}

/* After an error for lack of a privilege: the lines that fix it. */
static void privilege_hint(struct store *store, const char *definer, struct error *error) {
    static const char *const codes[] = {"(error 1044)", "(error 1142)", "(error 1227)", "(error 1370)"};
    struct buffer database = BUFFER_INIT, user = BUFFER_INIT, quoted = BUFFER_INIT;
    struct buffer version = BUFFER_INIT;
    struct error ignored, reason = *error;
    bool wanting = false, other = strstr(error->text, "(error 1227)") != NULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        wanting |= strstr(error->text, codes[i]) != NULL;
    if (!wanting || store_query(store, "SELECT DATABASE()", NULL, 0, text_read, &database, &ignored) != STORE_OK ||
        store_query(store, "SELECT CURRENT_USER()", NULL, 0, text_read, &user, &ignored) != STORE_OK ||
        store_query(store, "SELECT VERSION()", NULL, 0, text_read, &version, &ignored) != STORE_OK)
        goto out;
    definer_quote(user.data, &quoted);
    if (other)
        error_set(error, "%s; the definer '%s' requires another privilege: GRANT %s ON *.* TO %s, or --definer %s",
                  reason.text, definer,
                  strstr(version.data, "MariaDB") ? "SET USER" : "SET_ANY_DEFINER (before MySQL 8.2 SET_USER_ID)",
                  quoted.data, user.data);
    else
        error_set(error,
                  "%s; the account requires: GRANT EVENT, EXECUTE, CREATE ROUTINE, ALTER ROUTINE, CREATE, CREATE VIEW, "
                  "SELECT, INSERT, UPDATE, DELETE ON `%s`.* TO %s",
                  reason.text, database.data, quoted.data);
out:
    buffer_release(&database);
    buffer_release(&user);
    buffer_release(&quoted);
    buffer_release(&version);
}

enum store_status retention_install(struct store *store, const char *definer, bool *changed, struct error *error) {
    struct buffer quoted = BUFFER_INIT;
    char delimiter[8] = ";";
    const char *at = retention_sql;
    enum store_status status = STORE_OK;
    *changed = false;
    definer_quote(definer, &quoted);
    for (char *statement; status == STORE_OK && (statement = statement_next(&at, delimiter)); free(statement)) {
        struct buffer sql = BUFFER_INIT;
        definer_replace(statement, quoted.data, &sql);
        if (strstr(sql.data, " EVENT IF NOT EXISTS "))
            status = event_make(store, sql.data, definer, quoted.data, changed, error);
        else if (strncmp(sql.data, "CREATE ", 7) == 0)
            status = routine_make(store, sql.data, definer, changed, error);
        buffer_release(&sql);
    }
    if (status != STORE_OK) privilege_hint(store, definer, error);
    buffer_release(&quoted);
    return status;
}

static int name_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct buffer *out = context;
    (void)n, (void)lengths;
    buffer_printf(out, "%s\n", columns[0]);
    return 0;
}

enum store_status retention_remove(struct store *store, bool *changed, struct error *error) {
    struct buffer names = BUFFER_INIT;
    struct found event;
    enum store_status status = event_find(store, &event, error);
    if (status == STORE_OK && event.body) status = run_named(store, "DROP EVENT", event_name, error);
    *changed = event.body != NULL;
    found_release(&event);
    if (status == STORE_OK)
        status = store_query(store,
                             "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() "
                             "AND routine_name LIKE 'flowimport%retention%'",
                             NULL, 0, name_read, &names, error);
    for (char *line = names.data; line && *line && status == STORE_OK;) {
        size_t len = strcspn(line, "\n");
        line[len] = '\0';
        status = run_named(store, "DROP PROCEDURE", line, error);
        *changed = true;
        line += len + 1;
    }
    buffer_release(&names);
    return status;
}

enum store_status retention_run(struct store *store, int64_t now, struct error *error) {
    const struct store_param param = store_integer(now);
    struct found found;
    enum store_status status = routine_find(store, "flowimport_retention_run", &found, error);
    if (status == STORE_OK && !found.definer) {
        error_set(error, "%s: procedure flowimport_retention_run not found: run flowimport retention install",
                  store_name(store));
        status = STORE_REFUSED;
    }
    if (status == STORE_OK)
        status = store_query(store, "CALL flowimport_retention_run(?)", &param, 1, NULL, NULL, error);
    found_release(&found);
    return status;
}
