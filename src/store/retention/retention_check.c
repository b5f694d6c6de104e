/* What prevents retention: the traps of the event scheduler, each with the line that fixes it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/grants.h"
#include "store/retention/retention.h"
#include "store/store_ops.h"

static const char unfinished[] = "it was broken off"; /* as sql/retention.sql and retention.c begin a run's line */

enum {
    LATE = 2 * RETENTION_EVERY + 600, /* seconds since the last run */
    UNSEEN = 300,                     /* seconds that the event may have run before its line in the log */
    COLUMNS = 5,

};

struct check {
    struct store *store;
    const struct schema *schema;
    int64_t now;
    retention_problem_fn *report;
    void *context;
    struct error *error;
};

struct row { /* the first row of an answer; NULL columns are "" */
    bool found;
    char columns[COLUMNS][1200];
};

static int row_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct row *row = context;
    (void)lengths;
    row->found = true;
    for (unsigned i = 0; i < n && i < COLUMNS; i++)
        snprintf(row->columns[i], sizeof row->columns[i], "%s", columns[i] ? columns[i] : "");
    return 1;
}

static enum store_status row_ask(struct check *check, const char *sql, const struct store_param *params, unsigned n,
                                 struct row *row) {
    *row = (struct row){.found = false};
    return store_query(check->store, sql, params, n, row_read, row, check->error);
}

/* The same of what the account may not be allowed to ask: then there is no row. */
static void row_try(struct check *check, const char *sql, const struct store_param *params, unsigned n,
                    struct row *row) {
    struct error ignored;
    *row = (struct row){.found = false};
    if (store_query(check->store, sql, params, n, row_read, row, &ignored) != STORE_OK) row->found = false;
}

static void problem(struct check *check, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void problem(struct check *check, const char *remedy, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check->report(check->context, text, remedy);
}

/* The server
 * ------------------------------------------------------------------------------------------------------------------
 */

static enum store_status scheduler_check(struct check *check) {
    struct row row, origin;
    enum store_status status = row_ask(check, "SELECT @@GLOBAL.event_scheduler", NULL, 0, &row);
    if (status != STORE_OK) return status;
    if (strcmp(row.columns[0], "DISABLED") == 0) {
        problem(check, "set event_scheduler = ON under [mysqld] in the server's configuration, and restart the server",
                "the server was started with its event scheduler disabled: no event runs");
        return STORE_OK;
    }
    if (strcmp(row.columns[0], "ON") != 0) {
        problem(check,
                "SET GLOBAL event_scheduler = ON; and event_scheduler = ON under [mysqld] in the server's "
                "configuration, so that it stays on",
                "the server's event scheduler is off: no event runs");
        return STORE_OK;
    }
    row_try(check,
            "SELECT global_value_origin FROM information_schema.system_variables "
            "WHERE variable_name = 'EVENT_SCHEDULER'",
            NULL, 0,
            &origin); /* MariaDB, where it is off unless configured; MySQL, where it is on, has no such table */
    if (strcmp(origin.columns[0], "SQL") == 0)
        problem(check, "set event_scheduler = ON under [mysqld] in the server's configuration",
                "the server's event scheduler was switched on by hand: a restart turns it off again");
    return STORE_OK;
}

/* Which of the grants the account 'user'@'host' (quoted so) lacks. */
static enum store_status grants_check(struct check *check, const char *grantee, const char *definer) {
    static const char sql[] =
        "SELECT COUNT(DISTINCT privilege_type) FROM (SELECT privilege_type FROM information_schema.user_privileges "
        "WHERE grantee = ? UNION ALL SELECT privilege_type FROM information_schema.schema_privileges "
        "WHERE grantee = ? AND DATABASE() LIKE table_schema UNION ALL "
        "SELECT privilege_type FROM information_schema.table_privileges "
        "WHERE grantee = ? AND table_schema = DATABASE() AND table_name = ?) p WHERE FIND_IN_SET(privilege_type, ?)";
    enum store_status status = STORE_OK;
    struct grant grant;
    struct row row;
    for (unsigned n = 0; grant_at(check->schema, GRANT_RETENTION, n, &grant) && status == STORE_OK; n++) {
        char privileges[64] = "", remedy[1536];
        int wanted = 1;
        for (const char *at = grant.privileges; *at; at++) {
            wanted += *at == ',';
            if (*at != ' ')
                snprintf(privileges + strlen(privileges), sizeof privileges - strlen(privileges), "%c", *at);
        }
        const struct store_param params[] = {store_text(grantee), store_text(grantee), store_text(grantee),
                                             store_text(grant.object), store_text(privileges)};
        status = row_ask(check, sql, params, 5, &row);
        if (status != STORE_OK || atoi(row.columns[0]) == wanted) continue;
        snprintf(remedy, sizeof remedy, "GRANT %s ON %s TO %s", grant.privileges, grant.object, grantee);
        problem(check, remedy, "the definer of the event, %s, lacks required privileges on %s", definer, grant.object);
    }
    return status;
}

/* Only who may read the accounts can tell whether one is there. */
static enum store_status definer_check(struct check *check, const char *definer) {
    struct row seen, account, grantee;
    const char *host = strrchr(definer, '@');
    char user[160];
    snprintf(user, sizeof user, "%.*s", (int)(host ? host - definer : 0), definer);
    const struct store_param params[] = {store_text(user), store_text(host ? host + 1 : "")};
    enum store_status status = row_ask(check, "SELECT CONCAT(QUOTE(?), '@', QUOTE(?))", params, 2, &grantee);
    if (status != STORE_OK) return status;
    const struct store_param name = store_text(grantee.columns[0]);
    status = row_ask(check, "SELECT COUNT(DISTINCT grantee) FROM information_schema.user_privileges", NULL, 0, &seen);
    if (status == STORE_OK)
        status = row_ask(check, "SELECT 1 FROM information_schema.user_privileges WHERE grantee = ? LIMIT 1", &name, 1,
                         &account);
    if (status != STORE_OK) return status;
    if (account.found) return grants_check(check, grantee.columns[0], definer);
    if (atoi(seen.columns[0]) > 1) /* others' are shown, this one's are not */
        problem(check, "flowimport schema print grants | mariadb, or flowimport retention install --definer USER@HOST",
                "the definer of the event, the account %s, does not exist (any more): the event can't run", definer);
    return STORE_OK;
}

struct event_times { /* seconds since the event was last started, and since it was made; -1: unknown */
    int64_t ran, made;
};

static int64_t last_success(struct check *check) {
    struct row row;
    row_try(check, "SELECT MAX(run_at) FROM flowimport_retention_log WHERE what = 'run' AND COALESCE(error, '') = ''",
            NULL, 0, &row);
    return strtoll(row.columns[0], NULL, 10);
}

enum store_status retention_succeeded(struct store *store, int64_t *at, struct error *error) {
    struct check check = {.store = store, .error = error};
    *at = last_success(&check);
    return *at ? STORE_OK
               : store_query(store, "SELECT 1 FROM flowimport_retention_log LIMIT 1", NULL, 0, NULL, NULL, error);
}

/* A plain ALTER EVENT would make the account that runs it the definer. In a Galera cluster the node that created the
 * event runs it, and all others have it disabled. After a state transfer the first has what the others have. */
static void failover_problem(struct check *check, const char *definer) {
    const char *host = strrchr(definer, '@');
    char remedy[512];
    if (retention_on_galera(check->store)) {
        if (check->now - last_success(check) > LATE)
            problem(check, "flowimport retention install",
                    "the event flowimport_retention is disabled on this node of a Galera cluster, and no other node "
                    "runs it: a state transfer (SST) to the node that did has disabled it there, or that node is down");
        return;
    }
    snprintf(remedy, sizeof remedy, "after a failover: ALTER DEFINER = '%.*s'@'%s' EVENT flowimport_retention ENABLE",
             (int)(host ? host - definer : 0), definer, host ? host + 1 : "");
    problem(check, remedy,
            "the event flowimport_retention is disabled because this server is, or was, a replica: the source runs it");
}

static enum store_status event_check(struct check *check, struct event_times *times) {
    struct row row;
    enum store_status status =
        row_ask(check,
                "SELECT status, definer, TIMESTAMPDIFF(SECOND, last_executed, NOW()), "
                "TIMESTAMPDIFF(SECOND, created, NOW()), (SELECT definer FROM information_schema.routines "
                "WHERE routine_schema = DATABASE() AND routine_name = 'flowimport_retention_run') "
                "FROM information_schema.events "
                "WHERE event_schema = DATABASE() AND event_name = 'flowimport_retention'",
                NULL, 0, &row);
    if (status != STORE_OK) return status;
    if (!row.found) {
        problem(check, "flowimport retention install",
                "no event flowimport_retention is visible to this account: nothing is dropped");
        return STORE_OK;
    }
    if (row.columns[2][0]) times->ran = strtoll(row.columns[2], NULL, 10);
    times->made = strtoll(row.columns[3], NULL, 10);
    if (strcmp(row.columns[0], "DISABLED") == 0)
        problem(check, "flowimport retention install", "the event flowimport_retention is disabled");
    else if (strcmp(row.columns[0], "ENABLED") != 0)
        failover_problem(check, row.columns[1]);
    /* ALTER EVENT makes the account that runs it the definer. */
    if (strcmp(row.columns[1], row.columns[4]) != 0)
        problem(check, "flowimport retention install",
                "the event belongs to %s and the procedure it calls to %s: one of them was altered or removed",
                row.columns[1], row.columns[4][0] ? row.columns[4] : "nobody");
    return definer_check(check, row.columns[4][0] ? row.columns[4] : row.columns[1]);
}

/* The last run
 * ---------------------------------------------------------------------------------------------------------------- */

static int error_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct check *check = context;
    (void)n, (void)lengths;
    problem(check, "none if the next run succeeds", "%s: %s", columns[0], columns[1]);
    return 0;
}

/* *due: the first run, or one that has just begun, is still to be waited for. */
static enum store_status last_run_check(struct check *check, const struct event_times *event, bool *due) {
    struct row row;
    char date[CLOCK_TEXT];
    enum store_status status =
        row_ask(check,
                "SELECT run_at, error FROM flowimport_retention_log WHERE what = 'run' OR object = 'run' "
                "ORDER BY run_at DESC, number DESC LIMIT 1",
                NULL, 0, &row);
    if (status != STORE_OK) return status;
    int64_t at = row.found ? strtoll(row.columns[0], NULL, 10) : 0;
    *due = !row.found || (strcmp(row.columns[1], unfinished) == 0 && check->now - at < UNSEEN);
    if (*due && (row.found || (event->made >= 0 && event->made < UNSEEN))) return STORE_OK; /* it is under way */
    *due = false;
    if (event->ran >= UNSEEN && check->now - event->ran > at + UNSEEN) {
        problem(check, "see the server's error log, and the grants of the definer",
                "the event was started %" PRId64
                " s ago and left no line in flowimport_retention_log: its definer does not exist, or may not run it",
                event->ran);
    } else if (!row.found) {
        problem(check, "flowimport retention run", "retention has not run yet");
    } else if (check->now - at > LATE) {
        problem(check, "flowimport retention run", "the last run was at %s; it should run every hour",
                clock_show(at, date));
    }
    if (!row.found || !row.columns[1][0]) return STORE_OK;
    problem(check, "flowimport retention run", "the last run, at %s, failed: %s", clock_show(at, date), row.columns[1]);
    const struct store_param param = store_integer(at);
    return store_query(check->store,
                       "SELECT object, error FROM flowimport_retention_log WHERE run_at = ? AND what = 'error' AND "
                       "object <> 'run' ORDER BY number",
                       &param, 1, error_read, check, check->error);
}

static int ending_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct check *check = context;
    char date[CLOCK_TEXT];
    (void)n, (void)lengths;
    if (columns[2] && strcmp(columns[2], "0") != 0) {
        problem(check, "ALTER TABLE ... REORGANIZE PARTITION, or leave the partitions to the importer",
                "%s has a partition for all later days (MAXVALUE), which no run can drop", columns[0]);
        return 0;
    }
    int64_t end = columns[1] ? strtoll(columns[1], NULL, 10) : 0;
    if (end > check->now + DAY_SECONDS) return 0;
    problem(check, "flowimport retention run",
            "%s has partitions only until %s; the importer creates missing ones, which costs it time", columns[0],
            clock_show(end, date));
    return 0;
}

/* The first of the tables whose partitions end soon. */
static enum store_status partitions_check(struct check *check) {
    return store_query(
        check->store,
        "SELECT table_name, MAX(CAST(partition_description AS UNSIGNED)) AS ending, "
        "SUM(partition_description = 'MAXVALUE') AS beyond FROM information_schema.partitions "
        "WHERE table_schema = DATABASE() AND table_name REGEXP '_[0-9]+_data$' AND "
        "partition_name IS NOT NULL GROUP BY table_name ORDER BY beyond DESC, ending, table_name LIMIT 1",
        NULL, 0, ending_read, check, check->error);
}

static enum store_status rules_check(struct check *check, const struct retention_rules *configured) {
    struct retention_rules rules;
    enum store_status status = retention_rules_read(check->store, &rules, check->error);
    if (status != STORE_OK || retention_rules_equal(&rules, configured) || retention_is_off(configured)) return status;
    struct buffer installed = BUFFER_INIT, wanted = BUFFER_INIT;
    retention_rules_show(&rules, &installed);
    retention_rules_show(configured, &wanted);
    bool is_mysql = store_dialect(check->store) == DIALECT_MYSQL;
    problem(check, is_mysql ? "flowimport retention install" : "flowimportd applies it with its next run",
            "installed: %s; configured: %s", installed.data, wanted.data);
    buffer_release(&installed);
    buffer_release(&wanted);
    return STORE_OK;
}

enum store_status retention_check(struct store *store, const struct schema *schema,
                                  const struct retention_rules *configured, int64_t now, retention_problem_fn *report,
                                  void *context, struct error *error) {
    struct check check = {store, schema, now, report, context, error};
    bool is_mysql = store_dialect(store) == DIALECT_MYSQL;
    struct event_times event = {-1, -1};
    bool due = false;
    enum store_status status = STORE_OK;
    if (is_mysql) status = scheduler_check(&check);
    if (is_mysql && status == STORE_OK) status = event_check(&check, &event);
    if (status == STORE_OK && (is_mysql || !retention_is_off(configured)))
        status = last_run_check(&check, &event, &due);
    if (is_mysql && status == STORE_OK && !due) status = partitions_check(&check);
    if (status == STORE_OK) status = rules_check(&check, configured);
    return status;
}
