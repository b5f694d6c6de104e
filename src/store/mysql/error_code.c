/* What MySQL's and MariaDB's errors mean: which are worth another try, and which end the connection. */
#include "store/mysql/error_code.h"

#include <string.h>

/* What an error means, where its SQL state doesn't say so. Not in the table, and not of the states below: refused. */
static const struct {
    unsigned code;
    enum store_status status;
} codes[] = {
    {1020, STORE_RETRY},   /* record has changed since it was read */
    {1021, STORE_RETRY},   /* disk full */
    {1026, STORE_RETRY},   /* error writing file */
    {1030, STORE_RETRY},   /* got error N from storage engine: a full or failing disk mostly */
    {1037, STORE_RETRY},   /* out of memory */
    {1038, STORE_RETRY},   /* out of sort memory */
    {1040, STORE_RETRY},   /* too many connections */
    {1041, STORE_RETRY},   /* out of resources */
    {1044, STORE_REFUSED}, /* access denied to the database */
    {1045, STORE_REFUSED}, /* access denied: wrong user or password */
    {1047, STORE_RETRY},   /* a Galera node that isn't ready */
    {1053, STORE_RETRY},   /* server shutdown in progress */
    {1062, STORE_TAKEN},   /* duplicate key */
    {1077, STORE_RETRY},   /* normal shutdown */
    {1079, STORE_RETRY},   /* shutdown complete */
    {1080, STORE_RETRY},   /* forcing close of the thread */
    {1105, STORE_RETRY},   /* unknown error: TiDB's and Vitess's for what passes */
    {1114, STORE_RETRY},   /* the table is full: the disk */
    {1152, STORE_RETRY},   /* aborted connection */
    {1158, STORE_RETRY},   /* reading, writing packets ... */
    {1159, STORE_RETRY},     {1160, STORE_RETRY}, {1161, STORE_RETRY}, {1180, STORE_RETRY}, /* got error N during COMMIT
                                                                                             */
    {1203, STORE_RETRY},                                                                    /* max_user_connections */
    {1197, STORE_TOO_LARGE}, /* the transaction exceeds max_binlog_cache_size */
    {1205, STORE_RETRY},     /* lock wait timeout */
    {1206, STORE_TOO_LARGE}, /* lock table full */
    {1213, STORE_RETRY},     /* deadlock */
    {1226, STORE_RETRY},     /* a resource limit of the user */
    {1290, STORE_RETRY},     /* --read-only: a failover under way, mostly */
    {1297, STORE_RETRY},     /* temporary error */
    {1317, STORE_RETRY},     /* the query was killed */
    {1412, STORE_RETRY},     /* table definition has changed */
    {1526, STORE_RETRY},     /* no partition for the value: somebody dropped it; it is made anew */
    {1534, STORE_TOO_LARGE}, /* a row into the binary log failed: MySQL's other word for 1197 */
    {1615, STORE_RETRY},     /* statement needs to be prepared again */
    {1698, STORE_REFUSED},   /* access denied, without a password */
    {1705, STORE_TOO_LARGE}, /* the statement exceeds max_binlog_stmt_cache_size */
    {1735, STORE_RETRY},     /* no such partition: another consumer has split it */
    {1792, STORE_RETRY},     /* read-only transaction */
    {1836, STORE_RETRY},     /* read-only mode */
    {1927, STORE_RETRY},     /* the connection was killed */
    {1969, STORE_RETRY},     /* max_statement_time */
    {3024, STORE_RETRY},     /* max_execution_time */
    {3100, STORE_TOO_LARGE}, /* group replication's hook: too large, where the server still takes writes */
    {3101, STORE_RETRY},     /* group replication: rolled back by certification */
    {3159, STORE_REFUSED},   /* TLS is required; MariaDB gives it the state of a lost connection */
    {3675, STORE_RETRY},     /* disk full, of a file to be made */
    {4031, STORE_RETRY},     /* disconnected for being idle */
    {8002, STORE_RETRY},     /* TiDB: write conflicts and regions on the move, to 9007 */
    {8022, STORE_RETRY},     {8028, STORE_RETRY}, {9001, STORE_RETRY}, {9002, STORE_RETRY},   {9003, STORE_RETRY},
    {9004, STORE_RETRY},     {9005, STORE_RETRY}, {9007, STORE_RETRY}, {2007, STORE_REFUSED}, /* the client library's:
                                                                                                 the server is of
                                                                                                 another protocol */
    {2020, STORE_RETRY},   /* packet larger than max_allowed_packet: it was lowered, the next connection asks for it */
    {2054, STORE_REFUSED}, /* character set unknown */
    {2061, STORE_REFUSED}, /* the password may not go over a connection without TLS */
    {2059, STORE_REFUSED}, /* authentication plugin can't be loaded */
};

/* Galera's has no code of its own: "Maximum writeset size exceeded" comes as an unknown error, or as error 90 of the
 * COMMIT. */
static bool is_writeset(unsigned code, const char *text) {
    return (code == 1105 && strcasestr(text, "writeset size")) || (code == 1180 && strstr(text, "error 90 "));
}

enum store_status mysql_status(unsigned code, const char *sqlstate, const char *text) {
    if (code == 0) return STORE_OK;
    if (is_writeset(code, text)) return STORE_TOO_LARGE;
    if (code == 1305 && strstr(text, "SAVEPOINT")) return STORE_RETRY; /* it is gone, and so is the transaction */
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code) return codes[i].status;
    if (code < 1000) return STORE_RETRY;                 /* the server's file layer: a full or failing disk */
    if (code >= 2000 && code < 3000) return STORE_RETRY; /* the client library's: no or no more connection */
    if (strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "08", 2) == 0)
        return STORE_RETRY; /* rolled back, connection */
    return STORE_REFUSED;
}

const char *mysql_size_variable(unsigned code, const char *text) {
    if (is_writeset(code, text)) return "wsrep_max_ws_size";
    switch (code) {
    case 1197:
    case 1534: return "max_binlog_cache_size";
    case 1206: return "innodb_buffer_pool_size";
    case 1705: return "max_binlog_stmt_cache_size";
    case 3100: return "group_replication_transaction_size_limit";
    default: return NULL;
    }
}

const char *mysql_remedy(unsigned code, const char *text) {
    switch (code) {
    case 1050: /* setup.c makes what is not listed: remains of a CREATE that was interrupted */
        return "the server was killed while it created the table; remove the remains: DROP TABLE";
    case 1142:
        if (strncmp(text, "CREATE", 6) == 0) return "run flowimport schema install as a user that may create tables";
        return strncmp(text, "ALTER", 5) == 0 || strncmp(text, "INSERT", 6) == 0 || strncmp(text, "UPDATE", 6) == 0
                   ? "GRANT SELECT, INSERT, UPDATE, ALTER on the database to this account"
                   : NULL;
    case 1932:
        return "the server was killed while it altered the table; restore the table from a backup, or DROP TABLE, "
               "which loses its rows, and run flowimport schema install";
    case 2061:
        return "switch TLS on in the server, or where the network is trusted add ?get-server-public-key=yes to the "
               "URL of the store";
    case 3159: return "set tls_required = yes in [store], or ?tls=required in the URL of the store";
    default: return NULL;
    }
}

void mysql_error_show(struct error *error, const char *what, unsigned code, const char *text) {
    const char *variable = mysql_size_variable(code, text), *remedy = mysql_remedy(code, text);
    if (variable)
        error_set(error, "%s: %s (error %u); the server's limit is %s", what, text, code, variable);
    else
        error_set(error, "%s: %s (error %u)%s%s", what, text, code, remedy ? "; fix: " : "", remedy ? remedy : "");
}

bool mysql_is_of_node(unsigned code) { return code == 1047 || code == 1290 || code == 1836; }

bool mysql_is_of_hook(unsigned code) { return code == 3100; }

bool mysql_is_denied(unsigned code) { return code == 1044 || code == 1142 || code == 1143 || code == 1227; }

bool mysql_is_lost(unsigned code) {
    return (code >= 2000 && code < 3000 && code != 2036) || code == 1053 || code == 1077 || code == 1079 ||
           code == 1080 || code == 1927 || code == 4031;
}
