/* Who may do what: one table of grants, printed as SQL and asked by `flowimport retention status`. */
#include "store/grants.h"

static const char *const account_names[GRANT_ACCOUNTS] = {
    [GRANT_IMPORTER] = "'flowimport'@'localhost'",
    [GRANT_RETENTION] = "'flowimport_retention'@'localhost'",
    [GRANT_READER] = "'flowimport_reader'@'localhost'",
};

static const char *const account_words[GRANT_ACCOUNTS] = {
    [GRANT_IMPORTER] = "writes rows, and creates missing day partitions",
    [GRANT_RETENTION] = "the definer of the event: empties and creates partitions, writes the log; never logs in",
    [GRANT_READER] = "reads: status, verify, top",
};

/* Of the retention account: DROP is what emptying a partition takes, DELETE what emptying part of a common one does,
 * INSERT what measuring one does. */
static const struct grant fixed_grants[GRANT_ACCOUNTS][7] = {
    [GRANT_IMPORTER] = {{"SELECT, INSERT, UPDATE, ALTER", "*"}},
    [GRANT_RETENTION] = {{"EVENT, EXECUTE", "*"},
                         {"SELECT", "flowimport_retention"},
                         {"SELECT, INSERT, UPDATE, DELETE", "flowimport_retention_log"},
                         {"SELECT, INSERT, UPDATE", "flowimport_schema"},
                         {"SELECT, DELETE", "loss"},
                         {"SELECT", "import_ledger"}},
    [GRANT_READER] = {{"SELECT", "*"}},
};

bool grant_at(const struct schema *schema, enum grant_account account, unsigned n, struct grant *grant) {
    for (unsigned i = 0; fixed_grants[account][i].object; i++)
        if (n-- == 0) {
            *grant = fixed_grants[account][i];
            return true;
        }
    for (unsigned i = 0; i < schema->n_tables && account == GRANT_RETENTION; i++)
        if (n-- == 0) {
            /* The size of the all-time tables counts too: any privilege makes it visible. */
            bool by_day = schema->tables[i].bucket_size > 0;
            *grant = (struct grant){by_day ? "SELECT, INSERT, DELETE, ALTER, DROP" : "SELECT", schema->tables[i].data};
            return true;
        }
    return false;
}

void grants_print(const struct schema *schema, const char *database, struct buffer *out) {
    struct grant grant;
    buffer_printf(
        out, "-- The accounts of a MySQL or MariaDB server with the privileges they require; run after schema.sql, "
             "before retention.sql.\n"
             "-- Set a password before the first login; replace localhost by the importer's and the reader's host:\n"
             "--   ALTER USER 'flowimport'@'localhost' IDENTIFIED BY '...' ACCOUNT UNLOCK;\n");
    for (unsigned account = 0; account < GRANT_ACCOUNTS; account++) {
        buffer_printf(out, "\n-- %s\nCREATE USER IF NOT EXISTS %s ACCOUNT LOCK;\n", account_words[account],
                      account_names[account]);
        for (unsigned n = 0; grant_at(schema, (enum grant_account)account, n, &grant); n++)
            buffer_printf(out, "GRANT %s ON `%s`.%s TO %s;\n", grant.privileges, database, grant.object,
                          account_names[account]);
    }
}
