/* A reading head: a MariaDB database whose tables, under the names of ours, read those of several servers, each with
 * the tables of one importer or more. The flows are spread over these *stores*; no flow is counted in two of them.
 *
 * Each table is one of the engine Spider's, with a partition for each store, so that conditions, GROUP BY and SUM run
 * in the stores and their sums are added in the head. As every store has rows of its own, a key stands in a head's
 * table up to once a store: who reads adds up (SUM), as all queries here do. Nothing is written through a head;
 * store_open refuses to. */
#ifndef FLOWIMPORT_STORE_HEAD_H
#define FLOWIMPORT_STORE_HEAD_H

#include "base/buffer.h"
#include "store/schema.h"

enum { HEAD_STORES_MAX = 64 };

/* A server that has the tables of this schema; all borrowed. None may have quotes or backslashes: head_is_plain(). */
struct head_store {
    const char *host, *user, *database;
    const char *socket; /* NULL: TCP */
    int port;
};

/* Whether the text can stand between quotes as it is. */
bool head_is_plain(const char *text);
/* The statements that make the head in the database `name`, which is empty, with places for the passwords. They fail in
 * a database with tables of ours, before they change anything in it. */
void head_print(const struct schema *schema, const char *name, const struct head_store *stores, unsigned n,
                struct buffer *out);

#endif
