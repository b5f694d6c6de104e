/* The accounts of a MySQL or MariaDB server, each with what it needs and no more. */
#ifndef FLOWIMPORT_STORE_GRANTS_H
#define FLOWIMPORT_STORE_GRANTS_H

#include "base/buffer.h"
#include "store/schema.h"

/* flowimport writes; flowimport_retention is the definer of the event and logs in nowhere; flowimport_reader looks:
 * status, verify, top, the page. The tables must be there (an importer may make them itself where it may CREATE and
 * CREATE VIEW). */
enum grant_account { GRANT_IMPORTER, GRANT_RETENTION, GRANT_READER, GRANT_ACCOUNTS };

struct grant {
    const char *privileges; /* "SELECT, INSERT" */
    const char *object;     /* a table's name, or "*" */
};
/* The account's grant number `n`, or false behind the last. */
bool grant_at(const struct schema *schema, enum grant_account account, unsigned n, struct grant *grant);
/* sql/grants.sql: the accounts, locked or unable to log in until a person gives them a password, and their grants. */
void grants_print(const struct schema *schema, const char *database, struct buffer *out);

#endif
